//! The public JSON of messages, participants and conversations: the same over sockets and REST.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::attachments::AttachmentView;
use super::deals::FlowView;
use super::instants::{instant, maybe_instant};
use crate::domain::access::role_among;
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, Participant, PresenceStatus, Signals,
    Subject,
};
use crate::domain::deal_reader::DealReader;
use crate::domain::ids::{ConversationId, Seq, UserNo};
use crate::domain::message::{Message, MessageKind};
use crate::domain::snapshot::{Listed, Recovery, Snapshot};
use crate::edge::links::Links;
use crate::presence::Directory;

/// A message.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView<'a> {
    /// Its id
    id: Uuid,
    /// Where it was said
    #[schema(value_type = Uuid)]
    conversation_id: ConversationId,
    /// Its place in the order of the conversation's changes
    seq: Seq,
    /// Who said it; null for the system
    sender_id: Option<&'a str>,
    /// Who made it
    #[schema(value_type = String, example = "user_input")]
    kind: MessageKind,
    /// What it says; empty in a tombstone
    body: &'a str,
    /// Files
    attachments: Vec<AttachmentView<'a>>,
    /// The message that it answers
    reply_to: Option<Uuid>,
    /// The sender's own object
    #[schema(value_type = Option<Object>)]
    context: Option<&'a RawValue>,
    /// What a flow asks for with it; `done` has who answered, with what, and when
    #[schema(value_type = Option<Object>)]
    action: Option<&'a RawValue>,
    /// The sender's own id of it; only to its sender
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    /// When it was committed
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When its body was last replaced
    #[serde(serialize_with = "maybe_instant")]
    edited_at: Option<DateTime<Utc>>,
    /// When it became a tombstone
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
    /// True if the reader has blocked its sender; otherwise absent
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    from_blocked: bool,
}

impl<'a> MessageView<'a> {
    /// The message for this reader.
    pub fn new(
        message: &'a Message,
        conversation_id: ConversationId,
        reader: UserNo,
        links: &Links,
    ) -> Self {
        let content = &message.content;
        let by_person = content.kind == MessageKind::UserInput;
        Self {
            id: message.id.to_uuid(),
            conversation_id,
            seq: message.seq(),
            sender_id: by_person.then(|| message.sender_id.as_str()),
            kind: content.kind,
            body: &content.body,
            attachments: content
                .attachments
                .iter()
                .map(|attachment| AttachmentView::new(attachment, links))
                .collect(),
            reply_to: content.reply_to.map(|id| id.to_uuid()),
            context: content.context.as_deref(),
            action: message.card.as_deref(),
            client_id: (message.sender == reader).then_some(content.client_id.as_str()),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            from_blocked: message.from_blocked,
        }
    }
}

/// Somebody's part in a conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Participant)]
pub struct ParticipantView<'a> {
    /// Who
    user_id: &'a str,
    /// The name to show
    name: Option<&'a str>,
    /// A picture
    avatar_url: Option<&'a str>,
    /// What they are here
    role: &'a str,
    /// May read, not speak
    muted: bool,
    /// May neither
    blocked: bool,
    /// Whether they are here
    status: PresenceStatus,
    /// The highest seq that reached them
    delivered_seq: Seq,
    /// The highest seq that they have read
    read_seq: Seq,
    /// When they came
    #[serde(serialize_with = "instant")]
    joined_at: DateTime<Utc>,
}

impl<'a> ParticipantView<'a> {
    fn new(person: &'a Participant, directory: &Directory) -> Self {
        Self {
            user_id: person.id.as_str(),
            name: person.name.as_deref(),
            avatar_url: person.avatar_url.as_deref(),
            role: &person.role,
            muted: person.muted,
            blocked: person.blocked,
            status: match person.signals {
                Signals::Shown => directory.status(person.no),
                Signals::Hidden => PresenceStatus::Offline,
            },
            delivered_seq: person.delivered_seq,
            read_seq: person.read_seq,
            joined_at: person.joined_at,
        }
    }
}

/// Somebody who took part once: enough to name the sender of their messages.
#[derive(Serialize, ToSchema)]
#[schema(as = FormerParticipant)]
pub struct FormerParticipantView<'a> {
    /// The platform's id
    user_id: &'a str,
    /// The name to show
    name: Option<&'a str>,
    /// A picture
    avatar_url: Option<&'a str>,
}

impl<'a> FormerParticipantView<'a> {
    fn new(person: &'a Participant) -> Self {
        Self {
            user_id: person.id.as_str(),
            name: person.name.as_deref(),
            avatar_url: person.avatar_url.as_deref(),
        }
    }
}

/// Those who take part now, with their presence.
pub fn participants<'a>(
    people: &'a [Participant],
    directory: &Directory,
) -> Vec<ParticipantView<'a>> {
    let present = people.iter().filter(|person| person.takes_part());
    present
        .map(|person| ParticipantView::new(person, directory))
        .collect()
}

/// What a conversation is about.
#[derive(Serialize, ToSchema)]
#[schema(as = Subject)]
pub struct SubjectView<'a> {
    /// What kind of thing
    #[serde(rename = "type")]
    kind: &'a str,
    /// The platform's id of it
    id: &'a str,
    /// What it is called
    title: Option<&'a str>,
    /// Where it is shown
    url: Option<&'a str>,
    /// The platform's own object
    #[schema(value_type = Option<Object>)]
    data: Option<&'a Value>,
}

