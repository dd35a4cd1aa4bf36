//! The public JSON of messages, participants and conversations: the same over sockets and REST.

mod message;
mod people;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::deals::FlowView;
use super::instants::{instant, maybe_instant};
use crate::domain::access::role_among;
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, Participant, Subject,
};
use crate::domain::deal_reader::DealReader;
use crate::domain::ids::{ConversationId, Seq, UserNo};
use crate::domain::mine::{Mine, Notify, NotifyLevel};
use crate::domain::snapshot::{Listed, Recovery, Snapshot};
use crate::edge::links::Links;
use crate::presence::Directory;

pub use message::MessageView;
pub use people::{FormerParticipantView, MemberView, ParticipantView, participants};

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
    /// When it stopped being open; null while it is open
    #[serde(serialize_with = "maybe_instant")]
    closed_at: Option<DateTime<Utc>>,
    /// Who closed or archived it
    closed_by: Option<&'a str>,
    /// Why
    closed_reason: Option<&'a str>,
    /// The platform's own id of it
    external_id: Option<&'a str>,
    /// The business to which it belongs
    business_id: Option<&'a str>,
    /// Seconds that people who do not manage it wait between two messages
    slow_seconds: u16,
    /// How many may take part at the same time; null: as many as the platform allows
    max_participants: Option<u16>,
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
    /// What the conversation is for the reader; null for staff from outside
    mine: Option<OwnView>,
}

/// What a conversation is for somebody: nobody else sees it.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Mine)]
pub struct OwnView {
    /// Of what they are notified
    notify: NotifyView,
    /// Whether they have marked it
    starred: bool,
    /// Whether they have hidden it, and nothing was said since
    hidden: bool,
    /// From where on they count it as unread, although they have read it
    unread_from: Option<Seq>,
    /// Up to which seq they have read everything, threads too
    threads_seq: Seq,
}

/// Of what somebody is notified.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Notify)]
pub struct NotifyView {
    /// `all`, `mentions` or `none`
    level: NotifyLevel,
    /// When it is `all` again; null: never
    #[serde(serialize_with = "maybe_instant")]
    until: Option<DateTime<Utc>>,
}

impl From<Mine> for OwnView {
    fn from(mine: Mine) -> Self {
        let Notify { level, until } = mine.notify;
        Self {
            notify: NotifyView { level, until },
            starred: mine.starred,
            hidden: mine.hidden,
            unread_from: mine.unread_from,
            threads_seq: mine.threads_seq,
        }
    }
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
                true => present.push(ParticipantView::new(conversation.no, person, directory)),
                false => former.push(FormerParticipantView::new(person)),
            }
        }
        let closed = conversation.closed.as_deref();
        let business = conversation.business.as_deref();
        Self {
            id: conversation.id,
            kind: conversation.kind,
            title: conversation.title.as_deref(),
            status: conversation.status,
            subject: conversation.subject.as_deref().map(SubjectView::new),
            participants: present,
            former_participants: former,
            closed_at: closed.map(|closed| closed.at),
            closed_by: closed.map(|closed| closed.by.as_str()),
            closed_reason: closed.and_then(|closed| closed.reason.as_deref()),
            external_id: conversation.external_id.as_deref(),
            business_id: business.map(|business| business.id.as_str()),
            slow_seconds: conversation.slow_seconds,
            max_participants: conversation.max_participants,
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
            mine: listed.mine.map(OwnView::from),
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
            annotations,
            recovery,
            unread,
            mine,
        } = snapshot;
        let message_view = |message| {
            MessageView::new(message, conversation.id, reader, links).annotated(annotations)
        };
        let mut view = ConversationView::for_all(conversation, people, directory);
        view.mine = Some(MineView {
            last_message: messages.last().map(message_view),
            unread: unread.number(),
            unread_capped: unread.is_capped(),
            my_role: role_among(people, reader),
            mine: mine.map(OwnView::from),
        });
        view.show_deal_to(conversation, people, reader);
        Self {
            conversation: view,
            participants: participants(conversation.no, people, directory),
            messages: messages.iter().map(message_view).collect(),
            last_seq: conversation.last_seq,
            recovered: *recovery == Recovery::Complete,
        }
    }
}

#[cfg(test)]
#[path = "views_tests.rs"]
mod tests;
