//! A message as the chat reads it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::people::{ThreadPeople, UserRow};
use crate::domain::conversation::Participant;
use crate::domain::ids::{ConversationId, Seq, UserNo};
use crate::domain::message::{Message, MessageKind, SYSTEM};
use crate::edge::native::instants::{instant, maybe_instant};
use crate::store::receipts::Move;

/// A message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertMessage)]
pub struct MessageRow {
    /// Its id
    id: Uuid,
    /// The thread
    #[schema(value_type = Uuid)]
    thread_id: ConversationId,
    /// What it says
    body: String,
    /// Who said it
    from_user_id: String,
    /// To whom
    to_user_id: String,
    /// When it was stored
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When a device of somebody else had it first; null before that
    #[serde(serialize_with = "maybe_instant")]
    delivered_at: Option<DateTime<Utc>>,
    /// When somebody else had read it first; null before that
    #[serde(serialize_with = "maybe_instant")]
    read_at: Option<DateTime<Utc>>,
    /// Who said it
    from_user: UserRow,
    /// To whom
    to_user: UserRow,
}

/// What this dialect keeps in a message's own object.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct StoredFields {
    /// To whom the message is, in a thread of more than two.
    pub(super) to_user_id: Option<String>,
}

impl StoredFields {
    fn of(message: &Message) -> Self {
        let context = message.content.context.as_deref();
        let kept = context.and_then(|context| serde_json::from_str(context.get()).ok());
        kept.unwrap_or_default()
    }
}

/// When the people of a thread received and read: for each watermark the moves by seq.
#[derive(Default)]
pub(super) struct Moves(BTreeMap<(UserNo, bool), BTreeMap<Seq, DateTime<Utc>>>);

impl FromIterator<Move> for Moves {
    fn from_iter<I: IntoIterator<Item = Move>>(moves: I) -> Self {
        let mut all = Self::default();
        for one in moves {
            let mark = all.0.entry((one.user, one.is_read)).or_default();
            mark.insert(one.seq, one.at);
        }
        all
    }
}

impl Moves {
    /// When somebody's watermark passed a message; the message's own time where that is not known any more.
    fn passed(&self, person: &Participant, is_read: bool, message: &Message) -> DateTime<Utc> {
        let moves = self.0.get(&(person.no, is_read));
        let passed = moves.and_then(|moves| moves.range(message.seq()..).next());
        passed.map_or(message.created_at, |(_, at)| *at)
    }

    /// When the first of the others received or read it.
    fn first(
        &self,
        people: &ThreadPeople<'_>,
        is_read: bool,
        message: &Message,
    ) -> Option<DateTime<Utc>> {
        let has = |person: &&Participant| {
            let mark = match is_read {
                true => person.read_seq,
                false => person.delivered_seq,
            };
            person.no != message.sender
                && mark >= message.seq()
                && message.is_visible_to(person.sight())
        };
        let those = people.iter().filter(has);
        those.map(|it| self.passed(it, is_read, message)).min()
    }
}

impl MessageRow {
    /// A message with its sender and its recipient.
    pub(super) fn new(
        message: &Message,
        thread: ConversationId,
        people: &ThreadPeople<'_>,
        moves: &Moves,
    ) -> Self {
        let mut all = people.iter();
        let from = all.find(|person| person.no == message.sender);
        let sender = match message.content.kind {
            MessageKind::UserInput => message.sender,
            _ => SYSTEM.0,
        };
        let from_user = match from {
            Some(person) if sender != SYSTEM.0 => people.row(person),
            _ => people.other(&message.sender_id),
        };
        let named = StoredFields::of(message).to_user_id;
        let to = people.recipient(message.sender, named.as_deref());
        let to_user = to.map_or_else(|| people.nobody(), |person| people.row(person));
        Self {
            id: message.id.to_uuid(),
            thread_id: thread,
            body: body(message),
            from_user_id: from_user.id().to_owned(),
            to_user_id: to_user.id().to_owned(),
            created_at: message.created_at,
            delivered_at: moves.first(people, false, message),
            read_at: moves.first(people, true, message),
            from_user,
            to_user,
        }
    }
}

/// The text; the names of its files where there is none.
fn body(message: &Message) -> String {
    let content = &message.content;
    if !content.body.is_empty() {
        return content.body.clone();
    }
    let files = content.attachments.iter();
    let names = files.map(|file| file.name.as_deref().or(file.url()).unwrap_or("file"));
    names.collect::<Vec<_>>().join(", ")
}
