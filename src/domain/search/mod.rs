//! What somebody searches for: words, phrases and filters, parsed into closed types and matched against messages.

mod dates;
mod filters;
mod lexing;
mod matching;
mod parsing;
mod terms;

pub use filters::{Filters, Has, Readable, Sender, SubjectFilter, Traits, document_of};
pub use matching::{Matched, Relevance};
pub use parsing::parse;
pub use terms::{Lexeme, Reach, Step, Term, TermKind, Wanted};

/// The most characters of a query.
pub const QUERY_CHARACTERS: usize = 512;
/// The most words, phrases and filters of a query.
pub const TERMS: usize = 32;

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchQuery {
    /// Words and phrases; a message must match each.
    pub terms: Vec<Term>,
    /// Everything else that a message must be.
    pub filters: Filters,
}

impl SearchQuery {
    /// Whether it names words that must be there, so that an index of words finds few messages.
    pub fn wants_words(&self) -> bool {
        self.terms.iter().any(|term| term.wanted == Wanted::Present)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
