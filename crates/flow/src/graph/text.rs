//! Estimates the width of texts and fits them, because an SVG cannot measure text.

/// The approximate width of a text in pixels at this font size; rather too large than too small.
pub(super) fn width(text: &str, size: i32) -> i32 {
    let tenths = text.chars().map(|character| match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' => 3,
        'm' | 'w' | 'M' | 'W' => 9,
        'A'..='Z' | '→' | '…' => 8,
        character if u32::from(character) >= 0x1100 => 12,
        _ => 6,
    });
    let total: i32 = tenths.fold(0, i32::saturating_add);
    total.saturating_mul(size) / 10
}

/// The text shortened to this width, with an ellipsis.
pub(super) fn shortened(text: &str, most: i32, size: i32) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if width(&format!("{kept}{character}…"), size) > most {
            break;
        }
        kept.push(character);
    }
    format!("{}…", kept.trim_end())
}

/// The text broken between words into lines of at most this width.
pub(super) fn wrapped(text: &str, most: i32, size: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = shortened(word, most, size);
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= most => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_made_to_fit() {
        assert_eq!(shortened("abcdef", 400, 10), "abcdef");
        assert_eq!(shortened("abcdef", 30, 10), "abc…");
        assert_eq!(wrapped("one two three", 45, 10), ["one two", "three"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_line_is_too_wide(text in "\\PC{0,200}", most in 40_i32..400) {
            prop_assert!(width(&shortened(&text, most, 11), 11) <= most);
            prop_assert!(wrapped(&text, most, 11).iter().all(|line| width(line, 11) <= most));
        }
    }
}
