//! Reads the current state of a conversation and its entries: for joins, for a room that starts, and for a room
//! that missed entries.

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::access::{role_or_none, visible_to};
use super::conversations::{self, Key};
use super::entries::all_entries;
use super::history::{PageReader, page};
use super::messages::{MessageRow, Page, actor_id, assemble, by_keys, sender_id};
use super::pool::explain;
use super::schema::{conversations as conversations_table, flow_steps, message_changes, messages};
use super::spoken::spoken;
use super::{annotations, businesses, mine, participants, threads, unread};
use crate::domain::access::{Access, Requester};
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationNo, Seq};
use crate::domain::limits;
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::{Loaded, Reader, Recovery, Snapshot, UnreadCount};
use crate::domain::thread::Line;
use crate::error::Error;

/// Reads what a room needs to start; `None` if the conversation does not exist.
pub fn load(connection: &mut PgConnection, key: Key) -> Result<Option<Loaded>, Error> {
    in_snapshot(connection, |connection| {
        let Some(conversation) = conversations::find(connection, key)? else {
            return Ok(None);
        };
        let mut loaded = participants::with_blocks(connection, conversation)?;
        loaded.spoken = spoken(connection, &loaded.conversation)?;
        Ok(Some(loaded))
    })
}

/// The conversation for a caller who has everything up to `after`, or nothing. Refuses one who may not read it: who may is decided on
/// what is read here, since another server may have changed it.
pub fn snapshot(
    connection: &mut PgConnection,
    no: ConversationNo,
    caller: Requester,
    after: Option<Seq>,
) -> Result<Snapshot, Error> {
    in_snapshot(connection, |connection| {
        // It may have been deleted while its room was awake.
        let conversation =
            conversations::find(connection, Key::No(no))?.ok_or(Refusal::ConversationNotFound)?;
        let participants = participants::of(connection, no)?;
        let own = participants.iter().find(|it| it.no == caller.no);
        let staff = businesses::role_in(connection, &conversation, caller.no)?;
        let access = Access::with_staff(own, caller.roles, staff).map_err(Refusal::from)?;
        let reader = access.reader(caller.no);
        let recovery = recovery_of(conversation.last_seq, after);
        let messages = match (recovery, after) {
            (Recovery::Complete, Some(after)) => changed_since(connection, no, &reader, after)?,
            (Recovery::Complete, None) | (Recovery::Fresh, _) => {
                let visit = PageReader::Checked {
                    conversation: no,
                    reader,
                };
                page(
                    connection,
                    visit,
                    Line::All,
                    Page::Newest,
                    limits::FIRST_MESSAGES,
                )?
            }
        };
        let unread = unread::of_conversation(connection, no, &[caller.no.0])?;
        Ok(Snapshot {
            participants,
            annotations: annotations::of_messages(connection, caller.no, &messages)?,
            messages,
            recovery,
            unread: unread
                .first()
                .map_or(UnreadCount::NOTHING, |found| found.count),
            mine: mine::of(connection, no, caller.no)?,
            conversation,
        })
    })
}

/// Seqs have no gaps, so their difference is the number of missed changes.
fn recovery_of(last: Seq, after: Option<Seq>) -> Recovery {
    match after {
        Some(after) if (0..=limits::REPLAY_CHANGES).contains(&(last - after)) => Recovery::Complete,
        Some(_) | None => Recovery::Fresh,
    }
}

/// Every message that was sent or changed after `after`, or about which something was said, and the roots of their threads, in their current form.
fn changed_since(
    connection: &mut PgConnection,
    no: ConversationNo,
    reader: &Reader,
    after: Seq,
) -> Result<Vec<Message>, Error> {
    let changed = message_changes::table
        .filter(
            message_changes::conversation_no
                .eq(no.0)
                .and(message_changes::seq.gt(after)),
        )
        .select(message_changes::target_seq)
        .distinct()
        .load::<Seq>(connection)
        .map_err(explain)?;
    let answered = answered_since(connection, no, after)?;
    let annotated = annotations::targets_since(connection, no, after)?;
    let followed = threads::changed_for(connection, no, reader.no, after)?;
    let changed = changed.into_iter().chain(answered);
    let changed = changed.chain(annotated).chain(followed).collect();
    let earlier = before(changed, after);
    let mut found = visible_among(connection, no, reader, &earlier)?;
    found.extend(visible_since(connection, no, reader, after)?);
    // The first message of a thread has the number of its replies.
    let roots = found.iter().filter_map(|it| it.content.thread);
    let mut roots = before(roots.map(|thread| thread.root.seq).collect(), after);
    roots.retain(|seq| earlier.binary_search(seq).is_err());
    found.extend(visible_among(connection, no, reader, &roots)?);
    found.sort_by_key(Message::seq);
    Ok(found)
}

