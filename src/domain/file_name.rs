//! File names that people give: cleaned, so that no header, folder or reader is misled by them.

use std::fmt;

use super::visible::is_visible;

/// The longest name, in bytes: what file systems take.
const MOST_BYTES: usize = 200;
/// The longest ending that a name keeps when it is cut, in bytes.
const ENDING_BYTES: usize = 20;
/// The name of a file of which no name is left.
const NAMELESS: &str = "file";

/// A clean file name: 1–200 bytes, without folders, control characters, invisible characters, characters that change the
/// direction of text, and characters that file systems refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// Cleans a name. Of a path the last part is kept.
    pub fn clean(given: &str) -> Self {
        let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
        let kept: String = last.chars().filter_map(cleaned).collect();
        let words: Vec<&str> = kept.split_whitespace().collect();
        let joined = words.join(" ");
        let trimmed = joined.trim_matches(|c: char| c == '.' || c.is_whitespace());
        // Some systems hide a file whose name begins with a dot, and drop a dot at the end.
        match trimmed.is_empty() {
            true => Self(NAMELESS.to_owned()),
            false => Self(shortened(trimmed)),
        }
    }

    /// A name from the database, which was cleaned before it was stored.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn cleaned(character: char) -> Option<char> {
    match character {
        '"' | ':' | '*' | '?' | '<' | '>' | '|' => Some('_'),
        ' ' | '\u{A0}' | '\u{3000}' => Some(' '),
        _ if is_visible(character) => Some(character),
        _ => None,
    }
}

/// The name, cut before its ending if it is too long.
fn shortened(name: &str) -> String {
    if name.len() <= MOST_BYTES {
        return name.to_owned();
    }
    let ending = name.rfind('.').and_then(|at| name.get(at..));
    let ending = ending.filter(|ending| ending.len() <= ENDING_BYTES);
    let ending = ending.unwrap_or_default();
    let mut most = MOST_BYTES - ending.len();
    while !name.is_char_boundary(most) {
        most -= 1;
    }
    let kept = name.get(..most).unwrap_or_default();
    format!("{}{ending}", kept.trim_end_matches(['.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_keeps_what_can_be_read() {
        let long = format!("{}.jpeg", "ü".repeat(5_000));
        for (given, clean) in [
            ("photo.jpg", "photo.jpg"),
            ("Résumé 2024 (final).pdf", "Résumé 2024 (final).pdf"),
            ("写真.png", "写真.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\b.txt", "b.txt"),
            ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1"),
            ("say \"hi\".txt", "say _hi_.txt"),
            ("evil\u{202E}gpj.exe", "evilgpj.exe"),
            ("a\u{200B}b\0c.txt", "abc.txt"),
            ("  two   words  .txt ", "two words .txt"),
            (".htaccess", "htaccess"),
            ("..", "file"),
            ("", "file"),
            ("\u{202E}\u{200B}", "file"),
            ("folder/", "file"),
        ] {
            assert_eq!(FileName::clean(given).as_str(), clean, "{given:?}");
        }
        let short = FileName::clean(&long);
        assert!(short.as_str().ends_with("ü.jpeg") && short.as_str().len() <= MOST_BYTES);
    }

    proptest! {
        #[test]
        fn a_clean_name_is_harmless_and_stays_as_it_is(given in "\\PC{0,300}", hostile in prop::collection::vec(any::<char>(), 0..300)) {
            for given in [given, hostile.into_iter().collect()] {
                let name = FileName::clean(&given);
                let text = name.as_str();
                prop_assert!((1..=MOST_BYTES).contains(&text.len()));
                prop_assert!(!text.contains(['/', '\\', '"', '\r', '\n', '\0']));
                prop_assert!(text.chars().all(|c| c == ' ' || is_visible(c)));
                prop_assert!(!text.starts_with('.') && text.trim() == text);
                prop_assert_eq!(FileName::clean(text), name);
            }
        }
    }
}
