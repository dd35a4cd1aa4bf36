//! Finds the pieces of a folded text: words, pairs of signs, emoji.

use icu_properties::CodePointMapData;
use icu_properties::props::Script;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

use super::PieceKind;
use super::folding::{is_mark, is_pictograph};

/// The mark that lengthens a vowel in kana; it belongs to no script.
const LONG_VOWEL: char = 'ー';
/// The first and the last of the letters that make flags.
const FLAG_LETTERS: (char, char) = ('\u{1F1E6}', '\u{1F1FF}');

/// Calls `found` with each piece, in order.
pub(super) fn scan(text: &str, mut found: impl FnMut(PieceKind, Range<usize>)) {
    if text.is_ascii() {
        return words(text, 0, &mut found);
    }
    let mut begin = 0;
    while begin < text.len() {
        let rest = text.get(begin..).unwrap_or_default();
        let spaceless = is_spaceless(rest.chars().next().unwrap_or_default(), false);
        let end = rest.char_indices().find_map(|(at, c)| {
            let changes = is_spaceless(c, spaceless) != spaceless;
            changes.then_some(at)
        });
        let run = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        match spaceless {
            true => pairs(run, begin, &mut found),
            false => words(run, begin, &mut found),
        }
        begin += run.len().max(1);
    }
}

/// Whether a character belongs to a script that is written without spaces, or is read by parts of its words as
/// Korean is. A mark belongs to what is before it.
fn is_spaceless(c: char, before: bool) -> bool {
    if c.is_ascii() {
        return false;
    }
    if is_mark(c) {
        return before || is_of_spaceless_script(c);
    }
    c == LONG_VOWEL || c.is_alphanumeric() && is_of_spaceless_script(c)
}

fn is_of_spaceless_script(c: char) -> bool {
    let scripts = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
        Script::Thai,
        Script::Lao,
        Script::Khmer,
        Script::Myanmar,
    ];
    scripts.contains(&CodePointMapData::<Script>::new().get(c))
}

/// Each sign with the next one, and the last sign alone. A sign is a character with its marks.
fn pairs(run: &str, offset: usize, found: &mut impl FnMut(PieceKind, Range<usize>)) {
    let is_start = |(at, c): &(usize, char)| *at == 0 || !is_mark(*c);
    let starts = run.char_indices().filter(is_start).map(|(at, _)| at);
    let mut starts: Vec<usize> = starts.collect();
    starts.push(run.len());
    for three in starts.windows(3) {
        if let [first, _, end] = three {
            found(PieceKind::Pair, offset + first..offset + end);
        }
    }
    if let [.., last, end] = starts.as_slice() {
        found(PieceKind::Single, offset + last..offset + end);
    }
}

/// The words and emoji of a run; a word with a dot, an underscore or an apostrophe in it is several.
fn words(run: &str, offset: usize, found: &mut impl FnMut(PieceKind, Range<usize>)) {
    for (at, segment) in run.split_word_bound_indices() {
        let at = offset + at;
        if segment.contains(char::is_alphanumeric) {
            parts(segment, at, found);
        } else if segment.contains(is_emoji) {
            found(PieceKind::Emoji, at..at + segment.len());
        }
    }
}

fn parts(segment: &str, offset: usize, found: &mut impl FnMut(PieceKind, Range<usize>)) {
    let mut begun: Option<usize> = None;
    for (at, c) in segment.char_indices() {
        let belongs = c.is_alphanumeric() || (begun.is_some() && is_mark(c));
        match (belongs, begun) {
            (true, None) => begun = Some(at),
            (false, Some(start)) => {
                found(PieceKind::Word, offset + start..offset + at);
                begun = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    if let Some(start) = begun {
        found(PieceKind::Word, offset + start..offset + segment.len());
    }
}

fn is_emoji(c: char) -> bool {
    is_pictograph(c) || (FLAG_LETTERS.0..=FLAG_LETTERS.1).contains(&c)
}
