//! Selects the appends of one commit and sends the outcomes to their rooms. Pure but for the sending.

use actix::Recipient;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use super::lane::Committed;
use super::{Append, MarkRequest, Outcome, Outcomes, RequestNo};
use crate::domain::ids::UserNo;

/// The appends and marks of one commit.
pub(super) struct Batch {
    pub(super) appends: Vec<Append>,
    pub(super) marks: Vec<MarkRequest>,
}

/// Takes at most `limit` appends in order; `key_of` returns an append's sender and client id. A second append
/// with the same key stays for the next commit, where the deduplicating statement finds the first. The sender's
/// later appends stay with it, to keep their order.
pub(super) fn gather<T, S: Copy + Eq + Hash>(
    waiting: &mut VecDeque<T>,
    limit: usize,
    key_of: impl Fn(&T) -> (S, u64),
) -> Vec<T> {
    let mut seen = HashSet::with_capacity(waiting.len().min(limit));
    let mut held_back = HashSet::new();
    let mut taken = Vec::with_capacity(waiting.len().min(limit));
    let mut kept = VecDeque::new();
    while let Some(append) = waiting.pop_front() {
        let (sender, client_id) = key_of(&append);
        let first = !held_back.contains(&sender) && seen.insert((sender, client_id));
        if first {
            taken.push(append);
        } else {
            held_back.insert(sender);
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

/// An append's sender and the hash of its client id. If the hashes of two client ids collide, the second append
/// waits for the next commit; nothing else happens.
pub(super) fn key_of(append: &Append) -> (UserNo, u64) {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    append.content.client_id.hash(&mut hasher);
    (append.sender, hasher.finish())
}

/// A room and the outcomes of its requests.
type RoomOutcomes = (Arc<Recipient<Outcomes>>, Vec<(RequestNo, Outcome)>);

/// Sends each room its outcomes in one message, in the order of the batch. One conversation may have two rooms
/// in a batch (one that crashed or is stopping, and its successor); each knows only its own request numbers.
pub(super) fn send_outcomes(committed: Committed) {
    let Committed { appends, marks, .. } = committed;
    let appends = appends
        .into_iter()
        .map(|(append, outcome)| (append.room, append.request_no, outcome));
    let marks = marks
        .into_iter()
        .map(|(marking, outcome)| (marking.room, marking.request_no, outcome));
    for (room, outcomes) in by_room(appends.chain(marks)) {
        room.do_send(Outcomes { outcomes });
    }
}

/// Groups the outcomes by room and keeps their order. Rooms are compared by the address of their `Arc`, which
/// each room creates once.
fn by_room(
    outcomes: impl Iterator<Item = (Arc<Recipient<Outcomes>>, RequestNo, Outcome)>,
) -> impl Iterator<Item = RoomOutcomes> {
    let mut rooms: HashMap<_, RoomOutcomes> = HashMap::new();
    for (room, request_no, outcome) in outcomes {
        let entry = rooms.entry(Arc::as_ptr(&room));
        let (_, outcomes) = entry.or_insert_with(|| (room, Vec::new()));
        outcomes.push((request_no, outcome));
    }
    rooms.into_values()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix::prelude::*;
    use proptest::prelude::*;

    type Sent = (u8, u64, usize);

    proptest! {
        #[test]
        fn every_append_goes_once_in_its_senders_order_and_never_beside_its_double(
            sent in prop::collection::vec((0..4u8, 0..6u64), 0..120),
            limit in 1..40usize,
        ) {
            let number = |(at, (sender, id)): (usize, (u8, u64))| (sender, id, at);
            let sent: Vec<Sent> = sent.into_iter().enumerate().map(number).collect();
            let mut waiting = VecDeque::from(sent.clone());
            let mut gone: Vec<Sent> = Vec::new();
            while !waiting.is_empty() {
                let before = waiting.len();
                let batch = gather(&mut waiting, limit, |(sender, id, _)| (*sender, *id));
                prop_assert!(!batch.is_empty() && batch.len() <= limit);
                prop_assert_eq!(batch.len() + waiting.len(), before);
                let keys: HashSet<_> = batch.iter().map(|(sender, id, _)| (sender, id)).collect();
                prop_assert_eq!(keys.len(), batch.len());
                gone.extend(batch);
            }
            for sender in 0..4 {
                let of = |all: &[Sent]| all.iter().copied().filter(|one| one.0 == sender).collect::<Vec<_>>();
                prop_assert_eq!(of(&gone), of(&sent));
            }
        }
    }

    struct Idle;

    impl Actor for Idle {
        type Context = Context<Self>;
    }

    impl Handler<Outcomes> for Idle {
        type Result = ();

        fn handle(&mut self, _: Outcomes, _: &mut Self::Context) {}
    }

    #[actix_rt::test]
    async fn each_room_is_told_its_own_outcomes_in_their_order() {
        let room = || Arc::new(Idle.start().recipient::<Outcomes>());
        let (lost, next) = (room(), room());
        let settled = [(&lost, 7), (&next, 1), (&lost, 8), (&next, 2)]
            .map(|(room, request_no)| (Arc::clone(room), request_no, Outcome::Stale));
        let entry: Vec<RoomOutcomes> = by_room(settled.into_iter()).collect();
        let of = |room: &Arc<Recipient<Outcomes>>| -> Vec<RequestNo> {
            let own = entry.iter().filter(|(entry, _)| Arc::ptr_eq(entry, room));
            let own = own.flat_map(|(_, outcomes)| outcomes);
            own.map(|(request_no, _)| *request_no).collect()
        };
        assert_eq!(
            (entry.len(), of(&lost), of(&next)),
            (2, vec![7, 8], vec![1, 2])
        );
    }

    #[test]
    fn a_double_holds_back_its_sender_alone() {
        let mut waiting = VecDeque::from([(1, 1, 0), (1, 1, 1), (1, 2, 2), (2, 1, 3)]);
        let batch = gather(&mut waiting, 10, |(sender, id, _): &Sent| (*sender, *id));
        assert_eq!(batch, [(1, 1, 0), (2, 1, 3)]);
        assert_eq!(waiting, [(1, 1, 1), (1, 2, 2)]);
    }
}
