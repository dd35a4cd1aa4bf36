//! What an event carries. The native dialect writes it as it is; another may rename its members.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::annotations::{PinnedView, ReactedView};
use super::deals::StepView;
use super::instants::maybe_instant;
use super::threads::ThreadChangedView;
use super::views::{ConversationView, MessageView, OwnView};
use crate::domain::command::Mark;
use crate::domain::ids::{ConversationId, MessageId, Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::room_event::{Change, NoticeReason, Preview, RoomEvent, View};
use crate::domain::snapshot::UnreadCount;
use crate::edge::dialect::EncodeContext;
use crate::edge::links::Links;

/// Nobody has this number, the system neither: for what everybody but a message's sender is sent.
const NOBODY: UserNo = UserNo(-1);

/// What an event carries.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::edge) enum Payload<'a> {
    /// A message, without what only its sender is sent.
    Message(MessageData<'a>),
    /// A step of a deal, for one role.
    Step(StepView<'a>),
    /// A change of a reaction.
    Reacted(ReactedView<'a>),
    /// A change of a pin.
    Pinned(PinnedView<'a>),
    /// A conversation, as it is for everybody.
    Conversation(Box<ConversationData<'a>>),
    /// A few values.
    Values(Value),
}

#[derive(Serialize)]
pub(in crate::edge) struct MessageData<'a> {
    conversation_id: ConversationId,
    seq: Seq,
    message: MessageView<'a>,
}

impl<'a> MessageData<'a> {
    /// The message for this reader.
    pub(super) fn new(
        conversation_id: ConversationId,
        seq: Seq,
        message: &'a Message,
        reader: UserNo,
        links: &Links,
    ) -> Self {
        Self {
            conversation_id,
            seq,
            message: MessageView::new(message, conversation_id, reader, links),
        }
    }
}

#[derive(Serialize)]
pub(in crate::edge) struct ConversationData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<Seq>,
    conversation: ConversationView<'a>,
}

/// What an event carries for people with this role, or for staff; `None` for what has no native event.
pub(in crate::edge) fn payload<'a>(
    event: &'a RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&'a str>,
) -> Option<Payload<'a>> {
    let (id, seq) = (event.conversation, event.seq.unwrap_or_default());
    let conversation = |conversation_id, seq, shown: &'a View| {
        let view = ConversationView::for_all(
            &shown.conversation,
            shown.people.in_order(),
            context.directory,
        );
        Payload::Conversation(Box::new(ConversationData {
            conversation_id,
            seq,
            conversation: view,
        }))
    };
    Some(match &event.change {
        Change::Acted { .. }
        | Change::StepPart { .. }
        | Change::ToUser { .. }
        | Change::Attendance { .. } => return None,
        Change::Message { message, .. } => {
            Payload::Message(MessageData::new(id, seq, message, NOBODY, context.links))
        }
        Change::Reacted(reacted) => Payload::Reacted(ReactedView::new(id, reacted)),
        Change::Pinned(pinned) => Payload::Pinned(PinnedView::new(id, pinned)),
        Change::Stepped { at, stepped, .. } => {
            Payload::Step(StepView::new(id, (seq, *at), stepped, role))
        }
        Change::Changed(view) => conversation(Some(id), Some(seq), view),
        Change::Created(view) => conversation(None, None, view),
        passing => Payload::Values(values(id, passing)?),
    })
}

/// What an event carries that shows neither a message nor a deal nor a conversation.
fn values(id: ConversationId, change: &Change) -> Option<Value> {
    Some(match change {
        Change::Lost { seq, membership } => {
            let conversation = json!({ "id": id, "membership": membership });
            json!({ "conversation_id": id, "seq": seq, "conversation": conversation })
        }
        Change::Marked {
            mark, user, seq, ..
        } => match mark {
            Mark::Delivered => json!({ "conversation_id": id, "user_id": user, "seq": seq }),
            Mark::Seen(reads) => {
                json!({ "conversation_id": id, "user_id": user, "seq": seq, "thread": reads.name() })
            }
        },
        Change::Typing {
            user, is_typing, ..
        } => {
            json!({ "conversation_id": id, "user_id": user, "is_typing": is_typing })
        }
        Change::Presence { user, status } => json!({ "user_id": user, "status": status }),
        Change::Notice {
            preview,
            reason,
            unread,
            ..
        } => notification(id, preview, *reason, *unread),
        Change::Thread(root, own) => json!(ThreadChangedView::new(id, *root, *own)),
        Change::Mine(mine) => {
            json!({ "conversation_id": id, "mine": OwnView::from(*mine) })
        }
        Change::UnreadChanged {
            seq,
            read_seq,
            unread,
            last_message,
        } => {
            let last_message = last_message.as_ref().map(PreviewView::from);
            let mut changed = json!({
                "conversation_id": id, "seq": seq, "read_seq": read_seq, "unread": unread.number(), "last_message": last_message,
            });
            unread.note_cap(&mut changed, "unread_capped");
            changed
        }
        Change::Message { .. }
        | Change::Reacted(_)
        | Change::Pinned(_)
        | Change::Stepped { .. }
        | Change::Acted { .. }
        | Change::Attendance { .. }
        | Change::StepPart { .. }
        | Change::ToUser { .. }
        | Change::Changed(_)
        | Change::Created(_) => return None,
    })
}

/// A message, for somebody who is online and has not joined.
fn notification(
    id: ConversationId,
    preview: &Preview,
    reason: NoticeReason,
    unread: UnreadCount,
) -> Value {
    let message = &preview.message;
    let mut notification = json!({
        "id": message.id, "type": "message", "title": preview.sender_name, "message": message.preview(), "priority": "normal",
        "conversation_id": id, "action_url": null, "unread": unread.number(), "seq": message.seq(),
        "reason": reason.name(),
    });
    unread.note_cap(&mut notification, "unread_capped");
    notification
}

#[derive(Serialize)]
struct PreviewView<'a> {
    id: MessageId,
    seq: Seq,
    title: &'a str,
    message: String,
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
}

impl<'a> From<&'a Preview> for PreviewView<'a> {
    fn from(
        Preview {
            message,
            sender_name,
        }: &'a Preview,
    ) -> Self {
        Self {
            id: message.id,
            seq: message.seq(),
            title: sender_name,
            message: message.preview(),
            deleted_at: message.deleted_at,
        }
    }
}
