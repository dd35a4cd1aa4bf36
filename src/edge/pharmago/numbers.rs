//! Whole numbers as ids: a room's is its conversation's number; a participant's and a message's is made of two numbers.

use crate::domain::ids::{ConversationNo, MessageId, ParticipantId, UserNo};
use crate::domain::refusal::Refusal;
use crate::edge::http::call::FromPath;

/// Two numbers as one, as small as they allow (Szudzik's pairing): each pair has its own number.
///
/// Numbers below 2^31 give numbers below 2^62.
fn paired(one: i64, other: i64) -> i64 {
    match one < other {
        true => other.saturating_mul(other).saturating_add(one),
        false => one
            .saturating_mul(one)
            .saturating_add(one)
            .saturating_add(other),
    }
}

/// The two numbers of a pair; `None` for what is none.
fn parts(pair: i64) -> Option<(i64, i64)> {
    if pair < 0 {
        return None;
    }
    let root = pair.isqrt();
    let rest = pair - root * root;
    match rest < root {
        true => Some((rest, root)),
        false => Some((root, rest - root)),
    }
}

/// The number of a message.
pub(super) fn of_message(id: MessageId) -> i64 {
    paired(id.conversation.0, id.seq)
}

/// The message with this number, if there can be one.
pub(super) fn message(number: i64) -> Option<MessageId> {
    let (conversation, seq) = parts(number)?;
    let id = MessageId {
        conversation: ConversationNo(conversation),
        seq,
    };
    (conversation > 0 && seq > 0).then_some(id)
}

/// The number of a participant.
pub(super) fn of_participant(id: ParticipantId) -> i64 {
    paired(id.conversation.0, id.user.0)
}

/// The participant with this number, if there can be one.
pub(super) fn participant(number: i64) -> Option<ParticipantId> {
    let (conversation, user) = parts(number)?;
    Some(ParticipantId {
        conversation: ConversationNo(conversation),
        user: UserNo(user),
    })
}

/// A room, as a path names it.
#[derive(Clone, Copy)]
pub struct RoomNumber(pub(super) ConversationNo);

/// A participant, as a path names them.
#[derive(Clone, Copy)]
pub struct ParticipantNumber(pub(super) ParticipantId);

/// A message, as a path names it.
#[derive(Clone, Copy)]
pub struct MessageNumber(pub(super) MessageId);

/// The number in a path; what is no number is no path.
fn number(text: &str) -> Result<i64, Refusal> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or(Refusal::RouteNotFound)
}

impl FromPath for RoomNumber {
    type Parts = String;
    fn parse(text: String) -> Result<Self, Refusal> {
        Ok(Self(ConversationNo(number(&text)?)))
    }
}

impl FromPath for ParticipantNumber {
    type Parts = String;
    fn parse(text: String) -> Result<Self, Refusal> {
        let found = participant(number(&text)?);
        found.map(Self).ok_or(Refusal::ParticipantNotFound)
    }
}

impl FromPath for MessageNumber {
    type Parts = String;
    fn parse(text: String) -> Result<Self, Refusal> {
        let found = message(number(&text)?);
        found.map(Self).ok_or(Refusal::MessageNotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pair_comes_back_from_its_number(one in 0i64..(1 << 31), other in 0i64..(1 << 31)) {
            prop_assert_eq!(parts(paired(one, other)), Some((one, other)));
        }

        #[test]
        fn every_number_is_a_pair(number in 0i64..(1 << 62)) {
            let (one, other) = parts(number).unwrap();
            prop_assert_eq!(paired(one, other), number);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = number(&text);
        }
    }
}
