//! People as the page reads them, and a conversation with its people.

use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use crate::domain::conversation::{Conversation, Participant, PresenceStatus, Signals, Subject};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::message::{Message, MessageKind};
use crate::edge::native::instants::maybe_instant;
use crate::presence::Directory;

/// The name that is shown for the system.
const SYSTEM_NAME: &str = "System";

/// Somebody.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysUser)]
pub struct UserDocument<'a> {
    /// The platform's id
    #[serde(rename = "_id")]
    id: &'a str,
    /// The name to show; the id without one
    full_name: &'a str,
    /// Null: Stoa shows nobody's address
    email: Option<&'a str>,
    /// A picture
    profile_photo: Option<&'a str>,
    /// Null: Stoa knows none
    headline: Option<&'a str>,
}

impl<'a> UserDocument<'a> {
    fn named(id: &'a str, name: Option<&'a str>) -> Self {
        Self {
            id,
            full_name: name.unwrap_or(id),
            email: None,
            profile_photo: None,
            headline: None,
        }
    }

    /// A participant.
    pub fn of(person: &'a Participant) -> Self {
        Self {
            profile_photo: person.avatar_url.as_deref(),
            ..Self::named(person.id.as_str(), person.name.as_deref())
        }
    }

    /// Somebody who takes no part.
    fn of_other(id: &'a UserId) -> Self {
        Self::named(id.as_str(), None)
    }

    fn of_system(id: &'a str) -> Self {
        Self::named(id, Some(SYSTEM_NAME))
    }

    /// The platform's id.
    pub fn id(&self) -> &'a str {
        self.id
    }
}

/// A participant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysParticipant)]
pub struct ParticipantDocument<'a> {
    /// Who
    #[serde(flatten)]
    user: UserDocument<'a>,
    /// What they are here
    role: &'a str,
    /// Whether they are connected
    is_online: bool,
    /// When their last connection ended; null while they are connected, or where it is not known
    #[serde(serialize_with = "maybe_instant")]
    last_seen: Option<DateTime<Utc>>,
}

/// When users were last here.
pub type LastSeen = HashMap<UserNo, DateTime<Utc>>;

/// Those who take part.
pub fn participants<'a>(
    people: &'a [Participant],
    seen: &LastSeen,
    directory: &Directory,
) -> Vec<ParticipantDocument<'a>> {
    let present = people.iter().filter(|person| person.takes_part());
    let document = |person: &'a Participant| {
        let is_shown = person.signals == Signals::Shown;
        let is_online = is_shown && directory.status(person.no) != PresenceStatus::Offline;
        let last_seen = seen.get(&person.no).copied();
        ParticipantDocument {
            user: UserDocument::of(person),
            role: &person.role,
            is_online,
            last_seen: last_seen.filter(|_| is_shown && !is_online),
        }
    };
    present.map(document).collect()
}

/// A conversation with all who take part in it or did.
pub struct Place<'a> {
    /// The conversation.
    pub id: ConversationId,
    /// What it is about.
    pub subject: Option<&'a Subject>,
    people: Vec<&'a Participant>,
    system: &'a str,
}

impl<'a> Place<'a> {
    /// The conversation; the text is the id that stands for the system.
    pub fn new(
        conversation: &'a Conversation,
        people: impl IntoIterator<Item = &'a Participant>,
        system: &'a str,
    ) -> Self {
        Self {
            id: conversation.id,
            subject: conversation.subject.as_deref(),
            people: people.into_iter().collect(),
            system,
        }
    }

    /// Who said a message; the system for what no person sent.
    pub fn sender(&self, message: &'a Message) -> UserDocument<'a> {
        if message.content.kind != MessageKind::UserInput {
            return UserDocument::of_system(self.system);
        }
        let mut people = self.people.iter();
        let sender = people.find(|person| person.no == message.sender);
        sender.map_or_else(
            || UserDocument::of_other(&message.sender_id),
            |person| UserDocument::of(person),
        )
    }

    /// Whether somebody else has read it.
    pub fn is_read(&self, message: &Message) -> bool {
        let has_read = |person: &&&Participant| {
            person.no != message.sender
                && person.takes_part()
                && person.read_seq >= message.seq()
                && message.is_visible_to(person.sight())
        };
        self.people.iter().any(|person| has_read(&person))
    }
}
