//! Whether a text shows anything: spaces, control characters and blank characters do not.

use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, PrependedConcatenationMark,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Blank characters that no Unicode property identifies: the empty Braille pattern, the Khitan filler, the null
/// note head.
const BLANK: [char; 3] = ['\u{2800}', '\u{16FE4}', '\u{1D159}'];

/// Whether a text shows at least one character.
pub fn shows_something(text: &str) -> bool {
    text.chars().any(is_visible)
}

/// Whether a character is visible.
pub fn is_visible(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_graphic();
    }
    !(character.is_whitespace()
        || character.is_control()
        || is_noncharacter(character)
        || BLANK.contains(&character)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || is_shapeless_format(character))
}

/// Code points that are never characters: the last two of each plane, and U+FDD0–U+FDEF.
fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}

/// Invisible format characters; signs drawn around the digits after them are visible.
fn is_shapeless_format(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    category == GeneralCategory::Format
        && !CodePointSetData::new::<PrependedConcatenationMark>().contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Characters known to show nothing.
    const NOTHING: [char; 40] = [
        ' ',
        '\t',
        '\n',
        '\r',
        '\u{0}',
        '\u{7F}',
        '\u{85}',
        '\u{A0}',
        '\u{AD}',
        '\u{34F}',
        '\u{61C}',
        '\u{115F}',
        '\u{1160}',
        '\u{1680}',
        '\u{17B4}',
        '\u{180B}',
        '\u{180E}',
        '\u{2000}',
        '\u{200B}',
        '\u{200D}',
        '\u{200E}',
        '\u{2028}',
        '\u{2029}',
        '\u{202D}',
        '\u{202E}',
        '\u{2060}',
        '\u{2064}',
        '\u{2066}',
        '\u{206F}',
        '\u{2800}',
        '\u{3000}',
        '\u{3164}',
        '\u{FE0F}',
        '\u{FEFF}',
        '\u{FFA0}',
        '\u{FFF9}',
        '\u{FFFF}',
        '\u{1D159}',
        '\u{1D173}',
        '\u{E0041}',
    ];

    #[test]
    fn letters_signs_and_emoji_show() {
        for shown in [
            "a",
            ".",
            "é",
            "ß",
            "中",
            "ا",
            "\u{600}",
            "\u{6DD}",
            "👍",
            "❤\u{FE0F}",
            "1\u{FE0F}\u{20E3}",
            "\u{301}",
            "👩\u{200D}🔧",
            "\u{2801}",
            "\u{202E}a",
        ] {
            assert!(shows_something(shown), "{shown:?}");
        }
        assert!(!shows_something(""));
    }

    proptest! {
        #[test]
        fn what_shows_nothing_alone_shows_nothing_together(
            all in prop::collection::vec(prop::sample::select(NOTHING.to_vec()), 0..30),
        ) {
            prop_assert!(!shows_something(&all.into_iter().collect::<String>()));
        }

        #[test]
        fn one_character_that_shows_is_enough(
            before in prop::collection::vec(prop::sample::select(NOTHING.to_vec()), 0..10),
            shown in "[!-~À-ÖА-я一-龥]",
            after in prop::collection::vec(prop::sample::select(NOTHING.to_vec()), 0..10),
        ) {
            let text: String = before.into_iter().chain(shown.chars()).chain(after).collect();
            prop_assert!(shows_something(&text));
        }

        #[test]
        fn what_shows_is_no_space_and_no_control(character in any::<char>()) {
            if is_visible(character) {
                prop_assert!(!character.is_whitespace() && !character.is_control());
            }
        }
    }
}
