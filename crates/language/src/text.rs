//! Texts with placeholders: `{ctx.price}`, `{input.note}`, `{input.comment|no comment}`.

use serde_json::{Map, Value};

use crate::expression::{KnownNames, Root};
use crate::problem::nearest;
use crate::value::{Shape, shown};

/// A checked text: every placeholder names a declared value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Value(Placeholder),
}

/// A placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Placeholder {
    source: Source,
    name: String,
    shape: Shape,
    /// The text for a missing value.
    otherwise: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Context,
    Input,
    Root(String),
}

impl Text {
    /// A text without placeholders.
    pub fn plain(text: &str) -> Self {
        Self {
            pieces: vec![Piece::Literal(text.to_owned())],
        }
    }

    /// Parses a text; `{{` and `}}` stand for braces. The error has a byte position, a message, and possibly
    /// help.
    ///
    /// ```
    /// use language::expression::KnownNames;
    /// use language::field::{ContextField, Kind};
    /// use language::text::Text;
    /// use serde_json::{Map, json};
    /// use std::collections::{BTreeMap, BTreeSet};
    ///
    /// let title = ContextField { kind: Kind::Text, required: false, default: None };
    /// let context = BTreeMap::from([("title".to_owned(), title)]);
    /// let states = BTreeSet::new();
    /// let known = KnownNames { context: &context, fields: &[], states: &states, roots: &[] };
    /// let text = Text::parse("{{bid}} for {ctx.title|no title}", known).unwrap();
    /// let remembered = Map::from_iter([("title".to_owned(), json!("Bread"))]);
    /// assert_eq!(text.filled(&remembered, &Map::new()), "{bid} for Bread");
    /// assert_eq!(text.filled(&Map::new(), &Map::new()), "{bid} for no title");
    ///
    /// let (byte, what, advice) = Text::parse("for {ctx.tilte}", known).unwrap_err();
    /// assert_eq!((byte, what.as_str()), (4, "there is no `ctx.tilte`"));
    /// assert_eq!(advice.as_deref(), Some("did you mean `title`?"));
    /// ```
    pub fn parse(
        source: &str,
        known: KnownNames<'_>,
    ) -> Result<Self, (usize, String, Option<String>)> {
        let (mut pieces, mut literal, mut at) = (Vec::new(), String::new(), 0);
        while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = rest.find(['{', '}']).unwrap_or(rest.len());
            literal.push_str(rest.get(..plain).unwrap_or(""));
            let rest = rest.get(plain..).unwrap_or("");
            at += plain;
            if let Some(brace) = ["{{", "}}"].iter().find(|pair| rest.starts_with(**pair)) {
                literal.push_str(brace.get(1..).unwrap_or(""));
                at += 2;
            } else if let Some(inside) = rest.strip_prefix('{') {
                let Some((name, _)) = inside.split_once('}') else {
                    return Err((at, "`{` is not closed".to_owned(), braces_help()));
                };
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                let placeholder =
                    placeholder(name, known).map_err(|(what, help)| (at, what, help))?;
                pieces.push(Piece::Value(placeholder));
                at += name.len() + 2;
            } else if !rest.is_empty() {
                return Err((at, "`}` closes nothing".to_owned(), braces_help()));
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// The text with its values.
    pub fn filled(&self, context: &Map<String, Value>, input: &Map<String, Value>) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => filled.push_str(text),
                Piece::Value(placeholder) => {
                    let from = match placeholder.source {
                        Source::Context => context.get(&placeholder.name),
                        Source::Input => input.get(&placeholder.name),
                        Source::Root(_) => None,
                    };
                    placeholder.put(&mut filled, from);
                }
            }
        }
        filled
    }

    /// The text with values of other roots; `roots` has an object for each of them.
    ///
    /// ```
    /// use language::expression::{KnownNames, Root};
    /// use language::text::Text;
    /// use language::value::Shape;
    /// use serde_json::{Map, json};
    /// use std::collections::BTreeMap;
    ///
    /// let fields = BTreeMap::from([("id".to_owned(), Shape::Text)]);
    /// let roots = [Root { name: "subject".to_owned(), fields }];
    /// let text = Text::parse("Order {subject.id}", KnownNames::of_roots(&roots)).unwrap();
    /// let values = Map::from_iter([("subject".to_owned(), json!({ "id": "7" }))]);
    /// assert_eq!(text.filled_from(&values), "Order 7");
    /// assert_eq!(text.filled_from(&Map::new()), "Order –");
    /// ```
    pub fn filled_from(&self, roots: &Map<String, Value>) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => filled.push_str(text),
                Piece::Value(placeholder) => {
                    let from = match &placeholder.source {
                        Source::Root(root) => roots.get(root),
                        Source::Context | Source::Input => None,
                    };
                    let value = from.and_then(|object| object.get(&placeholder.name));
                    placeholder.put(&mut filled, value);
                }
            }
        }
        filled
    }

    /// The text with the names of its placeholders, for readers of the definition.
    pub fn outlined(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Value(placeholder) => format!("{{{}}}", placeholder.name),
        };
        self.pieces.iter().map(piece).collect()
    }
}

