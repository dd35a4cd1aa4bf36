//! Participants of a room as its clients read them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::numbers::of_participant;
use crate::domain::conversation::{
    Conversation, ConversationStatus, Participant, PresenceStatus, Signals,
};
use crate::domain::ids::{ConversationNo, ParticipantId};
use crate::domain::principal::Principal;
use crate::edge::native::instants::{instant, maybe_instant};
use crate::presence::Directory;

/// The roles of participants, with the words that are shown.
pub(super) const ROLES: [(&str, &str); 5] = [
    ("customer", "Customer"),
    ("rider", "Rider"),
    ("pharmacy", "Pharmacy"),
    ("admin", "Admin"),
    ("support", "Support"),
];

/// What is shown of a role.
pub(super) fn role_display(role: &str) -> String {
    let known = ROLES.iter().find(|(name, _)| *name == role);
    known.map_or_else(|| role.to_owned(), |(_, shown)| (*shown).to_owned())
}

/// A user's id: a whole number where it is one.
pub(super) fn user_value(id: &str) -> Value {
    id.parse::<i64>()
        .map_or_else(|_| json!(id), |number| json!(number))
}

/// A participant in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = PharmagoListedParticipant)]
pub struct ListedParticipant {
    id: i64,
    /// The caller's own address; of others their name, or their id
    user_email: String,
    user_full_name: String,
    role: String,
    role_display: String,
    /// Whether they take part
    is_active: bool,
    is_muted: bool,
    is_blocked: bool,
    #[serde(serialize_with = "instant")]
    joined_at: DateTime<Utc>,
    #[serde(serialize_with = "maybe_instant")]
    last_seen: Option<DateTime<Utc>>,
    is_online: bool,
}

/// A participant by themselves.
#[derive(Serialize, ToSchema)]
#[schema(as = PharmagoParticipant)]
pub struct ShownParticipant {
    #[serde(flatten)]
    listed: ListedParticipant,
    /// The room's id
    room: i64,
    /// The platform's id
    #[schema(value_type = Object)]
    user: Value,
    user_role: String,
    /// When they left; not kept
    left_at: Option<String>,
    #[schema(value_type = Object)]
    notification_preferences: Value,
    can_send_messages: bool,
    can_receive_messages: bool,
}

/// Who looks at a room's people.
#[derive(Clone, Copy)]
pub(super) struct Viewer<'a> {
    pub(super) caller: &'a Principal,
    pub(super) directory: &'a Directory,
}

impl Viewer<'_> {
    /// E-mail addresses are their owners' alone; others are shown by name.
    pub(super) fn email_of(&self, person: &Participant) -> String {
        let own = Some(&self.caller.profile).filter(|_| person.no == self.caller.no);
        let own = own.and_then(|profile| profile.email.clone());
        own.unwrap_or_else(|| full_name(person))
    }
}

/// The name, or the id of who has none.
pub(super) fn full_name(person: &Participant) -> String {
    let name = person.name.as_deref().unwrap_or(person.id.as_str());
    name.to_owned()
}

impl ListedParticipant {
    pub(super) fn new(
        room: ConversationNo,
        person: &Participant,
        last_seen: Option<DateTime<Utc>>,
        viewer: Viewer<'_>,
    ) -> Self {
        let shows = person.signals == Signals::Shown && person.takes_part();
        let status = viewer.directory.status(person.no);
        let is_online = shows && status != PresenceStatus::Offline;
        let id = ParticipantId {
            conversation: room,
            user: person.no,
        };
        Self {
            id: of_participant(id),
            user_email: viewer.email_of(person),
            user_full_name: full_name(person),
            role: person.role.clone(),
            role_display: role_display(&person.role),
            is_active: person.takes_part(),
            is_muted: person.muted,
            is_blocked: person.blocked,
            joined_at: person.joined_at,
            last_seen: last_seen.filter(|_| shows && !is_online),
            is_online,
        }
    }
}

impl ShownParticipant {
    /// What may be changed of them, as the platform's serializer answers a change.
    pub(super) fn standing(&self) -> Value {
        json!({
            "is_active": self.listed.is_active, "is_muted": self.listed.is_muted,
            "is_blocked": self.listed.is_blocked, "notification_preferences": self.notification_preferences,
        })
    }

    pub(super) fn new(
        conversation: &Conversation,
        person: &Participant,
        (last_seen, preferences): (Option<DateTime<Utc>>, Value),
        viewer: Viewer<'_>,
    ) -> Self {
        let is_open = conversation.status == ConversationStatus::Open;
        let reads = person.takes_part() && !person.blocked;
        Self {
            listed: ListedParticipant::new(conversation.no, person, last_seen, viewer),
            room: conversation.no.0,
            user: user_value(person.id.as_str()),
            user_role: person.role.clone(),
            left_at: None,
            notification_preferences: preferences,
            can_send_messages: is_open && reads && !person.muted,
            can_receive_messages: reads,
        }
    }
}