impl<'a> SubjectView<'a> {
    /// A subject as its conversation shows it.
    pub fn new(subject: &'a Subject) -> Self {
        let text = |name: &str| subject.card.get(name).and_then(Value::as_str);
        let data = subject.card.get("data").filter(|data| !data.is_null());
        Self {
            kind: &subject.kind,
            id: &subject.id,
            title: text("title"),
            url: text("url"),
            data,
        }
    }
}

/// A conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Conversation)]
pub struct ConversationView<'a> {
    /// Its id
    #[schema(value_type = Uuid)]
    id: ConversationId,
    /// How it came about
    kind: ConversationKind,
    /// What it is called
    title: Option<&'a str>,
    /// Whether it goes on
    status: ConversationStatus,
    /// What it is about
    subject: Option<SubjectView<'a>>,
    /// Those who take part
    participants: Vec<ParticipantView<'a>>,
    /// Those who took part and left or were removed: their messages stay
    former_participants: Vec<FormerParticipantView<'a>>,
    /// The seq of its newest change
    last_seq: Seq,
    /// How its deal stands, if it has one
    flow: Option<FlowView<'a>>,
    /// Who made it
    created_by: &'a str,
    /// When it was made
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When it last changed
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
    /// What only one reader has; absent in events that go to several
    #[serde(flatten)]
    mine: Option<MineView<'a>>,
}

/// What a conversation has for one reader only.
#[derive(Serialize, ToSchema)]
pub struct MineView<'a> {
    /// The newest message that the reader may see
    last_message: Option<MessageView<'a>>,
    /// How many messages of others the reader has not read
    unread: i64,
    /// There may be more: counting ends at 1,000, and among the newest 10,000 changes
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unread_capped: bool,
    /// What the reader is here; null for staff from outside
    my_role: Option<&'a str>,
}

impl<'a> ConversationView<'a> {
    /// The view that is the same for everybody.
    pub fn for_all(
        conversation: &'a Conversation,
        people: impl IntoIterator<Item = &'a Participant>,
        directory: &Directory,
    ) -> Self {
        let (mut present, mut former) = (Vec::new(), Vec::new());
        for person in people {
            match person.takes_part() {
                true => present.push(ParticipantView::new(person, directory)),
                false => former.push(FormerParticipantView::new(person)),
            }
        }
        Self {
            id: conversation.id,
            kind: conversation.kind,
            title: conversation.title.as_deref(),
            status: conversation.status,
            subject: conversation.subject.as_deref().map(SubjectView::new),
            participants: present,
            former_participants: former,
            last_seq: conversation.last_seq,
            flow: conversation
                .flow
                .as_deref()
                .map(|deal_view| FlowView::new(deal_view, DealReader::Anybody)),
            created_by: conversation.created_by.as_str(),
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
            mine: None,
        }
    }

    fn show_deal_to(
        &mut self,
        conversation: &'a Conversation,
        people: &'a [Participant],
        reader: UserNo,
    ) {
        let reader = DealReader::of(role_among(people, reader));
        self.flow = conversation
            .flow
            .as_deref()
            .map(|deal_view| FlowView::new(deal_view, reader));
    }

    /// The view in one reader's list.
    pub fn listed(
        listed: &'a Listed,
        reader: UserNo,
        directory: &Directory,
        links: &Links,
    ) -> Self {
        let mut view = Self::for_all(&listed.conversation, &listed.participants, directory);
        view.mine = Some(MineView {
            last_message: listed
                .last_message
                .as_ref()
                .map(|m| MessageView::new(m, listed.conversation.id, reader, links)),
            unread: listed.unread.number(),
            unread_capped: listed.unread.is_capped(),
            my_role: role_among(&listed.participants, reader),
        });
        view.show_deal_to(&listed.conversation, &listed.participants, reader);
        view
    }
}

/// The answer to a join.
#[derive(Serialize)]
pub struct JoinedView<'a> {
    conversation: ConversationView<'a>,
    participants: Vec<ParticipantView<'a>>,
    messages: Vec<MessageView<'a>>,
    last_seq: Seq,
    recovered: bool,
}

impl<'a> JoinedView<'a> {
    /// The snapshot for this reader.
    pub fn new(
        snapshot: &'a Snapshot,
        reader: UserNo,
        directory: &Directory,
        links: &Links,
    ) -> Self {
        let Snapshot {
            conversation,
            participants: people,
            messages,
            recovery,
            unread,
        } = snapshot;
        let mut view = ConversationView::for_all(conversation, people, directory);
        view.mine = Some(MineView {
            last_message: messages
                .last()
                .map(|m| MessageView::new(m, conversation.id, reader, links)),
            unread: unread.number(),
            unread_capped: unread.is_capped(),
            my_role: role_among(people, reader),
        });
        view.show_deal_to(conversation, people, reader);
        Self {
            conversation: view,
            participants: participants(people, directory),
            messages: messages
                .iter()
                .map(|m| MessageView::new(m, conversation.id, reader, links))
                .collect(),
            last_seq: conversation.last_seq,
            recovered: *recovery == Recovery::Complete,
        }
    }
}

#[cfg(test)]
#[path = "views_tests.rs"]
mod tests;
