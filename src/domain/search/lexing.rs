//! Splits a query at its spaces and quotes.

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Whether it has a minus before it.
    pub(super) excluded: bool,
    pub(super) text: PartText,
}

/// The text of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartText {
    /// Words within quotes.
    Quoted(String),
    /// `name:value` with one of the names that filters have; the value may be within quotes.
    Filter(&'static str, String),
    /// Anything else.
    Bare(String),
}

/// The names of filters.
pub(super) const NAMES: [&str; 9] = [
    "from", "in", "subject", "has", "is", "mentions", "before", "after", "on",
];

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201C}' | '\u{201D}' | '\u{201E}')
}

/// The parts of a query. A quote that is not closed reaches to the end.
pub(super) fn split(query: &str) -> Vec<Part> {
    let (mut parts, mut rest) = (Vec::new(), query.trim_start());
    while !rest.is_empty() {
        let after = rest.strip_prefix('-');
        let after =
            after.filter(|after| after.starts_with(|c: char| !c.is_whitespace() && c != '-'));
        let excluded = after.is_some();
        let (text, left) = part(after.unwrap_or(rest));
        parts.push(Part { excluded, text });
        rest = left.trim_start();
    }
    parts
}

/// The part at the beginning, and what is left.
fn part(text: &str) -> (PartText, &str) {
    if let Some(quoted) = text.strip_prefix(is_quote) {
        let (inside, left) = until_quote(quoted);
        return (PartText::Quoted(inside.to_owned()), left);
    }
    let end = text.find(|c: char| c.is_whitespace() || is_quote(c));
    let (bare, left) = text
        .split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, ""));
    let Some((name, value)) = named(bare) else {
        return (PartText::Bare(bare.to_owned()), left);
    };
    match left.strip_prefix(is_quote) {
        Some(quoted) => {
            let (inside, left) = until_quote(quoted);
            (PartText::Filter(name, format!("{value}{inside}")), left)
        }
        None => (PartText::Filter(name, value.to_owned()), left),
    }
}

fn until_quote(text: &str) -> (&str, &str) {
    text.split_once(is_quote).unwrap_or((text, ""))
}

fn named(bare: &str) -> Option<(&'static str, &str)> {
    let (name, value) = bare.split_once(':')?;
    let known = NAMES
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))?;
    Some((known, value))
}
