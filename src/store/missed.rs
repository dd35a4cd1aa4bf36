//! What somebody missed of a conversation, a page at a time.

use diesel::pg::PgConnection;
use serde_json::{Map, Value};

use super::conversations::{self, Key};
use super::replay::{entries_within, steady};
use super::{flows, participants};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationId, ConversationNo, Seq};
use crate::domain::message::Message;
use crate::domain::snapshot::Loaded;
use crate::error::Error;

/// Changes that one step makes at most, by far.
const STEP_MOST: Seq = 200;

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

/// About `most` changes beyond `after`, and the whole of the last step; `None` when there is no such conversation.
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
        let mut entries = entries_within(connection, no, after, to)?;
        entries.extend(rest_of_step(connection, no, &entries)?);
        let to = entries.last().map_or(to, |last| to.max(last.seq));
        let (remembered, asking) = match &conversation.flow {
            Some(_) => (
                flows::remembered(connection, no)?,
                flows::asking(connection, no)?,
            ),
            None => (Map::new(), Vec::new()),
        };
        Ok(Some(Missed {
            entries,
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

/// What was committed with the step that a page ends with: a step is told with what is said with it, and with where it led.
fn rest_of_step(
    connection: &mut PgConnection,
    no: ConversationNo,
    entries: &[Entry],
) -> Result<Vec<Entry>, Error> {
    let mut backwards = entries.iter().rev();
    let Some(last) = entries.last() else {
        return Ok(Vec::new());
    };
    let is_step = |entry: &Entry| entry.at == last.at && matches!(entry.fact, Fact::Stepped(_));
    if !backwards.any(is_step) {
        return Ok(Vec::new());
    }
    let mut rest = entries_within(connection, no, last.seq, last.seq + STEP_MOST)?;
    let together = rest.iter().take_while(|entry| entry.at == last.at).count();
    rest.truncate(together);
    Ok(rest)
}
