//! Matches a message's pieces against a query: whether it is a hit, what is shown of it, and how good it is.

use chrono::{DateTime, Utc};

use super::SearchQuery;
use super::terms::{Reach, Step, Term, TermKind, Wanted};
use crate::domain::tokens::{Document, Field, Piece, STEM, Span};

/// How a message matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// The characters of its body that match, in order; they do not overlap.
    pub highlights: Vec<Span>,
    /// How good it is.
    pub relevance: Relevance,
}

/// How well a message matches, whatever its age.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Relevance(f64);

/// Days in which the worth of a hit halves.
const HALVED_DAYS: f64 = 30.0;

impl Relevance {
    /// What it is worth now.
    pub fn at(self, sent: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
        let days = (now - sent).num_seconds().max(0) as f64 / 86_400.0;
        self.0 * (-days / HALVED_DAYS).exp2()
    }
}

/// Where a term was found.
struct Found {
    first: usize,
    last: usize,
    worth: f64,
}

impl SearchQuery {
    /// How a message matches the words; `None` if it does not.
    pub fn matches(&self, document: &Document) -> Option<Matched> {
        let pieces: Vec<(Field, &Piece)> = document.pieces().collect();
        let (mut highlights, mut worth) = (Vec::new(), 0.0);
        for term in &self.terms {
            let found = occurrences(term, &pieces);
            match (term.wanted, found.is_empty()) {
                (Wanted::Present, true) | (Wanted::Absent, false) => return None,
                (Wanted::Absent, true) => {}
                (Wanted::Present, false) => {
                    worth += found.iter().map(|one| one.worth).fold(0.0, f64::max);
                    highlights.extend(found.iter().filter_map(|one| shown(one, &pieces)));
                }
            }
        }
        Some(Matched {
            highlights: merged(highlights),
            relevance: Relevance(worth),
        })
    }
}

fn occurrences(term: &Term, pieces: &[(Field, &Piece)]) -> Vec<Found> {
    let mut found = Vec::new();
    for way in &term.ways {
        let starts = (0..pieces.len()).filter_map(|start| occurrence(term, way, pieces, start));
        found.extend(starts);
    }
    found
}

/// Whether the steps are found one after the other from this piece on.
fn occurrence(
    term: &Term,
    way: &[Step],
    pieces: &[(Field, &Piece)],
    start: usize,
) -> Option<Found> {
    let (_, first) = pieces.get(start)?;
    let mut worth = f64::MAX;
    let mut last = start;
    for (distance, step) in way.iter().enumerate() {
        let index = start + distance;
        let (_, piece) = pieces.get(index)?;
        let is_next = usize::from(piece.position) == usize::from(first.position) + distance;
        worth = worth.min(is_next.then(|| worth_of(term, step, piece)).flatten()?);
        last = index;
        // A compound that is found as one word ends where its last part ends.
        let joined = piece
            .joined
            .as_ref()
            .filter(|joined| has(step, &joined.text) && !has(step, &piece.plain));
        if let Some(joined) = joined {
            let reaches = |(_, other): &&(Field, &Piece)| other.span.end <= joined.span.end;
            last = index + pieces.get(index + 1..)?.iter().take_while(reaches).count();
        }
    }
    Some(Found {
        first: start,
        last,
        worth,
    })
}

fn has(step: &Step, lexeme: &str) -> bool {
    step.0.iter().any(|wanted| wanted.is(lexeme))
}

/// What a piece is worth for a step; `None` if it does not match.
fn worth_of(term: &Term, step: &Step, piece: &Piece) -> Option<f64> {
    let is_whole = |lexeme: &str| step.0.iter().any(|wanted| wanted.text == lexeme);
    let found: Vec<&str> = piece.placed().filter(|one| has(step, one)).collect();
    let by_stem = piece.stems.iter().any(|stem| has(step, stem));
    // The first lexeme of a step is what was typed; the others have its stem.
    let typed = step.0.first();
    let is_typed = |lexeme: &&str| typed.is_some_and(|typed| typed.text == **lexeme);
    let is_begun =
        |lexeme: &&str| typed.is_some_and(|typed| typed.reach == Reach::Prefix && typed.is(lexeme));
    match term.kind {
        TermKind::Phrase if !found.is_empty() => Some(4.0),
        _ if found.iter().any(is_typed) => Some(2.0),
        _ if by_stem
            || found
                .iter()
                .any(|one| is_whole(one) && !one.starts_with(STEM)) =>
        {
            Some(1.0)
        }
        _ if found.iter().any(is_begun) => Some(0.5),
        _ => None,
    }
}

/// The characters of the body from the first to the last piece.
fn shown(found: &Found, pieces: &[(Field, &Piece)]) -> Option<Span> {
    let (field, first) = pieces.get(found.first)?;
    let (_, last) = pieces.get(found.last)?;
    let end = last.span.end.max(first.span.end);
    (*field == Field::Body).then_some(first.span.start..end)
}

/// The spans in order, those that touch made one.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}
