//! What goes into one commit, and who is told of its outcome. Pure but for the sending.

use actix::Recipient;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::lane::{Batch, Committed};
use super::{Append, Outcome, Settled, Ticket};
use crate::domain::ids::ConversationNo;

/// Takes at most `limit` appends in order. A second one with the same sender and client id stays for the next commit,
/// where it finds the first; so does whatever its sender says after it, to keep their order.
pub(super) fn gather(waiting: &mut VecDeque<Append>, limit: usize) -> Vec<Append> {
    let mut seen = HashSet::with_capacity(waiting.len().min(limit));
    let mut held_back = HashSet::new();
    let mut taken = Vec::with_capacity(waiting.len().min(limit));
    let mut kept = VecDeque::new();
    while let Some(append) = waiting.pop_front() {
        let first = !held_back.contains(&append.sender)
            && seen.insert((append.sender, fingerprint_of_id(&append.draft.client_id)));
        if first {
            taken.push(append);
        } else {
            held_back.insert(append.sender);
            kept.push_back(append);
        }
        if taken.len() == limit {
            break;
        }
    }
    kept.append(waiting);
    *waiting = kept;
    taken
}

/// Two ids with one hash wait for each other without need, and nothing worse.
fn fingerprint_of_id(client_id: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    client_id.hash(&mut hasher);
    hasher.finish()
}

/// Tells each room its outcomes in one message, in the order of the batch.
pub(super) fn settle(committed: Committed) {
    let Committed {
        batch: Batch { appends, marks },
        outcomes,
        mark_outcome,
        ..
    } = committed;
    let mut rooms: HashMap<ConversationNo, (Arc<Recipient<Settled>>, Vec<(Ticket, Outcome)>)> =
        HashMap::new();
    for (append, outcome) in appends.into_iter().zip(outcomes) {
        let room = rooms
            .entry(append.conversation)
            .or_insert_with(|| (append.room, Vec::new()));
        room.1.push((append.ticket, outcome));
    }
    for marking in marks {
        let room = rooms
            .entry(marking.mark.conversation)
            .or_insert_with(|| (marking.room, Vec::new()));
        room.1.push((marking.ticket, mark_outcome.clone()));
    }
    for (room, outcomes) in rooms.into_values() {
        room.do_send(Settled { outcomes });
    }
}
