//! The recovery offset of a Socket.IO client: one text for all conversations that it has joined, such as
//! `3:41.17.9`.

use std::fmt;

use super::ids::Seq;

/// The most conversations that one session may join.
pub const MOST_JOINED: usize = 1_000;

/// The version of a list of conversations, and the last received seq of each, in order of joining.
///
/// For Socket.IO an offset is a text without a meaning: the client keeps the last one that it was given, and sends it when it comes
/// back ("Connection state recovery" in the documentation of Socket.IO 4).
///
/// ```
/// use stoa::domain::offset::Offset;
///
/// // The third list; its conversations stand at the seqs 41, 17 and 9.
/// let offset = Offset { list: 3, seqs: vec![41, 17, 9] };
/// assert_eq!(offset.to_string(), "3:41.17.9");
/// assert_eq!(Offset::parse("3:41.17.9"), Some(offset));
/// assert_eq!(Offset::parse("3:41,17"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offset {
    /// The version of the list.
    pub list: i64,
    /// One seq for each conversation.
    pub seqs: Vec<Seq>,
}

impl Offset {
    /// Parses an offset from a client; `None` if the server cannot have issued it.
    pub fn parse(text: &str) -> Option<Self> {
        let (list, seqs) = text.split_once(':')?;
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
        let seqs: Option<Vec<Seq>> = match seqs {
            "" => Some(Vec::new()),
            some => some.split('.').take(MOST_JOINED + 1).map(number).collect(),
        };
        let (list, seqs) = (number(list)?, seqs?);
        (seqs.len() <= MOST_JOINED).then_some(Self { list, seqs })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_offset(formatter, self.list, self.seqs.iter().copied())
    }
}

/// Writes an offset for a client.
pub fn write_offset(
    to: &mut impl fmt::Write,
    list: i64,
    seqs: impl IntoIterator<Item = Seq>,
) -> fmt::Result {
    write!(to, "{list}:")?;
    for (index, seq) in seqs.into_iter().enumerate() {
        let separator = if index == 0 { "" } else { "." };
        write!(to, "{separator}{seq}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_given_is_read_again(list in 0i64.., seqs in prop::collection::vec(0i64.., 0..20)) {
            let offset = Offset { list, seqs };
            prop_assert_eq!(Offset::parse(&offset.to_string()), Some(offset));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = Offset::parse(&text);
        }
    }

    /// An offset that names its conversations, with a tag of the client, needs no list in the database. It would be too long: an event
    /// of 100 joined conversations may grow by 5 % at most.
    #[test]
    fn an_offset_that_names_its_conversations_would_be_too_long() {
        // Messages of the two dialects have about so many bytes; numbers of conversations have six digits.
        for (event, wanted) in [(450, 181), (1_500, 136)] {
            let seqs = (0..100).map(|index| 100 + 7 * index);
            let mut list = String::new();
            write_offset(&mut list, 2_827_754_386, seqs.clone()).unwrap();
            let named = seqs.zip(100_000..).map(|(seq, no)| format!("{no}={seq}"));
            let named = format!("a3f09c1e:{}", named.collect::<Vec<_>>().join(","));
            let percent = 100 * (event + named.len()) / (event + list.len());
            assert_eq!((list.len(), named.len(), percent), (410, 1_108, wanted));
        }
    }

    #[test]
    fn what_nobody_was_given_is_none() {
        for wrong in ["", "3", "x:1", "3:1.", "3:-1", "-3:1", "3:1,2"] {
            assert_eq!(Offset::parse(wrong), None, "{wrong}");
        }
        let many = format!("1:{}", vec!["1"; MOST_JOINED + 1].join("."));
        assert_eq!(Offset::parse(&many), None);
        assert_eq!(Offset::parse("3:41.17.9").unwrap().seqs, [41, 17, 9]);
    }
}
