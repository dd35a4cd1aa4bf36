//! Analyses which values an expression needs, from its syntax alone.

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use std::collections::BTreeSet;

use super::Expression;

/// Names of values that are certainly present: `ctx.x`, `input.x`.
pub type Present = BTreeSet<String>;

/// The analysis of a part of an expression.
#[derive(Default)]
struct Analysis {
    /// A value that may be missing where it is needed, so that the whole cannot be computed.
    missing: Option<String>,
    /// A value because of which this part may be null.
    null: Option<String>,
}

impl Expression {
    /// A value that may be missing and without which this cannot be computed.
    pub fn missing(&self, present: &Present) -> Option<String> {
        look(&self.tree, present).missing
    }

    /// A value because of which the result may be null.
    pub fn null_by(&self, present: &Present) -> Option<String> {
        look(&self.tree, present).null
    }

    /// The values that are certainly present once this was computed.
    pub fn needs(&self) -> Present {
        needed(&self.tree)
    }

    /// The values that are certainly present once this was computed and is not null.
    pub fn needs_as_value(&self) -> Present {
        needed_for_value(&self.tree)
    }

    /// The values that are certainly present if this condition holds.
    pub fn implies(&self) -> Present {
        implied(&self.tree, true)
    }
}

fn look(node: &cel::IdedExpr, present: &Present) -> Analysis {
    if let Some(name) = value_name(node) {
        let null = (!present.contains(&name)).then_some(name);
        return Analysis {
            missing: None,
            null,
        };
    }
    match &node.expr {
        Expr::Literal(LiteralValue::Null) => Analysis {
            missing: None,
            null: Some("null".to_owned()),
        },
        Expr::Select(select) => {
            let of = look(&select.operand, present);
            Analysis {
                missing: of.missing.or(of.null),
                null: None,
            }
        }
        Expr::List(list) => strict(list.elements.iter(), present),
        Expr::Call(call) => look_at_call(call, present),
        _ => Analysis::default(),
    }
}

fn look_at_call(call: &CallExpr, present: &Present) -> Analysis {
    let with = |more: Present| present.union(&more).cloned().collect::<Present>();
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, [left, right]) => {
            both(left, right, present, &with(implied(left, true)))
        }
        (operators::LOGICAL_OR, [left, right]) => {
            both(left, right, present, &with(implied(left, false)))
        }
        (operators::CONDITIONAL, [condition, one, other]) => {
            let decided = look(condition, present);
            let one = look(one, &with(implied(condition, true)));
            let other = look(other, &with(implied(condition, false)));
            Analysis {
                missing: decided
                    .missing
                    .or(decided.null)
                    .or(one.missing)
                    .or(other.missing),
                null: one.null.or(other.null),
            }
        }
        // Null can be compared and searched for.
        (operators::EQUALS | operators::NOT_EQUALS | operators::IN, [left, right]) => {
            let (left, right) = (look(left, present), look(right, present));
            Analysis {
                missing: left.missing.or(right.missing),
                null: None,
            }
        }
        _ => strict(operands(call), present),
    }
}

fn both(
    left: &cel::IdedExpr,
    right: &cel::IdedExpr,
    present: &Present,
    then: &Present,
) -> Analysis {
    let (left, right) = (look(left, present), look(right, then));
    Analysis {
        missing: left.missing.or(left.null).or(right.missing).or(right.null),
        null: None,
    }
}

fn strict<'e>(operands: impl Iterator<Item = &'e cel::IdedExpr>, present: &Present) -> Analysis {
    let mut found = operands.map(|operand| look(operand, present));
    Analysis {
        missing: found.find_map(|operand| operand.missing.or(operand.null)),
        null: None,
    }
}

fn operands(call: &CallExpr) -> impl Iterator<Item = &cel::IdedExpr> {
    call.target.as_deref().into_iter().chain(&call.args)
}

/// `ctx.x` or `input.x`.
fn value_name(node: &cel::IdedExpr) -> Option<String> {
    let Expr::Select(select) = &node.expr else {
        return None;
    };
    let Expr::Ident(root) = &select.operand.expr else {
        return None;
    };
    ["ctx", "input"]
        .contains(&root.as_str())
        .then(|| format!("{root}.{}", select.field))
}

/// The values without which this cannot be computed.
fn needed(node: &cel::IdedExpr) -> Present {
    if value_name(node).is_some() {
        return Present::new();
    }
    match &node.expr {
        Expr::Select(select) => needed_for_value(&select.operand),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            // One side alone can decide if the other cannot be computed.
            (operators::LOGICAL_AND | operators::LOGICAL_OR, _) => Present::new(),
            (operators::CONDITIONAL, [condition, ..]) => needed_for_value(condition),
            (operators::EQUALS | operators::NOT_EQUALS | operators::IN, _) => {
                operands(call).flat_map(needed).collect()
            }
            _ => operands(call).flat_map(needed_for_value).collect(),
        },
        _ => Present::new(),
    }
}

fn needed_for_value(node: &cel::IdedExpr) -> Present {
    match value_name(node) {
        Some(name) => Present::from([name]),
        None => needed(node),
    }
}

/// The values that are certainly present if a condition has this truth value.
fn implied(node: &cel::IdedExpr, truth: bool) -> Present {
    let Expr::Call(call) = &node.expr else {
        return needed(node);
    };
    let is_null = |node: &cel::IdedExpr| matches!(node.expr, Expr::Literal(LiteralValue::Null));
    let is_literal = |node: &cel::IdedExpr| matches!(node.expr, Expr::Literal(_)) && !is_null(node);
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_NOT, [inner]) => implied(inner, !truth),
        (name @ (operators::LOGICAL_AND | operators::LOGICAL_OR), [left, right]) => {
            let (left, right) = (implied(left, truth), implied(right, truth));
            let together = truth == (name == operators::LOGICAL_AND);
            match together {
                true => left.union(&right).cloned().collect(),
                false => left.intersection(&right).cloned().collect(),
            }
        }
        (name @ (operators::EQUALS | operators::NOT_EQUALS), [left, right]) => {
            let equal = truth == (name == operators::EQUALS);
            match (is_null(left), is_null(right)) {
                (false, true) if !equal => needed_for_value(left),
                (true, false) if !equal => needed_for_value(right),
                _ if equal && is_literal(right) => needed_for_value(left),
                _ if equal && is_literal(left) => needed_for_value(right),
                _ => needed(node),
            }
        }
        _ => needed(node),
    }
}