/// Those of these seqs that are not after this one, sorted, each once.
fn before(mut seqs: Vec<Seq>, after: Seq) -> Vec<Seq> {
    seqs.retain(|seq| *seq <= after);
    seqs.sort_unstable();
    seqs.dedup();
    seqs
}

// Two queries: for "after this seq, or one of these", the planner may read the whole conversation.
fn visible_among(
    connection: &mut PgConnection,
    no: ConversationNo,
    reader: &Reader,
    seqs: &[Seq],
) -> Result<Vec<Message>, Error> {
    let keys: Vec<(i64, Seq)> = seqs.iter().map(|seq| (no.0, *seq)).collect();
    let mut found = by_keys(connection, &keys)?;
    found.retain(|message| message.is_visible_to(reader.sight()));
    found.sort_by_key(Message::seq);
    Ok(found)
}

fn visible_since(
    connection: &mut PgConnection,
    no: ConversationNo,
    reader: &Reader,
    after: Seq,
) -> Result<Vec<Message>, Error> {
    messages::table
        .filter(messages::conversation_no.eq(no.0))
        .filter(messages::seq.gt(after))
        .filter(visible_to(
            reader.no.0,
            role_or_none(reader),
            reader.sees_from,
        ))
        .order(messages::seq)
        .select((MessageRow::as_select(), sender_id(), actor_id()))
        .load::<(MessageRow, String, Option<String>)>(connection)
        .map_err(explain)?
        .into_iter()
        .map(assemble)
        .collect()
}

/// Cards up to `after` that were answered later; their seqs are adjacent.
fn answered_since(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
) -> Result<Vec<Seq>, Error> {
    let ranges: Vec<(Option<Seq>, Option<Seq>)> = flow_steps::table
        .filter(flow_steps::conversation_no.eq(no.0))
        .filter(flow_steps::seq.gt(after))
        .filter(flow_steps::answered_from.le(after))
        .select((flow_steps::answered_from, flow_steps::answered_to))
        .load(connection)
        .map_err(explain)?;
    let ranges = ranges.into_iter().filter_map(|(from, to)| from.zip(to));
    Ok(ranges.flat_map(|(from, to)| from..to).collect())
}

/// Every change after `after`, in order, each with the current form of its subject.
pub fn entries(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
) -> Result<Vec<Entry>, Error> {
    in_snapshot(connection, |connection| {
        let last = last_seq(connection, no)?.filter(|last| *last > after);
        last.map_or(Ok(Vec::new()), |last| {
            all_entries(connection, no, after, last)
        })
    })
}

pub(super) fn last_seq(
    connection: &mut PgConnection,
    no: ConversationNo,
) -> Result<Option<Seq>, Error> {
    let conversation = conversations_table::table.find(no.0);
    let last = conversation.select(conversations_table::last_seq);
    last.first(connection).optional().map_err(explain)
}

/// Runs queries on one snapshot (repeatable read).
pub(super) fn in_snapshot<T>(
    connection: &mut PgConnection,
    read: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
) -> Result<T, Error> {
    connection
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_recovered_only_where_everything_fits() {
        assert_eq!(recovery_of(10, Some(10)), Recovery::Complete);
        assert_eq!(recovery_of(1_010, Some(10)), Recovery::Complete);
        assert_eq!(recovery_of(1_011, Some(10)), Recovery::Fresh);
        assert_eq!(recovery_of(10, Some(11)), Recovery::Fresh);
        assert_eq!(recovery_of(10, None), Recovery::Fresh);
    }
}
