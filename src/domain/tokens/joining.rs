//! Words that are also written in one: `e-mail` and `email`, `+49 151 2345678` and `+491512345678`.

use std::ops::Range;

use super::folding::Folded;
use super::{Joined, LEXEME_BYTES, Piece, PieceKind};

/// The most parts of a word with hyphens.
const PARTS: usize = 4;
/// The digits of a number that is written in groups.
const DIGITS: Range<usize> = 7..16;
/// The most characters between two groups of digits.
const GAP: usize = 3;

/// Notes at the first piece of each compound how it is written in one.
pub(super) fn join(folded: &Folded, pieces: &mut [Piece], places: &[Range<usize>]) {
    let mut first = 0;
    while first < pieces.len() {
        let number = group(folded, places, first, is_number_gap, |text| {
            text.bytes().all(|byte| byte.is_ascii_digit())
        });
        let compound = group(folded, places, first, is_hyphen, |_| true);
        let is_number =
            number.len() > 1 && DIGITS.contains(&written(folded, places, &number).len());
        let parts = if is_number { number } else { compound };
        let is_short = parts.len() > 1 && (is_number || parts.len() <= PARTS);
        let text = written(folded, places, &parts);
        let is_word = pieces.get(parts.clone()).unwrap_or_default();
        let is_word = is_word.iter().all(|piece| piece.kind == PieceKind::Word);
        if is_short && is_word && text.len() <= LEXEME_BYTES {
            note(folded, pieces, places, &parts, text);
        }
        first = parts.end;
    }
}

fn note(
    folded: &Folded,
    pieces: &mut [Piece],
    places: &[Range<usize>],
    parts: &Range<usize>,
    text: String,
) {
    let last = places.get(parts.end - 1).map_or(0, |place| place.end);
    let begin = places.get(parts.start).map_or(0, |place| place.start);
    let text = super::folding::without_accents(&text).unwrap_or(text);
    if let Some(piece) = pieces.get_mut(parts.start) {
        let span = folded.span(&(begin..last));
        piece.joined = Some(Joined { text, span });
    }
}

/// The pieces from `first` on between which there is only such a gap.
fn group(
    folded: &Folded,
    places: &[Range<usize>],
    first: usize,
    is_gap: fn(&str) -> bool,
    is_part: fn(&str) -> bool,
) -> Range<usize> {
    let part = |index: usize| -> Option<&str> {
        let place = places.get(index)?;
        folded.text.get(place.clone()).filter(|text| is_part(text))
    };
    let gap = |index: usize| -> Option<&str> {
        let (before, after) = (places.get(index)?, places.get(index + 1)?);
        folded.text.get(before.end..after.start)
    };
    let mut end = first + 1;
    if part(first).is_none() {
        return first..end;
    }
    while gap(end - 1).is_some_and(is_gap) && part(end).is_some() {
        end += 1;
    }
    first..end
}

fn written(folded: &Folded, places: &[Range<usize>], parts: &Range<usize>) -> String {
    let places = places.get(parts.clone()).unwrap_or_default();
    let parts = places
        .iter()
        .filter_map(|place| folded.text.get(place.clone()));
    parts.collect()
}

fn is_hyphen(gap: &str) -> bool {
    matches!(gap, "-" | "_" | "'")
}

fn is_number_gap(gap: &str) -> bool {
    let allowed = |c: char| matches!(c, ' ' | '\u{A0}' | '(' | ')' | '-' | '.' | '/');
    (1..=GAP).contains(&gap.chars().count()) && gap.chars().all(allowed)
}
