//! The bytes of an event, encoded at most once for each dialect, and for each role where roles are told different things.

use bytestring::ByteString;
use std::sync::OnceLock;

use super::dialect::Dialect;
use super::ids::UserNo;

/// An event in one dialect, as everybody or the people of one role are told.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The bytes.
    pub bytes: ByteString,
    /// Who else is told just this.
    pub shared_by: SharedBy,
    /// Other bytes for the connections of whoever said or did it.
    pub own: Option<(UserNo, ByteString)>,
    /// Whether another event of the same seq follows in this dialect.
    pub is_last_of_seq: bool,
}

/// Who is told the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedBy {
    /// Everybody who is told.
    Everybody,
    /// Those with the same role.
    Role,
}

impl Encoded {
    /// The same bytes for everybody.
    pub fn for_everybody(bytes: ByteString) -> Self {
        Self {
            bytes,
            shared_by: SharedBy::Everybody,
            own: None,
            is_last_of_seq: true,
        }
    }

    /// Bytes for the people of one role.
    pub fn for_role(bytes: ByteString) -> Self {
        Self {
            shared_by: SharedBy::Role,
            ..Self::for_everybody(bytes)
        }
    }

    /// How often the event was encoded for it: the sender's bytes of what everybody is told are spliced, not encoded.
    pub fn times(&self) -> u64 {
        match (self.shared_by, &self.own) {
            (SharedBy::Role, Some(_)) => 2,
            (SharedBy::Everybody, _) | (SharedBy::Role, None) => 1,
        }
    }

    /// The bytes for this reader.
    pub fn bytes_for(&self, reader: UserNo) -> &ByteString {
        match &self.own {
            Some((own, bytes)) if *own == reader => bytes,
            _ => &self.bytes,
        }
    }
}

/// What an event was encoded to so far.
#[derive(Debug, Default)]
pub struct Encodings([OnceLock<Box<Variant>>; Dialect::MOST]);

/// The encoding for one role, or for everybody, and those for other roles behind it. Each place of the chain is filled once, so
/// no role is encoded twice, however many connections ask at the same time.
#[derive(Debug)]
struct Variant {
    role: Option<Box<str>>,
    /// `None` where the dialect has no such event.
    encoded: Option<Encoded>,
    next: OnceLock<Box<Self>>,
}

impl Variant {
    fn is_for(&self, role: Option<&str>) -> bool {
        match &self.encoded {
            Some(encoded) if encoded.shared_by == SharedBy::Role => self.role.as_deref() == role,
            Some(_) | None => true,
        }
    }
}

impl Encodings {
    /// The encoding for this dialect and role, made with `encode` where nobody asked before. `None` where the dialect has no such
    /// event.
    pub fn get(
        &self,
        dialect: Dialect,
        role: Option<&str>,
        encode: impl Fn() -> Option<Encoded>,
    ) -> Option<&Encoded> {
        let mut place = self.0.get(dialect.index())?;
        loop {
            let variant = place.get_or_init(|| {
                Box::new(Variant {
                    role: role.map(Into::into),
                    encoded: encode(),
                    next: OnceLock::new(),
                })
            });
            if variant.is_for(role) {
                return variant.encoded.as_ref();
            }
            place = &variant.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dialect::Needs;
    use std::cell::Cell;

    const FIRST: Dialect = Dialect::new(0, "first", Needs::NOTHING);
    const LAST: Dialect = Dialect::new(7, "last", Needs::NOTHING);

    #[test]
    fn what_everybody_is_told_is_encoded_once_in_each_dialect() {
        let (encodings, times) = (Encodings::default(), Cell::new(0));
        let bytes = |dialect: Dialect, role| {
            let encoded = encodings.get(dialect, role, || {
                times.set(times.get() + 1);
                Some(Encoded::for_everybody(dialect.name().into()))
            });
            encoded.map(|encoded| encoded.bytes.to_string())
        };
        for role in [None, Some("a"), Some("b"), None] {
            assert_eq!(bytes(FIRST, role).as_deref(), Some("first"));
            assert_eq!(bytes(LAST, role).as_deref(), Some("last"));
        }
        assert_eq!(times.get(), 2);
    }

    #[test]
    fn each_role_has_its_own_where_roles_differ() {
        let (encodings, times) = (Encodings::default(), Cell::new(0));
        let bytes = |role: Option<&'static str>| {
            let encoded = encodings.get(FIRST, role, || {
                times.set(times.get() + 1);
                Some(Encoded::for_role(role.unwrap_or("staff").into()))
            });
            encoded.map(|encoded| encoded.bytes.to_string())
        };
        for _ in 0..2 {
            for (role, told) in [(Some("a"), "a"), (None, "staff"), (Some("b"), "b")] {
                assert_eq!(bytes(role).as_deref(), Some(told));
            }
        }
        assert_eq!(times.get(), 3);
    }

    #[test]
    fn an_event_that_a_dialect_has_not_is_asked_for_once() {
        let (encodings, times) = (Encodings::default(), Cell::new(0));
        for role in [Some("a"), Some("b")] {
            let encoded = encodings.get(FIRST, role, || {
                times.set(times.get() + 1);
                None
            });
            assert!(encoded.is_none());
        }
        assert_eq!(times.get(), 1);
    }
}
