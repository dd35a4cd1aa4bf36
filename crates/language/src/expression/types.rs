//! Type-checks the syntax tree of an expression: declared names, known fields and functions, matching types.

use cel::common::ast::{CallExpr, Expr, LiteralValue, SelectExpr, operators};
use std::fmt;

use super::{KnownNames, Reads};
use crate::problem::nearest;
use crate::value::Shape;

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A boolean.
    Boolean,
    /// A whole number.
    Integer,
    /// A string.
    Text,
    /// An amount with its currency.
    Money,
    /// A point in time; a date stands for the start of its day in UTC.
    Time,
    /// A duration.
    Span,
    /// Null; equal to a missing value.
    Null,
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Boolean => "a boolean",
            Self::Integer => "a whole number",
            Self::Text => "a string",
            Self::Money => "money",
            Self::Time => "a time",
            Self::Span => "a span of time",
            Self::Null => "null",
        })
    }
}

impl From<Shape> for Type {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Text => Self::Text,
            Shape::Integer => Self::Integer,
            Shape::Date | Shape::Instant => Self::Time,
            Shape::Truth => Self::Boolean,
            Shape::Money => Self::Money,
        }
    }
}

const NAMES: &str = "it knows ctx, input, visits, actor.role, actor.staff and now";
const FUNCTIONS: &str =
    "it knows size, contains, startsWith, endsWith, int, string, timestamp and duration";

/// Returns the type of an expression and records what it reads.
pub(super) fn check(
    node: &cel::IdedExpr,
    known: KnownNames<'_>,
    reads: &mut Reads,
    depth: usize,
) -> Result<Type, String> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err("the expression is nested too deep".to_owned());
    };
    match &node.expr {
        Expr::Literal(literal) => literal_type(literal),
        Expr::Ident(name) if name == "now" => {
            reads.now = true;
            Ok(Type::Time)
        }
        Expr::Ident(name) => Err(format!("there is no `{name}`: {}", names(known))),
        Expr::Select(select) if select.test => Err(no_macros()),
        Expr::Select(select) => field(select, known, reads, depth),
        Expr::Call(call) => call_type(call, known, reads, depth),
        Expr::Comprehension(_) => Err(no_macros()),
        Expr::List(_) => Err("a list may only stand on the right of `in`".to_owned()),
        Expr::Map(_) | Expr::Struct(_) => Err("there are no objects in expressions".to_owned()),
        Expr::Unspecified => Err("this is not an expression".to_owned()),
    }
}

fn no_macros() -> String {
    "macros are not available; write `ctx.x != null` for `has(ctx.x)`".to_owned()
}

fn literal_type(literal: &LiteralValue) -> Result<Type, String> {
    match literal {
        LiteralValue::Boolean(_) => Ok(Type::Boolean),
        LiteralValue::Int(_) => Ok(Type::Integer),
        LiteralValue::String(_) => Ok(Type::Text),
        LiteralValue::Null => Ok(Type::Null),
        LiteralValue::Double(_) => {
            Err("there are no decimal numbers; amounts are in the smallest unit".to_owned())
        }
        LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
            Err("only booleans, whole numbers, strings and null may be written out".to_owned())
        }
    }
}

/// `ctx.x`, `input.x`, `visits.x`, `actor.role`, and the `amount` and `currency` of money.
fn field(
    select: &SelectExpr,
    known: KnownNames<'_>,
    reads: &mut Reads,
    depth: usize,
) -> Result<Type, String> {
    let name = select.field.as_str();
    if let Expr::Ident(root) = &select.operand.expr {
        if !known.roots.is_empty() {
            return root_field(root, name, known, reads);
        }
        match root.as_str() {
            "ctx" => return context_field(name, known, reads),
            "input" => return input_field(name, known, reads),
            "visits" => return visited(name, known, reads),
            "actor" => {
                reads.actor = true;
                return match name {
                    "role" => Ok(Type::Text),
                    "staff" => Ok(Type::Boolean),
                    other => Err(format!("there is no `actor.{other}`: {NAMES}")),
                };
            }
            _ => {}
        }
    }
    match (check(&select.operand, known, reads, depth)?, name) {
        (Type::Money, "amount") => Ok(Type::Integer),
        (Type::Money, "currency") => Ok(Type::Text),
        (Type::Money, other) => Err(format!(
            "money has no `{other}`, only `amount` and `currency`"
        )),
        (kind, other) => Err(format!("{kind} has no field `{other}`")),
    }
}

