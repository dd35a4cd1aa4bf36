//! Reads reactions and pins.

use chrono::{DateTime, SubsecRound, Utc};
use serde::Deserialize;
use std::borrow::Cow;

use super::decode::{Request, message_id};
use super::read::read;
use crate::domain::annotation::Placing;
use crate::domain::command::Command;
use crate::domain::emoji::Emoji;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::refusal::Refusal;

#[derive(Deserialize)]
struct ReactData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    emoji: Cow<'a, str>,
}

/// Reads the payload of a reaction, or of one that ends.
pub(super) fn react(data: &str, placing: Placing) -> Result<Request, Refusal> {
    let data: ReactData<'_> = read(data)?;
    let emoji = Emoji::parse(&data.emoji)?;
    about(&data.conversation_id, &data.message_id, |message| {
        Command::React {
            message,
            emoji,
            placing,
        }
    })
}

#[derive(Deserialize)]
struct PinData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// Reads the payload of a pin.
pub(super) fn pin(data: &str) -> Result<Request, Refusal> {
    let data: PinData<'_> = read(data)?;
    about(&data.conversation_id, &data.message_id, |message| {
        pinning(message, data.expires_at)
    })
}

/// Reads the payload of a pin that ends.
pub(super) fn unpin(data: &str) -> Result<Request, Refusal> {
    let data: PinData<'_> = read(data)?;
    about(&data.conversation_id, &data.message_id, |message| {
        Command::Unpin { message }
    })
}

/// The command to pin a message. The database keeps microseconds.
pub(super) fn pinning(message: MessageId, expires_at: Option<DateTime<Utc>>) -> Command {
    Command::Pin {
        message,
        expires_at: expires_at.map(|at| at.trunc_subsecs(6)),
    }
}

fn about(
    conversation: &str,
    message: &str,
    command: impl FnOnce(MessageId) -> Command,
) -> Result<Request, Refusal> {
    let conversation = ConversationId::parse(conversation, "conversation_id")?;
    Ok(Request::Command {
        conversation,
        command: command(message_id(message, "message_id")?),
    })
}
