//! Documents and queries as PostgreSQL's `tsvector` and `tsquery`, in text form.

use std::fmt::Write;

use crate::domain::ids::UserNo;
use crate::domain::search::{Lexeme, Reach, SearchQuery, Step, Term, Wanted};
use crate::domain::tokens::Document;

/// A lexeme in quotes.
fn quoted(lexeme: &str) -> String {
    let escaped = lexeme.replace('\\', "\\\\").replace('\'', "''");
    format!("'{escaped}'")
}

/// The lexeme of a sender. No word begins with `@`.
fn sender(no: i64) -> String {
    format!("'@{no}'")
}

/// The `tsvector` of a message.
pub(super) fn vector(document: &Document, sender_no: i64) -> String {
    let mut text = sender(sender_no);
    for (lexeme, positions) in document.lexemes() {
        text.push(' ');
        text.push_str(&quoted(lexeme));
        let mut before = ':';
        for position in positions {
            // Writing to a text cannot fail.
            let _written = write!(text, "{before}{position}");
            before = ',';
        }
    }
    text
}

/// The `tsquery` of words and senders; `None` if there are neither.
pub(super) fn query(query: &SearchQuery, senders: &[UserNo]) -> Option<String> {
    let mut parts: Vec<String> = query.terms.iter().map(term).collect();
    if !senders.is_empty() {
        let any: Vec<String> = senders.iter().map(|no| sender(no.0)).collect();
        parts.push(format!("({})", any.join(" | ")));
    }
    (!parts.is_empty()).then(|| parts.join(" & "))
}

fn term(term: &Term) -> String {
    let way = |steps: &Vec<Step>| -> String {
        let steps: Vec<String> = steps.iter().map(step).collect();
        format!("({})", steps.join(" <-> "))
    };
    let ways: Vec<String> = term.ways.iter().map(way).collect();
    let any = format!("({})", ways.join(" | "));
    match term.wanted {
        Wanted::Present => any,
        Wanted::Absent => format!("!{any}"),
    }
}

fn step(Step(lexemes): &Step) -> String {
    let any: Vec<String> = lexemes.iter().map(lexeme).collect();
    format!("({})", any.join(" | "))
}

fn lexeme(Lexeme { text, reach }: &Lexeme) -> String {
    let goes_on = match reach {
        Reach::Whole => "",
        Reach::Prefix => ":*",
    };
    format!("{}{goes_on}", quoted(text))
}