/// What an expression may name, for messages.
fn names(known: KnownNames<'_>) -> String {
    if known.roots.is_empty() {
        return NAMES.to_owned();
    }
    let roots = known.roots.iter().map(|root| root.name.as_str());
    let roots: Vec<&str> = roots.collect();
    format!("it knows {} and now", roots.join(", "))
}

fn root_field(
    root: &str,
    name: &str,
    known: KnownNames<'_>,
    reads: &mut Reads,
) -> Result<Type, String> {
    let found = known.roots.iter().find(|known| known.name == root);
    let found = found.ok_or_else(|| format!("there is no `{root}`: {}", names(known)))?;
    let shape = found.fields.get(name).copied();
    let shape =
        shape.ok_or_else(|| unknown(root, name, found.fields.keys().map(String::as_str)))?;
    note(&mut reads.roots, (root.to_owned(), name.to_owned(), shape));
    Ok(shape.into())
}

fn unknown<'a>(of: &str, name: &str, names: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, names) {
        Some(near) => format!("there is no `{of}.{name}`; did you mean `{of}.{near}`?"),
        None => format!("there is no `{of}.{name}`"),
    }
}

fn context_field(name: &str, known: KnownNames<'_>, reads: &mut Reads) -> Result<Type, String> {
    let names = || known.context.keys().map(String::as_str);
    let found = known.context.get(name);
    let shape = found
        .ok_or_else(|| unknown("ctx", name, names()))?
        .kind
        .shape();
    note(&mut reads.context, (name.to_owned(), shape));
    Ok(shape.into())
}

fn input_field(name: &str, known: KnownNames<'_>, reads: &mut Reads) -> Result<Type, String> {
    let names = || known.fields.iter().map(|field| field.name.as_str());
    let found = known.fields.iter().find(|field| field.name == name);
    let found = found.ok_or_else(|| unknown("input", name, names()))?;
    let shape = Shape::from(found.kind);
    note(&mut reads.input, (name.to_owned(), shape));
    Ok(shape.into())
}

fn visited(name: &str, known: KnownNames<'_>, reads: &mut Reads) -> Result<Type, String> {
    if !known.states.contains(name) {
        let names = known.states.iter().map(String::as_str);
        return Err(unknown("visits", name, names));
    }
    note(&mut reads.visits, name.to_owned());
    Ok(Type::Integer)
}

fn note<T: PartialEq>(list: &mut Vec<T>, entry: T) {
    if !list.contains(&entry) {
        list.push(entry);
    }
}

fn call_type(
    call: &CallExpr,
    known: KnownNames<'_>,
    reads: &mut Reads,
    depth: usize,
) -> Result<Type, String> {
    let name = call.func_name.as_str();
    if name == operators::IN {
        return membership(call, known, reads, depth);
    }
    let operands = call.target.as_deref().into_iter().chain(&call.args);
    let operands: Vec<Type> = operands
        .map(|operand| check(operand, known, reads, depth))
        .collect::<Result<_, _>>()?;
    if let Some(symbol) = symbol(name) {
        let fits = operator_type(name, &operands);
        return fits.ok_or_else(|| {
            let help = money_help(&operands);
            format!("`{symbol}` does not go with {}{help}", listed(&operands))
        });
    }
    let fits = function_type(name, call.target.is_some(), &operands);
    fits.ok_or_else(|| match FUNCTIONS.contains(&format!(" {name}")) {
        true => format!("`{name}` does not go with {}", listed(&operands)),
        false if ["has", "all", "exists", "exists_one", "map", "filter"].contains(&name) => {
            no_macros()
        }
        false => format!("there is no function `{name}`: {FUNCTIONS}"),
    })
}

/// The help for expressions that compute with money.
fn money_help(operands: &[Type]) -> &'static str {
    if operands.contains(&Type::Money) {
        "; compute with `.amount`, which is a whole number of the smallest unit"
    } else {
        ""
    }
}

