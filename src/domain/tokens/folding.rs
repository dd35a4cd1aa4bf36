//! Folds text so that what reads the same is the same: compatibility forms, case, invisible characters. Remembers
//! where each part was written.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::props::{
    DefaultIgnorableCodePoint, ExtendedPictographic, GeneralCategory, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

use super::Span;

/// Letters that have an accent in them and no decomposition.
const LETTERS: [(char, &str); 9] = [
    ('ø', "o"),
    ('ł', "l"),
    ('đ', "d"),
    ('ħ', "h"),
    ('ı', "i"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ð', "d"),
    ('þ', "th"),
];
/// The marks that make が of か. They distinguish letters and are no accents.
const VOICED: [char; 2] = ['\u{3099}', '\u{309A}'];
const JOINER: char = '\u{200D}';

/// A folded text.
pub(super) struct Folded {
    pub(super) text: String,
    origin: Origin,
}

/// Where the folded text comes from.
enum Origin {
    /// Each byte is one character.
    Ascii,
    /// Where each cluster of characters begins, in bytes of the folded text and in characters of the original; at
    /// the end, where both end.
    Clusters(Vec<(usize, u32)>),
}

impl Folded {
    /// The characters of the original from which a part of the folded text comes.
    pub(super) fn span(&self, part: &Range<usize>) -> Span {
        match &self.origin {
            Origin::Ascii => part.start as u32..part.end as u32,
            Origin::Clusters(clusters) => {
                // Clusters that fold to nothing begin where the next one begins.
                let first = clusters.partition_point(|(byte, _)| *byte <= part.start);
                let after = clusters.partition_point(|(byte, _)| *byte < part.end);
                let place = |index: usize| clusters.get(index).map_or(0, |(_, at)| *at);
                place(first.saturating_sub(1))..place(after)
            }
        }
    }
}

/// Folds a text.
pub(super) fn fold(text: &str) -> Folded {
    if text.is_ascii() {
        return Folded {
            text: text.to_ascii_lowercase(),
            origin: Origin::Ascii,
        };
    }
    let (mut folded, mut clusters) = (String::with_capacity(text.len()), Vec::new());
    let mut characters = 0;
    for cluster in text.graphemes(true) {
        clusters.push((folded.len(), characters));
        fold_cluster(cluster, &mut folded);
        characters += cluster.chars().count() as u32;
    }
    clusters.push((folded.len(), characters));
    Folded {
        text: folded,
        origin: Origin::Clusters(clusters),
    }
}

fn fold_cluster(cluster: &str, folded: &mut String) {
    if cluster.is_ascii() {
        return folded.push_str(&cluster.to_ascii_lowercase());
    }
    let compose = ComposingNormalizer::new_nfkc();
    let same = compose.normalize(cluster);
    let small = CaseMapper::new().fold_string(&same);
    let kept = |c: &char| is_kept(*c, cluster);
    let visible: String = small.chars().filter(kept).map(plain_apostrophe).collect();
    folded.push_str(&compose.normalize(&visible));
}

fn is_kept(c: char, cluster: &str) -> bool {
    let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    !is_ignorable || (c == JOINER && cluster.chars().any(is_pictograph))
}

fn plain_apostrophe(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{2BC}' => '\'',
        '\u{2010}'..='\u{2013}' => '-',
        other => other,
    }
}

/// Whether a character is the picture of an emoji.
pub(super) fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

/// Whether a character is a mark on the one before it.
pub(super) fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    let category = || CodePointMapData::<GeneralCategory>::new().get(c);
    !c.is_ascii() && matches!(category(), EnclosingMark | NonspacingMark | SpacingMark)
}

/// A folded word without its accents; `None` if it has none.
pub(super) fn without_accents(word: &str) -> Option<String> {
    if word.is_ascii() {
        return None;
    }
    let apart = DecomposingNormalizer::new_nfd().normalize(word);
    let mut bare = String::with_capacity(word.len());
    for c in apart.chars().filter(|c| !is_accent(*c)) {
        match LETTERS.iter().find(|(letter, _)| *letter == c) {
            Some((_, plain)) => bare.push_str(plain),
            None => bare.push(c),
        }
    }
    let bare = ComposingNormalizer::new_nfc().normalize(&bare).into_owned();
    (bare != word && !bare.is_empty()).then_some(bare)
}

/// Whether a mark may be left out without making another word: those of no script, such as the acute accent and
/// the vowel signs of Arabic, and the points of Hebrew.
fn is_accent(c: char) -> bool {
    let is_point = matches!(c, '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}'..='\u{5C2}' | '\u{5C4}'..='\u{5C7}');
    let script = || CodePointMapData::<Script>::new().get(c);
    is_point || (is_mark(c) && script() == Script::Inherited && !VOICED.contains(&c))
}
