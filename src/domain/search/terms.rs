//! Words and phrases of a query, as the lexemes that a message must have.

use crate::domain::tokens::{Piece, PieceKind, Tokenizer};

/// Whether a term must be in a message or must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It must be there.
    Present,
    /// It must not be there.
    Absent,
}

/// How a term was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// A word; other words of the same stem are as good.
    Word,
    /// A word that may go on.
    Beginning,
    /// In quotes: exactly these words.
    Phrase,
}

/// A word or a phrase.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Whether it must be there.
    pub wanted: Wanted,
    /// How it was written.
    pub kind: TermKind,
    /// Ways to write it, of which one must be there: rows of successive pieces.
    pub ways: Vec<Vec<Step>>,
}

/// One piece of a message: any of these lexemes.
#[derive(Clone, Debug, PartialEq)]
pub struct Step(pub Vec<Lexeme>);

/// A lexeme that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexeme {
    /// The text.
    pub text: String,
    /// How much of a message's lexeme it must be.
    pub reach: Reach,
}

/// How much of a lexeme is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    Whole,
    /// Its beginning.
    Prefix,
}

impl Lexeme {
    fn new(text: &str, reach: Reach) -> Self {
        let text = text.to_owned();
        Self { text, reach }
    }

    /// Whether a lexeme of a message is the one that is searched for.
    pub fn is(&self, lexeme: &str) -> bool {
        match self.reach {
            Reach::Whole => lexeme == self.text,
            Reach::Prefix => lexeme.starts_with(&self.text),
        }
    }
}

impl Term {
    /// The term of this text; `None` if it has neither letters, digits nor emoji.
    pub fn read(tokenizer: &Tokenizer, text: &str, kind: TermKind, wanted: Wanted) -> Option<Self> {
        let mut pieces = tokenizer.pieces(text);
        // The last sign of a run of several is in the pair before it.
        let ends_in_pair = matches!(pieces.as_slice(), [.., pair, single]
            if pair.kind == PieceKind::Pair && single.kind == PieceKind::Single);
        if ends_in_pair {
            pieces.pop();
        }
        let steps = steps(tokenizer, &pieces, kind);
        let mut ways = vec![steps];
        if let [first, .., last] = pieces.as_slice()
            && let Some(joined) = &first.joined
            && joined.span.end == last.span.end
            && kind != TermKind::Phrase
        {
            ways.push(vec![Step(vec![Lexeme::new(&joined.text, reach_of(kind))])]);
        }
        (!pieces.is_empty()).then_some(Self { wanted, kind, ways })
    }
}

fn reach_of(kind: TermKind) -> Reach {
    match kind {
        TermKind::Beginning => Reach::Prefix,
        TermKind::Word | TermKind::Phrase => Reach::Whole,
    }
}

fn steps(tokenizer: &Tokenizer, pieces: &[Piece], kind: TermKind) -> Vec<Step> {
    let last = pieces.len().saturating_sub(1);
    let step = |(index, piece): (usize, &Piece)| {
        let reach = match piece.kind {
            PieceKind::Emoji => Reach::Prefix,
            PieceKind::Single if index == last => Reach::Prefix,
            PieceKind::Word if index == last => reach_of(kind),
            PieceKind::Word | PieceKind::Pair | PieceKind::Single => Reach::Whole,
        };
        let mut lexemes = vec![Lexeme::new(&piece.plain, reach)];
        match kind {
            // Accents that are typed within quotes must be there.
            TermKind::Phrase => {
                let exact = piece.accented.as_ref().unwrap_or(&piece.plain);
                lexemes = vec![Lexeme::new(exact, reach)];
            }
            TermKind::Word | TermKind::Beginning if pieces.len() == 1 => {
                let related = tokenizer.related(piece);
                lexemes.extend(related.iter().map(|one| Lexeme::new(one, Reach::Whole)));
            }
            TermKind::Word | TermKind::Beginning => {}
        }
        Step(lexemes)
    };
    pieces.iter().enumerate().map(step).collect()
}