fn listed(types: &[Type]) -> String {
    let names: Vec<String> = types.iter().map(Type::to_string).collect();
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(" and ")
    }
}

/// `x in [a, b]`.
fn membership(
    call: &CallExpr,
    known: KnownNames<'_>,
    reads: &mut Reads,
    depth: usize,
) -> Result<Type, String> {
    let [left, right] = call.args.as_slice() else {
        return Err("`in` needs a value and a list".to_owned());
    };
    let Expr::List(list) = &right.expr else {
        return Err("on the right of `in` must be a list: `x in ['a', 'b']`".to_owned());
    };
    if list.elements.is_empty() || !list.optional_indices.is_empty() {
        return Err("on the right of `in` must be a plain list with something in it".to_owned());
    }
    let kind = check(left, known, reads, depth)?;
    for element in &list.elements {
        let found = check(element, known, reads, depth)?;
        if found != kind {
            return Err(format!(
                "{found} is in a list in which {kind} is looked for"
            ));
        }
    }
    Ok(Type::Boolean)
}

fn symbol(name: &str) -> Option<&str> {
    match name {
        operators::CONDITIONAL => Some("? :"),
        operators::INDEX | operators::OPT_INDEX => Some("[ ]"),
        operators::OPT_SELECT => Some(".?"),
        operators::NEGATE => Some("-"),
        operators::LOGICAL_NOT => Some("!"),
        operators::LOGICAL_AND => Some("&&"),
        operators::LOGICAL_OR => Some("||"),
        operators::EQUALS => Some("=="),
        operators::NOT_EQUALS => Some("!="),
        operators::LESS => Some("<"),
        operators::LESS_EQUALS => Some("<="),
        operators::GREATER => Some(">"),
        operators::GREATER_EQUALS => Some(">="),
        operators::ADD => Some("+"),
        operators::SUBSTRACT => Some("-"),
        operators::MULTIPLY => Some("*"),
        operators::DIVIDE => Some("/"),
        operators::MODULO => Some("%"),
        _ => None,
    }
}

fn operator_type(name: &str, operands: &[Type]) -> Option<Type> {
    use Type::{Boolean, Integer, Money, Null, Span, Text, Time};
    match (name, operands) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [Boolean, Boolean]) => Some(Boolean),
        (operators::LOGICAL_NOT, [Boolean]) => Some(Boolean),
        (operators::NEGATE, [Integer]) => Some(Integer),
        (operators::CONDITIONAL, [Boolean, one, other]) if one == other => Some(*one),
        (operators::CONDITIONAL, [Boolean, Null, other]) => Some(*other),
        (operators::CONDITIONAL, [Boolean, one, Null]) => Some(*one),
        (operators::EQUALS | operators::NOT_EQUALS, [one, other]) => {
            (one == other || *one == Null || *other == Null).then_some(Boolean)
        }
        (
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            [one, other],
        ) => (one == other && !matches!(one, Money | Null | Boolean)).then_some(Boolean),
        (operators::ADD, [Text, Text]) => Some(Text),
        (operators::ADD, [Time, Span] | [Span, Time]) => Some(Time),
        (operators::ADD | operators::SUBSTRACT, [Span, Span]) => Some(Span),
        (operators::SUBSTRACT, [Time, Time]) => Some(Span),
        (operators::SUBSTRACT, [Time, Span]) => Some(Time),
        (
            operators::ADD
            | operators::SUBSTRACT
            | operators::MULTIPLY
            | operators::DIVIDE
            | operators::MODULO,
            [Integer, Integer],
        ) => Some(Integer),
        _ => None,
    }
}

fn function_type(name: &str, member: bool, operands: &[Type]) -> Option<Type> {
    match (name, member, operands) {
        ("size", _, [Type::Text]) => Some(Type::Integer),
        ("contains" | "startsWith" | "endsWith", true, [Type::Text, Type::Text]) => {
            Some(Type::Boolean)
        }
        ("int", false, [Type::Text]) => Some(Type::Integer),
        ("string", false, [Type::Integer | Type::Text | Type::Boolean | Type::Time]) => {
            Some(Type::Text)
        }
        ("timestamp", false, [Type::Text]) => Some(Type::Time),
        ("duration", false, [Type::Text]) => Some(Type::Span),
        _ => None,
    }
}
