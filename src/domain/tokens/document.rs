//! What of a message can be found: its pieces, up to a bound.

use std::collections::{BTreeMap, HashSet};

use super::{Piece, Tokenizer};

/// The most different lexemes of a message. What comes after them is not found.
pub const LEXEMES: usize = 256;
/// The most positions of a lexeme that PostgreSQL stores.
const POSITIONS: usize = 255;

/// Which text of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// What it says.
    Body,
    /// The name of a file.
    FileName,
    /// The title of a card.
    CardTitle,
}

/// The pieces of a message that can be found, each with the text in which it is.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pieces: Vec<(Field, Piece)>,
}

impl Document {
    /// Reads the texts of a message. A phrase does not reach from one text into the next.
    pub fn read<'a>(
        tokenizer: &Tokenizer,
        texts: impl IntoIterator<Item = (Field, &'a str)>,
    ) -> Self {
        let (mut seen, mut counts) = (HashSet::new(), BTreeMap::<String, usize>::new());
        let mut kept: Vec<(Field, Piece)> = Vec::new();
        let mut next = 1_u16;
        for (field, text) in texts {
            let pieces = tokenizer.pieces_from(text, next);
            next = pieces
                .last()
                .map_or(next, |last| last.position.saturating_add(2));
            for piece in pieces {
                let new = lexemes(&piece).filter(|one| !seen.contains(*one)).count();
                if seen.len() + new > LEXEMES {
                    return Self { pieces: kept };
                }
                let count = counts.entry(piece.plain.clone()).or_default();
                *count += 1;
                if *count <= POSITIONS {
                    seen.extend(lexemes(&piece).map(str::to_owned));
                    kept.push((field, piece));
                }
            }
        }
        Self { pieces: kept }
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = (Field, &Piece)> {
        self.pieces.iter().map(|(field, piece)| (*field, piece))
    }

    /// A piece by its place among all.
    pub fn piece(&self, index: usize) -> Option<(Field, &Piece)> {
        self.pieces.get(index).map(|(field, piece)| (*field, piece))
    }

    /// All lexemes, each with its positions; stems have none.
    pub fn lexemes(&self) -> BTreeMap<&str, Vec<u16>> {
        let mut all: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
        for (_, piece) in &self.pieces {
            for lexeme in piece.placed() {
                let positions = all.entry(lexeme).or_default();
                if positions.len() < POSITIONS && positions.last() != Some(&piece.position) {
                    positions.push(piece.position);
                }
            }
            for stem in &piece.stems {
                all.entry(stem).or_default();
            }
        }
        all
    }
}

fn lexemes(piece: &Piece) -> impl Iterator<Item = &str> {
    piece.placed().chain(piece.stems.iter().map(String::as_str))
}
