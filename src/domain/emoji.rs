//! One emoji, as it is stored and compared.

use icu_properties::CodePointSetData;
use icu_properties::props::{Emoji as EmojiProperty, EmojiModifier, EmojiPresentation};
use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation;

use super::refusal::Refusal;

/// The most bytes of a text that can be one emoji; the longest that fonts have needs 35.
const MOST_BYTES: usize = 64;
/// Says that the character before it is a picture and no letter.
const AS_PICTURE: char = '\u{FE0F}';
/// Says that the character before it is a letter and no picture.
const AS_TEXT: char = '\u{FE0E}';
/// Joins two emoji to one.
const JOINER: char = '\u{200D}';
/// Makes a key of the digit before it.
const KEYCAP: char = '\u{20E3}';
/// The last character of a flag that is spelled with tags.
const LAST_TAG: char = '\u{E007F}';

/// One emoji. Two texts that show the same picture are equal: each character that can also be a letter is followed by the sign that it is
/// a picture, as in Unicode's list of fully-qualified emoji.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Emoji(Arc<str>);

impl Emoji {
    /// Parses a text that is one emoji; the refusal names `emoji`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let plain: String = text
            .chars()
            .filter(|c| !matches!(*c, AS_PICTURE | AS_TEXT))
            .collect();
        let fits = text.len() <= MOST_BYTES && is_one_emoji(&plain);
        fits.then(|| Self(qualified(&plain).into()))
            .ok_or_else(|| Refusal::invalid("emoji", "must be one emoji"))
    }

    /// An emoji from the database, which was parsed before it was stored.
    pub fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text without signs of presentation is an emoji sequence (UTS #51, ED-17) that is shown as one picture.
fn is_one_emoji(plain: &str) -> bool {
    if plain.graphemes(true).count() != 1 {
        return false;
    }
    let mut rest = plain.chars().peekable();
    loop {
        if !takes_element(&mut rest) {
            return false;
        }
        match rest.next() {
            None => return true,
            Some(JOINER) => {}
            Some(_) => return false,
        }
    }
}

/// Takes one picture with what belongs to it; false if there is none.
fn takes_element(rest: &mut Peekable<Chars<'_>>) -> bool {
    match rest.next() {
        Some('0'..='9' | '#' | '*') => rest.next() == Some(KEYCAP),
        Some(first) if is_flag_letter(first) => rest.next().is_some_and(is_flag_letter),
        Some(first) if is_emoji(first) && !is_skin(first) => {
            let has_skin = rest.next_if(|c| is_skin(*c)).is_some();
            has_skin || takes_tags(rest)
        }
        Some(_) | None => false,
    }
}

/// Takes the tags that spell a region after a flag; false if their end is missing.
fn takes_tags(rest: &mut Peekable<Chars<'_>>) -> bool {
    let is_tag = |c: &char| ('\u{E0020}'..='\u{E007E}').contains(c);
    match rest.next_if(is_tag) {
        None => true,
        Some(_) => {
            while rest.next_if(is_tag).is_some() {}
            rest.next() == Some(LAST_TAG)
        }
    }
}

/// The text with the signs that all its characters are pictures.
fn qualified(plain: &str) -> String {
    let mut qualified = String::with_capacity(plain.len() + AS_PICTURE.len_utf8());
    let mut rest = plain.chars().peekable();
    while let Some(c) = rest.next() {
        qualified.push(c);
        let is_letter_too = is_emoji(c) && !is_shown_as_picture(c);
        if is_letter_too && !rest.peek().is_some_and(|next| is_skin(*next)) {
            qualified.push(AS_PICTURE);
        }
    }
    qualified
}

fn is_flag_letter(c: char) -> bool {
    ('\u{1F1E6}'..='\u{1F1FF}').contains(&c)
}

fn is_emoji(c: char) -> bool {
    CodePointSetData::new::<EmojiProperty>().contains(c)
}

fn is_skin(c: char) -> bool {
    CodePointSetData::new::<EmojiModifier>().contains(c)
}

fn is_shown_as_picture(c: char) -> bool {
    CodePointSetData::new::<EmojiPresentation>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Option<String> {
        let emoji = Emoji::parse(text).ok()?;
        Some(emoji.as_str().to_owned())
    }

    #[test]
    fn one_emoji_is_one() {
        for whole in [
            "👍",
            "👍🏽",
            "❤️",
            "☝🏽",
            "1️⃣",
            "#️⃣",
            "🇩🇪",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "👩🏻‍❤️‍💋‍👨🏽",
            "🏳️‍🌈",
            "🤷‍♀️",
            "⛹️‍♀️",
            "©️",
        ] {
            assert_eq!(parsed(whole).as_deref(), Some(whole), "{whole}");
        }
        for other in [
            "",
            "a",
            "1",
            "👍👍",
            "👍a",
            " 👍",
            "🇩",
            "👍\u{200D}",
            "\u{200D}👍",
            "\u{FE0F}",
            "🏽",
            ":+1:",
            "é",
            "\0",
            "<b>",
            "🏴\u{E0067}",
        ] {
            assert_eq!(parsed(other), None, "{other:?}");
        }
        assert_eq!(parsed(&"👩\u{200D}".repeat(20)), None);
    }

    #[test]
    fn spellings_of_one_picture_are_one_emoji() {
        for (one, other) in [
            ("❤", "❤️"),
            ("❤\u{FE0E}", "❤️"),
            ("🏳\u{200D}🌈", "🏳️‍🌈"),
            ("1\u{20E3}", "1️⃣"),
        ] {
            assert_eq!(parsed(one), parsed(other), "{one}");
            assert_eq!(parsed(one).as_deref(), Some(other));
        }
    }

    proptest! {
        #[test]
        fn what_was_parsed_stays_as_it_is(text in "[👍❤🏽♀1#©\u{200D}\u{FE0F}\u{20E3}🇩🇪👩a]{1,6}") {
            if let Some(once) = parsed(&text) {
                prop_assert_eq!(parsed(&once), Some(once.clone()));
                prop_assert_eq!(once.graphemes(true).count(), 1);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,12}") {
            let _ = Emoji::parse(&text);
        }
    }
}
