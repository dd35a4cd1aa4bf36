//! Identifiers: the platform's text ids for users, UUIDs for conversations and messages, and internal numbers.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

pub use socketio::queue::SessionId;

use super::refusal::Refusal;

/// The platform's id of a user: 1–128 characters of `A–Z a–z 0–9 . _ : @ -`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Parses a text of that form; the refusal names `field`.
    pub fn parse(text: &str, field: impl Into<Cow<'static, str>>) -> Result<Self, Refusal> {
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '@' | '-');
        if text.is_empty() || text.len() > 128 || !text.chars().all(allowed) {
            return Err(Refusal::invalid(
                field,
                "must be 1–128 characters of A–Z a–z 0–9 . _ : @ -",
            ));
        }
        Ok(Self(text.into()))
    }

    /// An id from the database, which was parsed before it was stored.
    pub fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// A user's number in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserNo(pub i64);

/// A business's number in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BusinessNo(pub i64);

/// A conversation's number in the database. It is below 2^60, because a message id has 60 bits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationNo(pub i64);

/// The number of a change within its conversation, from 1, without gaps.
pub type Seq = i64;

/// The version of a conversation's rules for who may send what. Each change of participants, status or deal
/// raises it.
pub type PolicyVersion = i64;

/// A conversation's public id, a UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationId(pub Uuid);

impl ConversationId {
    /// A new id; ids sort by creation time.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// Parses the text form of a UUID.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        parse_uuid(text, field).map(Self)
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Distinguishes a join of a session from its other joins, and what it hears after its room has gone from what it heard before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct JoinNo {
    asked: u64,
    resumed: u64,
}

impl JoinNo {
    /// The number of the next join that is asked for.
    pub fn next(self) -> Self {
        Self {
            asked: self.asked + 1,
            resumed: 0,
        }
    }

    /// The number under which a session goes on whose room has gone.
    pub fn resumed(self) -> Self {
        Self {
            resumed: self.resumed + 1,
            ..self
        }
    }
}

/// A message's public id: a UUIDv8 (RFC 9562, section 5.8) that packs the conversation's number (60 bits) and
/// the seq (61 bits), so that ids need no index.
///
/// ```
/// use stoa::domain::ids::{ConversationNo, MessageId};
///
/// // The number's upper 48 bits, the version 8, the number's lower 12 bits; the variant (binary 10), the seq.
/// let id = MessageId { conversation: ConversationNo(0x1234), seq: 7 };
/// let uuid = id.to_uuid();
/// assert_eq!(uuid.to_string(), "00000000-0001-8234-8000-000000000007");
/// assert_eq!(MessageId::from_uuid(uuid), Some(id));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId {
    /// The conversation's number.
    pub conversation: ConversationNo,
    /// The seq with which the message was sent.
    pub seq: Seq,
}

impl MessageId {
    /// The UUID.
    pub fn to_uuid(self) -> Uuid {
        packed(self.conversation, self.seq)
    }

    /// Unpacks a UUID; `None` if it is not a message id.
    pub fn from_uuid(id: Uuid) -> Option<Self> {
        if id.get_version_num() != 8 {
            return None;
        }
        let bits = id.as_u128();
        let high = ((bits >> 80) as u64) << 12 | ((bits >> 64) as u64 & 0xfff);
        let low = bits as u64 & ((1 << 62) - 1);
        let found = Self {
            conversation: ConversationNo(high as i64),
            seq: low as i64,
        };
        (found.to_uuid() == id && (1..PARTICIPANT).contains(&found.seq)).then_some(found)
    }

    /// Parses the text form; `Ok(None)` for a valid UUID that is not a message id.
    pub fn parse(text: &str, field: &'static str) -> Result<Option<Self>, Refusal> {
        parse_uuid(text, field).map(Self::from_uuid)
    }
}

impl Serialize for MessageId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_uuid().serialize(serializer)
    }
}

/// The bit that tells a participant's id from a message's.
const PARTICIPANT: i64 = 1 << 61;

