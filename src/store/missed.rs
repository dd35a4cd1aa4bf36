//! Reads the changes of a conversation that a client missed, in pages.

use diesel::pg::PgConnection;
use serde_json::{Map, Value};

use super::conversations::{self, Key};
use super::entries::{all_entries, entries_within};
use super::replay::in_snapshot;
use super::{flows, participants};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationId, ConversationNo, Seq};
use crate::domain::message::Message;
use crate::domain::snapshot::Loaded;
use crate::error::Error;

/// An upper bound of the changes that one step makes, with a wide margin.
const STEP_MOST: Seq = 200;

/// A page of changes, and the current conversation.
#[derive(Clone, Debug)]
pub struct Missed {
    /// The conversation; its `last_seq` is the last change.
    pub loaded: Loaded,
    /// The changes, in order.
    pub entries: Vec<Entry>,
    /// The seq of the last change in the page.
    pub to: Seq,
    /// The context of its deal.
    pub context: Map<String, Value>,
    /// The messages with cards that wait for an answer.
    pub pending_cards: Vec<Message>,
}

/// About `most` changes after a seq, extended to the end of the last step; `None` if the conversation does not
/// exist.
pub fn page(
    connection: &mut PgConnection,
    id: ConversationId,
    after: Seq,
    most: Seq,
) -> Result<Option<Missed>, Error> {
    in_snapshot(connection, |connection| {
        let Some(conversation) = conversations::find(connection, Key::Id(id))? else {
            return Ok(None);
        };
        let no = conversation.no;
        let to = conversation.last_seq.min(after.saturating_add(most));
        let mut entries = all_entries(connection, no, after, to)?;
        entries.extend(rest_of_step(connection, no, &entries)?);
        let to = entries.last().map_or(to, |last| to.max(last.seq));
        let (context, pending_cards) = match &conversation.flow {
            Some(_) => (
                flows::context(connection, no)?,
                flows::pending_cards(connection, no)?,
            ),
            None => (Map::new(), Vec::new()),
        };
        Ok(Some(Missed {
            entries,
            loaded: participants::with_blocks(connection, conversation)?,
            to,
            context,
            pending_cards,
        }))
    })
}

/// The changes committed with the last step of a page: a step's event includes its messages and its final
/// state.
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
