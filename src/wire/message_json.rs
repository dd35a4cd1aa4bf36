//! A message as JSON between servers. What is absent is left out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

use super::entry_json::stored_user;
use crate::domain::attachment::Attachment;
use crate::domain::forwarding::{Forwarded, Origin};
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserNo};
use crate::domain::mention::Mention;
use crate::domain::message::{Audience, ClientIdOrigin, Content, Message, MessageKind};
use crate::domain::thread::{InThread, Shown};

/// The number of a conversation and the seq of a message in it.
pub(super) type IdJson = (i64, Seq);

#[derive(Serialize, Deserialize)]
pub(super) struct MessageJson<'a> {
    id: IdJson,
    sender: i64,
    #[serde(borrow)]
    sender_id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    client_id: Cow<'a, str>,
    origin: OriginJson,
    #[serde(borrow)]
    body: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<IdJson>,
    #[serde(default, skip_serializing_if = "is_empty")]
    attachments: Cow<'a, [Attachment]>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    context: Option<&'a RawValue>,
    kind: MessageKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience: Option<AudienceJson<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forwarded: Option<Origin>,
    /// The seq of the message whose thread it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread: Option<Seq>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    also_in_conversation: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    card: Option<&'a RawValue>,
    #[serde(with = "chrono::serde::ts_microseconds")]
    created_at: DateTime<Utc>,
    #[serde(
        with = "chrono::serde::ts_microseconds_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    edited_at: Option<DateTime<Utc>>,
    #[serde(
        with = "chrono::serde::ts_microseconds_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OriginJson {
    Client,
    Server,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AudienceJson<'a> {
    #[serde(borrow)]
    Role(Cow<'a, str>),
    User(i64),
}

fn is_empty(attachments: &[Attachment]) -> bool {
    attachments.is_empty()
}

impl<'a> From<&'a Message> for MessageJson<'a> {
    fn from(message: &'a Message) -> Self {
        let content = &*message.content;
        Self {
            id: id_json(message.id),
            sender: message.sender.0,
            sender_id: message.sender_id.as_str().into(),
            actor_id: message.actor_id.as_ref().map(|id| id.as_str().into()),
            client_id: content.client_id.as_str().into(),
            origin: match content.origin {
                ClientIdOrigin::Client => OriginJson::Client,
                ClientIdOrigin::Server => OriginJson::Server,
            },
            body: content.body.as_str().into(),
            reply_to: content.reply_to.map(id_json),
            attachments: Cow::Borrowed(&content.attachments),
            context: content.context.as_deref(),
            kind: content.kind,
            audience: content.audience.as_ref().map(Into::into),
            mentions: content.mentions.iter().map(Mention::text).collect(),
            forwarded: content.forwarded.as_ref().and_then(|it| it.origin.clone()),
            thread: content.thread.map(|it| it.root.seq),
            also_in_conversation: content
                .thread
                .is_some_and(|it| it.shown.is_in_conversation()),
            card: message.card.as_deref(),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
        }
    }
}

impl From<MessageJson<'_>> for Message {
    fn from(read: MessageJson<'_>) -> Self {
        let content = Content {
            client_id: read.client_id.into_owned(),
            origin: match read.origin {
                OriginJson::Client => ClientIdOrigin::Client,
                OriginJson::Server => ClientIdOrigin::Server,
            },
            body: read.body.into_owned(),
            reply_to: read.reply_to.map(id_of),
            attachments: read.attachments.into_owned(),
            context: read.context.map(ToOwned::to_owned),
            kind: read.kind,
            audience: read.audience.map(Into::into),
            mentions: read.mentions.into_iter().map(Mention::stored).collect(),
            forwarded: read.forwarded.map(Forwarded::stored),
            thread: read.thread.map(|seq| InThread {
                root: id_of((read.id.0, seq)),
                shown: Shown::of(read.also_in_conversation),
            }),
        };
        Self {
            id: id_of(read.id),
            sender: UserNo(read.sender),
            sender_id: stored_user(read.sender_id),
            actor_id: read.actor_id.map(stored_user),
            content: Arc::new(content),
            card: read.card.map(|card| card.to_owned().into()),
            created_at: read.created_at,
            edited_at: read.edited_at,
            deleted_at: read.deleted_at,
            from_blocked: false,
        }
    }
}

pub(super) fn id_json(id: MessageId) -> IdJson {
    (id.conversation.0, id.seq)
}

pub(super) fn id_of((conversation, seq): IdJson) -> MessageId {
    MessageId {
        conversation: ConversationNo(conversation),
        seq,
    }
}

impl<'a> From<&'a Audience> for AudienceJson<'a> {
    fn from(audience: &'a Audience) -> Self {
        match audience {
            Audience::Role(role) => Self::Role(role.as_str().into()),
            Audience::User(user) => Self::User(user.0),
        }
    }
}

impl From<AudienceJson<'_>> for Audience {
    fn from(read: AudienceJson<'_>) -> Self {
        match read {
            AudienceJson::Role(role) => Self::Role(role.into_owned()),
            AudienceJson::User(user) => Self::User(UserNo(user)),
        }
    }
}
