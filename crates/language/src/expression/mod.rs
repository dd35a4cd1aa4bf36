//! CEL expressions over declared values, checked when the file is parsed.

mod absence;
mod evaluate;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use crate::field::{ContextField, Field};
use crate::value::Shape;

pub use absence::Present;
pub use evaluate::{Actor, Engine, Facts};
pub use types::Type;

/// The longest expression, in bytes.
const LONGEST: usize = 1_024;
/// The deepest nesting of brackets; the parser uses kilobytes of stack for each level.
const DEEPEST_BRACKETS: usize = 8;
/// The deepest syntax tree; evaluation is recursive.
const DEEPEST_TREE: usize = 32;

/// A root with the fields that a file declares: `data`, `subject`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Root {
    /// Its name.
    pub name: String,
    /// The shapes of its fields.
    pub fields: BTreeMap<String, Shape>,
}

/// The names that an expression or a text may use.
#[derive(Clone, Copy)]
pub struct KnownNames<'a> {
    /// `ctx`.
    pub context: &'a BTreeMap<String, ContextField>,
    /// `input`.
    pub fields: &'a [Field],
    /// `visits`.
    pub states: &'a BTreeSet<String>,
    /// Other roots. Where there are any, `ctx`, `input`, `visits`, `actor.role` and `actor.staff` are unknown.
    pub roots: &'a [Root],
}

static NO_CONTEXT: BTreeMap<String, ContextField> = BTreeMap::new();
static NO_STATES: BTreeSet<String> = BTreeSet::new();

impl<'a> KnownNames<'a> {
    /// The fields of these roots, and `now`.
    pub fn of_roots(roots: &'a [Root]) -> Self {
        Self {
            context: &NO_CONTEXT,
            fields: &[],
            states: &NO_STATES,
            roots,
        }
    }
}

/// A checked expression.
#[derive(Clone, Debug)]
pub struct Expression {
    tree: cel::IdedExpr,
    /// The type of its value.
    pub kind: Type,
    /// Its position in the file, in bytes.
    pub at: usize,
    reads: Reads,
}

/// The variables that an expression reads; only these are prepared.
#[derive(Clone, Debug, Default)]
struct Reads {
    context: Vec<(String, Shape)>,
    input: Vec<(String, Shape)>,
    visits: Vec<String>,
    actor: bool,
    now: bool,
    /// The fields of other roots: the root, the field, its shape.
    roots: Vec<(String, String, Shape)>,
}

impl Expression {
    /// Parses and checks an expression. Needs megabytes of stack. The error is a sentence.
    pub fn parse(source: &str, at: usize, known: KnownNames<'_>) -> Result<Self, String> {
        if source.len() > LONGEST {
            let length = source.len();
            return Err(format!(
                "an expression of {length} bytes; at most {LONGEST}"
            ));
        }
        if nesting(source) > DEEPEST_BRACKETS {
            return Err(format!("brackets stand more than {DEEPEST_BRACKETS} deep"));
        }
        let parser = cel::parser::Parser::new().max_recursion_depth(48);
        let tree = parser.parse(source).map_err(|errors| complaint(&errors))?;
        let mut reads = Reads::default();
        let kind = types::check(&tree, known, &mut reads, DEEPEST_TREE)?;
        Ok(Self {
            tree,
            kind,
            at,
            reads,
        })
    }

    /// The fields of other roots that it reads: the root and the field, in the order of the text.
    pub fn root_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let read = self.reads.roots.iter();
        read.map(|(root, field, _)| (root.as_str(), field.as_str()))
    }

    /// Whether it depends on the press: on the form, the actor or the time.
    pub fn waits_for_the_press(&self) -> bool {
        self.reads.now || !self.reads.input.is_empty()
    }
}

fn complaint(errors: &cel::ParseErrors) -> String {
    let first = errors.errors.first();
    let what = first.map_or("nothing there", |error| error.msg.as_str());
    let what = what.strip_prefix("Syntax error: ").unwrap_or(what);
    let short: String = what.chars().take(120).collect();
    match short.strip_prefix("token recognition error at: ") {
        Some(part) => {
            let part = part.trim_matches('\'');
            format!("this is not an expression: there is no operator `{part}`")
        }
        None => format!("this is not an expression: {short}"),
    }
}

/// The nesting depth of brackets, including those in string literals.
fn nesting(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for character in source.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
