//! The bytes of an event, encoded at most once for each dialect, and for each role where the content depends on the role.

use bytestring::ByteString;
use std::sync::OnceLock;

use super::dialect::Dialect;
use super::ids::UserNo;

/// An event encoded in one dialect, for everybody or for one role.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The bytes.
    pub bytes: ByteString,
    /// Who else gets the same bytes.
    pub shared_by: SharedBy,
    /// Different bytes for the connections of the user who caused the event.
    pub own: Option<(UserNo, ByteString)>,
    /// Whether no other frame with the same seq follows in this dialect.
    pub is_last_of_seq: bool,
}

/// Who gets the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedBy {
    /// Everybody who gets the event.
    Everybody,
    /// Participants with the same role.
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

    /// Bytes for participants with one role.
    pub fn for_role(bytes: ByteString) -> Self {
        Self {
            shared_by: SharedBy::Role,
            ..Self::for_everybody(bytes)
        }
    }

    /// How many times the event was encoded. The sender's copy of a shared event is spliced from it, not encoded.
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

/// The encodings of an event that exist so far.
#[derive(Debug, Default)]
pub struct Encodings([OnceLock<Box<Variant>>; Dialect::MOST]);

/// The encoding for one role, or for everybody, linked to those for other roles. Each link is set once, so no role is encoded
/// twice, however many connections ask at the same time.
#[derive(Debug)]
struct Variant {
    role: Option<Box<str>>,
    /// `None` if the dialect has no such event.
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
    /// The encoding for this dialect and role; calls `encode` if it does not exist yet. Returns `None` if the dialect has no such
    /// event.
    pub fn get(
        &self,
        dialect: Dialect,
        role: Option<&str>,
        encode: impl Fn() -> Option<Encoded>,
    ) -> Option<&Encoded> {
        let mut slot = self.0.get(dialect.index())?;
        loop {
            let variant = slot.get_or_init(|| {
                Box::new(Variant {
                    role: role.map(Into::into),
                    encoded: encode(),
                    next: OnceLock::new(),
                })
            });
            if variant.is_for(role) {
                return variant.encoded.as_ref();
            }
            slot = &variant.next;
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
