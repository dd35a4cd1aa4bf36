//! What somebody missed of a conversation, a page at a time.

use diesel::pg::PgConnection;
use serde_json::{Map, Value};

use super::conversations::{self, Key};
use super::replay::{entries_within, steady};
use super::{flows, participants};
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::message::Message;
use crate::domain::snapshot::Loaded;
use crate::error::Error;

/// A page of changes, and the conversation as it stands now.
#[derive(Clone, Debug)]
pub struct Missed {
    /// The conversation; its `last_seq` is where the changes end.
    pub loaded: Loaded,
    /// The changes, in order.
    pub entries: Vec<Entry>,
    /// The seq up to which they go.
    pub to: Seq,
    /// What its deal remembers.
    pub remembered: Map<String, Value>,
    /// The messages whose cards wait.
    pub asking: Vec<Message>,
}

/// At most `most` changes beyond `after`; `None` when there is no such conversation.
pub fn page(
    connection: &mut PgConnection,
    id: ConversationId,
    after: Seq,
    most: Seq,
) -> Result<Option<Missed>, Error> {
    steady(connection, |connection| {
        let Some(conversation) = conversations::find(connection, Key::Id(id))? else {
            return Ok(None);
        };
        let no = conversation.no;
        let to = conversation.last_seq.min(after.saturating_add(most));
        let (remembered, asking) = match &conversation.flow {
            Some(_) => (
                flows::remembered(connection, no)?,
                flows::asking(connection, no)?,
            ),
            None => (Map::new(), Vec::new()),
        };
        Ok(Some(Missed {
            entries: entries_within(connection, no, after, to)?,
            loaded: Loaded {
                participants: participants::of(connection, no)?,
                conversation,
            },
            to,
            remembered,
            asking,
        }))
    })
}