/// A participant's public id: a UUIDv8 that packs the conversation's number (60 bits), a bit that no message's id has, and the
/// user's number (61 bits). It stays the same when they leave and come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParticipantId {
    /// The conversation's number.
    pub conversation: ConversationNo,
    /// The user's number.
    pub user: UserNo,
}

impl ParticipantId {
    /// The UUID.
    pub fn to_uuid(self) -> Uuid {
        packed(self.conversation, self.user.0 | PARTICIPANT)
    }
}

impl Serialize for ParticipantId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_uuid().serialize(serializer)
    }
}

/// A notification's number in the database. Its public id is a UUIDv8 with the conversation's number 0, which no conversation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoticeNo(pub i64);

impl NoticeNo {
    /// The public id.
    pub fn to_uuid(self) -> Uuid {
        packed(ConversationNo(0), self.0)
    }

    /// Parses the text of a public id; `Ok(None)` for another valid UUID.
    pub fn parse(text: &str, field: &'static str) -> Result<Option<Self>, Refusal> {
        let id = MessageId::parse(text, field)?;
        let own = id.filter(|id| id.conversation == ConversationNo(0));
        Ok(own.map(|id| Self(id.seq)))
    }
}

/// A UUIDv8 with a conversation's number and 62 bits of another.
fn packed(conversation: ConversationNo, other: i64) -> Uuid {
    let high = conversation.0 as u64 & ((1 << 60) - 1);
    let low = other as u64 & ((1 << 62) - 1);
    let bits = (u128::from(high >> 12) << 80) | (u128::from(high & 0xfff) << 64) | u128::from(low);
    uuid::Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid()
}

fn parse_uuid(text: &str, field: &'static str) -> Result<Uuid, Refusal> {
    let hyphenated = text.len() == 36;
    match Uuid::try_parse(text) {
        Ok(id) if hyphenated => Ok(id),
        Ok(_) | Err(_) => Err(Refusal::invalid(field, "must be a UUID")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_message_id_comes_back_from_its_uuid(no in 1i64..(1 << 47), seq in 1i64..(1 << 50)) {
            let id = MessageId { conversation: ConversationNo(no), seq };
            prop_assert_eq!(MessageId::from_uuid(id.to_uuid()), Some(id));
        }

        #[test]
        fn no_participant_has_the_id_of_a_message_or_of_another_participant(
            a in (1i64..(1 << 47), 1i64..(1 << 50)), b in (1i64..(1 << 47), 1i64..(1 << 50)),
        ) {
            let id = |(no, user)| ParticipantId { conversation: ConversationNo(no), user: UserNo(user) };
            prop_assert_eq!(MessageId::from_uuid(id(a).to_uuid()), None);
            prop_assert_eq!(id(a).to_uuid() == id(b).to_uuid(), a == b);
        }

        #[test]
        fn message_ids_sort_by_conversation_and_seq(a in (1i64..9999, 1i64..9999), b in (1i64..9999, 1i64..9999)) {
            let id = |(no, seq)| MessageId { conversation: ConversationNo(no), seq };
            prop_assert_eq!(a.cmp(&b), id(a).to_uuid().cmp(&id(b).to_uuid()));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in ".*") {
            let _ = UserId::parse(&text, "user_id");
            let _ = ConversationId::parse(&text, "conversation_id");
            let _ = MessageId::parse(&text, "message_id");
        }
    }

    #[test]
    fn a_foreign_uuid_is_no_message() {
        assert_eq!(MessageId::from_uuid(Uuid::now_v7()), None);
        assert!(MessageId::parse("nonsense", "message_id").is_err());
    }

    #[test]
    fn user_ids_keep_to_their_alphabet() {
        assert!(UserId::parse("auth0:alice@example.com", "sub").is_ok());
        for wrong in ["", "a b", "a/b", "é", "a\0", &"x".repeat(129)] {
            assert!(UserId::parse(wrong, "sub").is_err(), "{wrong:?}");
        }
    }
}
