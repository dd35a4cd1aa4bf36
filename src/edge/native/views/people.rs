//! The public JSON of participants.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::conversation::{Participant, PresenceStatus, Signals};
use crate::domain::ids::{ConversationNo, ParticipantId, Seq};
use crate::edge::native::instants::{instant, maybe_instant};
use crate::presence::Directory;

/// Somebody's part in a conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Participant)]
pub struct ParticipantView<'a> {
    /// Their id in this conversation; it stays the same when they leave and come back
    #[schema(value_type = Uuid)]
    id: ParticipantId,
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
    pub(super) fn new(
        conversation: ConversationNo,
        person: &'a Participant,
        directory: &Directory,
    ) -> Self {
        let user = person.no;
        Self {
            id: ParticipantId { conversation, user },
            user_id: person.id.as_str(),
            name: person.name.as_deref(),
            avatar_url: person.avatar_url.as_deref(),
            role: &person.role,
            muted: person.muted,
            blocked: person.blocked,
            status: match person.signals {
                Signals::Shown if person.takes_part() => directory.status(person.no),
                Signals::Shown | Signals::Hidden => PresenceStatus::Offline,
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
    pub(super) fn new(person: &'a Participant) -> Self {
        Self {
            user_id: person.id.as_str(),
            name: person.name.as_deref(),
            avatar_url: person.avatar_url.as_deref(),
        }
    }
}

/// Those who take part now, with their presence.
pub fn participants<'a>(
    conversation: ConversationNo,
    people: &'a [Participant],
    directory: &Directory,
) -> Vec<ParticipantView<'a>> {
    let present = people.iter().filter(|person| person.takes_part());
    present
        .map(|person| ParticipantView::new(conversation, person, directory))
        .collect()
}

/// Somebody in a list of those who take part, or took part.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView<'a> {
    /// Their part
    #[serde(flatten)]
    participant: ParticipantView<'a>,
    /// `present`, `left` or `removed`
    membership: &'static str,
    /// When their last connection ended; null while they are here, and of those who left or were removed
    #[serde(serialize_with = "maybe_instant")]
    last_seen_at: Option<DateTime<Utc>>,
}

impl<'a> MemberView<'a> {
    /// Somebody's part in this conversation, and when they were last here.
    pub fn new(
        conversation: ConversationNo,
        person: &'a Participant,
        last_seen: Option<DateTime<Utc>>,
        directory: &Directory,
    ) -> Self {
        let participant = ParticipantView::new(conversation, person, directory);
        let is_shown = person.takes_part() && person.signals == Signals::Shown;
        let is_gone = participant.status == PresenceStatus::Offline;
        Self {
            participant,
            membership: person.membership.name(),
            last_seen_at: last_seen.filter(|_| is_shown && is_gone),
        }
    }
}
