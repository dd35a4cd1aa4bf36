//! Tokens of text, for search and for matching questions: one function reads documents and queries alike.

mod document;
mod folding;
mod joining;
mod language;
mod scanning;

use std::ops::Range;

pub use document::{Document, Field};
pub use language::Language;

/// The most bytes of a lexeme; the rest of a longer word is cut off.
pub const LEXEME_BYTES: usize = 48;
/// Marks the stem of a word among lexemes. No word contains it.
pub const STEM: char = '~';

/// Characters of the text as it was written, counted in Unicode code points.
pub type Span = Range<u32>;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// A word, or a part of a compound: letters and digits without anything between them.
    Word,
    /// Two neighbouring signs of a script that is written without spaces.
    Pair,
    /// The last sign of a run of such signs.
    Single,
    /// An emoji.
    Emoji,
}

/// The smallest piece of text that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Its number among the pieces, from 1. A phrase is a row of pieces with successive numbers.
    pub position: u16,
    /// Where it is in the text.
    pub span: Span,
    /// The piece in lower case and without accents.
    pub plain: String,
    /// The same with its accents, if it has any.
    pub accented: Option<String>,
    /// Its stems, marked with [`STEM`], those that differ from the word.
    pub stems: Vec<String>,
    /// This piece and those after it as one word, if they are written with a hyphen or are the groups of a number.
    pub joined: Option<Joined>,
}

/// Several pieces written as one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The word.
    pub text: String,
    /// Where the pieces are in the text.
    pub span: Span,
}

impl Piece {
    /// The lexemes of the piece that have its position.
    pub fn placed(&self) -> impl Iterator<Item = &str> {
        let joined = self.joined.as_ref().map(|joined| joined.text.as_str());
        let plain = std::iter::once(self.plain.as_str());
        plain.chain(self.accented.as_deref()).chain(joined)
    }
}

/// Reads text with the stems of some languages.
#[derive(Clone, Debug, Default)]
pub struct Tokenizer {
    languages: Vec<Language>,
}

impl Tokenizer {
    /// A tokenizer that stems words of these languages.
    pub fn new(languages: &[Language]) -> Self {
        let mut languages = languages.to_vec();
        languages.sort_unstable();
        languages.dedup();
        Self { languages }
    }

    /// Names the lexemes that it makes: documents that were read by a tokenizer with another name must be read anew.
    pub fn name(&self) -> String {
        let codes: Vec<&str> = self.languages.iter().map(|one| one.code()).collect();
        format!("search-1-{}", codes.join("-"))
    }

    /// The pieces of a text, in order.
    pub fn pieces(&self, text: &str) -> Vec<Piece> {
        self.pieces_from(text, 1)
    }

    /// The pieces of a text, numbered from `first`.
    fn pieces_from(&self, text: &str, first: u16) -> Vec<Piece> {
        let folded = folding::fold(text);
        let mut pieces = Vec::new();
        let mut places = Vec::new();
        scanning::scan(&folded.text, |kind, place| {
            let written = folded.text.get(place.clone()).unwrap_or_default();
            let position = (first as usize).saturating_add(pieces.len());
            if let Ok(position) = u16::try_from(position) {
                pieces.push(self.piece(kind, position, written, folded.span(&place)));
                places.push(place);
            }
        });
        joining::join(&folded, &mut pieces, &places);
        pieces
    }

    fn piece(&self, kind: PieceKind, position: u16, written: &str, span: Span) -> Piece {
        let bare = match kind {
            PieceKind::Word => folding::without_accents(written),
            PieceKind::Pair | PieceKind::Single | PieceKind::Emoji => None,
        };
        let stems = match kind {
            PieceKind::Word => self.stems(written, bare.as_deref().unwrap_or(written)),
            PieceKind::Pair | PieceKind::Single | PieceKind::Emoji => Vec::new(),
        };
        let (plain, accented) = match bare {
            Some(bare) => (bounded(&bare), Some(bounded(written))),
            None => (bounded(written), None),
        };
        Piece {
            kind,
            position,
            span,
            accented: accented.filter(|accented| *accented != plain),
            plain,
            stems,
            joined: None,
        }
    }

    /// The other lexemes of words with the same stem as this piece: marked stems, and a stem that is a word itself.
    pub fn related(&self, piece: &Piece) -> Vec<String> {
        if piece.kind != PieceKind::Word {
            return Vec::new();
        }
        let written = piece.accented.as_deref().unwrap_or(&piece.plain);
        let mut related = Vec::new();
        for language in &self.languages {
            let Some(stem) = language.stem(written) else {
                continue;
            };
            let is_own = language.stem(&stem).as_ref() == Some(&stem);
            let bare = folding::without_accents(&stem).unwrap_or(stem);
            related.push(bounded(&format!("{STEM}{bare}")));
            if is_own && bare != piece.plain {
                related.push(bounded(&bare));
            }
        }
        related
    }

    /// The stems of a word, without accents.
    fn stems(&self, written: &str, plain: &str) -> Vec<String> {
        let mut stems = Vec::new();
        for language in &self.languages {
            let Some(stem) = language.stem(written) else {
                continue;
            };
            let stem = folding::without_accents(&stem).unwrap_or(stem);
            let marked = bounded(&format!("{STEM}{stem}"));
            if stem != plain && !stems.contains(&marked) {
                stems.push(marked);
            }
        }
        stems
    }
}

/// The text, cut off after the most bytes of a lexeme.
fn bounded(text: &str) -> String {
    let mut end = text.len().min(LEXEME_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