impl Placeholder {
    /// Appends a value as people see it, or what stands for a missing one.
    fn put(&self, filled: &mut String, value: Option<&Value>) {
        let value = shown(value, self.shape);
        filled.push_str(value.as_deref().unwrap_or(&self.otherwise));
    }
}

fn braces_help() -> Option<String> {
    Some("write {{ or }} where a brace is meant".to_owned())
}

/// The placeholders that there are, for messages.
fn placeholders(known: KnownNames<'_>) -> String {
    let root = |root: &Root| format!("{}.name", root.name);
    let roots: Vec<String> = known.roots.iter().map(root).collect();
    roots.join("} or {")
}

/// Parses `ctx.x` or `input.x`, optionally followed by `|` and the text for a missing value.
fn placeholder(text: &str, known: KnownNames<'_>) -> Result<Placeholder, (String, Option<String>)> {
    let (name, otherwise) = text.split_once('|').unwrap_or((text, "–"));
    let unknown = |near: Option<&str>| {
        let help = near.map(|near| format!("did you mean `{near}`?"));
        (format!("there is no `{name}`"), help)
    };
    let placeholder = |source, field: &str, shape| Placeholder {
        source,
        name: field.to_owned(),
        shape,
        otherwise: otherwise.to_owned(),
    };
    if !known.roots.is_empty() {
        let (root, field) = name.split_once('.').unwrap_or((name, ""));
        let Some(found) = known.roots.iter().find(|known| known.name == root) else {
            let help = format!("a placeholder is {{{}}}", placeholders(known));
            return Err((format!("there is no `{name}`"), Some(help)));
        };
        let names = || found.fields.keys().map(String::as_str);
        let shape = *found.fields.get(field).ok_or_else(|| {
            let (message, help) = unknown(nearest(field, names()));
            let all = names().collect::<Vec<&str>>().join(", ");
            (message, help.or(Some(format!("`{root}` has {all}"))))
        })?;
        return Ok(placeholder(Source::Root(root.to_owned()), field, shape));
    }
    if let Some(field) = name.strip_prefix("ctx.") {
        let found = known.context.get(field);
        let near = nearest(field, known.context.keys().map(String::as_str));
        let shape = found.ok_or_else(|| unknown(near))?.kind.shape();
        return Ok(placeholder(Source::Context, field, shape));
    }
    if let Some(field) = name.strip_prefix("input.") {
        let found = known.fields.iter().find(|known| known.name == field);
        let near = nearest(field, known.fields.iter().map(|field| field.name.as_str()));
        let shape = found.ok_or_else(|| unknown(near))?.kind.into();
        return Ok(placeholder(Source::Input, field, shape));
    }
    let help = "a placeholder is {ctx.name} or {input.name}";
    Err((format!("there is no `{name}`"), Some(help.to_owned())))
}
