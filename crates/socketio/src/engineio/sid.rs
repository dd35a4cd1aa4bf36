//! Session ids: random, behind the tag of the node that issued them if it has one, so that a balancer can route by them.

use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The most letters of a tag.
const LETTERS: usize = 4;
/// Stands between the tag and the rest; no tag and no UUID contains it.
const SEPARATOR: char = '.';

/// A node's tag: one to four letters from a to z.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag([u8; LETTERS]);

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut letters = [0; LETTERS];
        let are_letters = text.bytes().all(|byte| byte.is_ascii_lowercase());
        if !are_letters || !(1..=LETTERS).contains(&text.len()) {
            return Err(format!(
                "a node's tag has one to {LETTERS} letters from a to z, such as a or eu"
            ));
        }
        for (letter, byte) in letters.iter_mut().zip(text.bytes()) {
            *letter = byte;
        }
        Ok(Self(letters))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = self.0.iter().take_while(|letter| **letter != 0);
        letters
            .into_iter()
            .try_for_each(|letter| write!(out, "{}", char::from(*letter)))
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

/// The id of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sid {
    /// The node that issued it.
    pub tag: Option<Tag>,
    /// The random part.
    pub id: Uuid,
}

impl FromStr for Sid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (tag, id) = match text.split_once(SEPARATOR) {
            Some((tag, id)) => (Some(tag.parse().map_err(drop)?), id),
            None => (None, text),
        };
        let id = Uuid::try_parse(id).map_err(drop)?;
        Ok(Self { tag, id })
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tag) = self.tag {
            write!(out, "{tag}{SEPARATOR}")?;
        }
        write!(out, "{}", self.id.simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tag_has_one_to_four_small_letters() {
        for good in ["a", "z", "eu", "abcd"] {
            assert_eq!(
                good.parse::<Tag>().map(|tag| tag.to_string()),
                Ok(good.to_owned())
            );
        }
        for wrong in ["", "abcde", "A", "a1", "a.", "ä", "a b", "."] {
            let said = wrong.parse::<Tag>().unwrap_err();
            assert!(said.contains("one to 4 letters"), "{wrong}: {said}");
        }
    }

    #[test]
    fn what_no_node_has_issued_is_no_id() {
        let id = Uuid::from_u128(7).simple();
        for wrong in ["", ".", "a.", "constructor", "a.constructor"] {
            assert_eq!(wrong.parse::<Sid>(), Err(()), "{wrong}");
        }
        for wrong in [format!(".{id}"), format!("A.{id}"), format!("a.b.{id}")] {
            assert_eq!(wrong.parse::<Sid>(), Err(()), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn an_id_is_read_as_it_was_written(tag in "[a-z]{0,4}", id: u128) {
            let sid = Sid { tag: tag.parse().ok(), id: Uuid::from_u128(id) };
            let written = sid.to_string();
            prop_assert_eq!(written.parse::<Sid>(), Ok(sid));
            prop_assert_eq!(written.starts_with(&format!("{tag}.")), !tag.is_empty());
        }
    }
}
