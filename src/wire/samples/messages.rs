//! Messages with everything that they may have.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use serde_json::value::RawValue;
use std::sync::Arc;

use super::{json, text, time, user, user_id};
use crate::domain::attachment::Attachment;
use crate::domain::forwarding::{Forwarded, Origin};
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId};
use crate::domain::mention::Mention;
use crate::domain::message::{Audience, ClientIdOrigin, Content, Message, MessageKind};
use crate::domain::thread::{InThread, Shown};

fn raw() -> impl Strategy<Value = Box<RawValue>> {
    (json(), any::<bool>()).prop_map(|(value, is_spaced)| {
        let object = serde_json::json!({ "it": value });
        let text = if is_spaced {
            serde_json::to_string_pretty(&object).unwrap()
        } else {
            object.to_string()
        };
        RawValue::from_string(text).unwrap()
    })
}

fn message_id() -> impl Strategy<Value = MessageId> {
    (any::<i64>(), any::<i64>()).prop_map(|(no, seq)| MessageId {
        conversation: ConversationNo(no),
        seq,
    })
}

fn attachment() -> impl Strategy<Value = Attachment> {
    (text(), of(text()), of(text()), of(any::<u64>())).prop_map(|(url, name, media_type, size)| {
        Attachment {
            name,
            media_type,
            size,
            ..Attachment::at(url)
        }
    })
}

fn forwarded() -> BoxedStrategy<Forwarded> {
    (of(text()), time())
        .prop_map(|(name, at)| Forwarded::stored(Origin { name, at }))
        .boxed()
}

fn mention() -> BoxedStrategy<Mention> {
    let role = "[a-z]{1,8}".prop_map(Mention::Role);
    prop_oneof![
        "u[a-z]{1,8}".prop_map(|id| Mention::User(UserId::stored(id))),
        Just(Mention::All),
        role
    ]
    .boxed()
}

fn content() -> BoxedStrategy<Content> {
    let audience = prop_oneof![
        text().prop_map(Audience::Role),
        user().prop_map(Audience::User)
    ];
    let kinds = [
        MessageKind::UserInput,
        MessageKind::System,
        MessageKind::Automated,
        MessageKind::Audit,
    ];
    (
        text(),
        select(vec![ClientIdOrigin::Client, ClientIdOrigin::Server]),
        text(),
        of(message_id()),
        vec(attachment(), 0..3),
        of(raw()),
        select(kinds.to_vec()),
        of(audience),
        (vec(mention(), 0..3), of(forwarded())),
    )
        .prop_map(
            |(
                client_id,
                origin,
                body,
                reply_to,
                attachments,
                context,
                kind,
                audience,
                (mentions, forwarded),
            )| Content {
                client_id,
                origin,
                body,
                reply_to,
                attachments,
                context,
                kind,
                audience,
                mentions,
                forwarded,
                thread: None,
            },
        )
        .boxed()
}

/// A thread in the conversation of a message.
fn in_thread(message: MessageId, seq: Seq, also_in_conversation: bool) -> InThread {
    let conversation = message.conversation;
    InThread {
        root: MessageId { conversation, seq },
        shown: Shown::of(also_in_conversation),
    }
}

pub fn message() -> BoxedStrategy<Message> {
    let sender = prop_oneof![user_id(), Just(UserId::stored(String::new()))];
    (
        message_id(),
        user(),
        sender,
        of(user_id()),
        (content(), of((any::<i64>(), any::<bool>()))),
        of(raw()),
        (time(), of(time()), of(time())),
    )
        .prop_map(
            |(id, sender, sender_id, actor_id, (content, thread), card, times)| Message {
                id,
                sender,
                sender_id,
                actor_id,
                content: Arc::new(Content {
                    thread: thread.map(|(seq, also)| in_thread(id, seq, also)),
                    ..content
                }),
                card: card.map(Arc::from),
                created_at: times.0,
                edited_at: times.1,
                deleted_at: times.2,
                from_blocked: false,
            },
        )
        .boxed()
}
