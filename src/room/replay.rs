//! What somebody missed, as the events that it would have been.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::command::Mark;
use crate::domain::dialect::Dialect;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{MessageId, Seq};
use crate::domain::message::{Audience, Message};
use crate::domain::room_event::{Change, MessageChange, RoomEvent, View};
use crate::domain::snapshot::Reader;
use crate::queue::{ChatFrame, Frame, Heard};

/// The events of these entries for one reader, in order, each with its seq; those that they may not see are left out.
pub fn missed(
    dialect: Dialect,
    entries: &[Entry],
    view: &View,
    reader: &Reader,
) -> Vec<(Seq, Frame)> {
    let role: Option<Arc<str>> = reader.role.as_deref().map(Into::into);
    let mut frames = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let after = entries.get(place + 1..).unwrap_or_default();
        let mut then = view.clone();
        then.conversation.last_seq = entry.seq;
        for change in changes(entry, after, &then, dialect) {
            let event = RoomEvent::new(view.conversation.id, Some(entry.seq), change);
            if Audience::admits(event.audience(), reader.no, role.as_deref()) {
                let frame = ChatFrame::event(&event, role.as_ref(), Heard::Joined);
                frames.push((entry.seq, frame));
            }
        }
    }
    frames
}

/// How far everybody has read: marks leave no entries. `newest` has the newest message up to each watermark.
pub fn marks(view: &View, newest: &HashMap<Seq, Seq>) -> Vec<Frame> {
    let mut frames = Vec::new();
    for person in view.people.in_order() {
        for (mark, seq) in [
            (Mark::Seen, person.read_seq),
            (Mark::Delivered, person.delivered_seq),
        ] {
            if seq == 0 {
                continue;
            }
            let message = MessageId {
                conversation: view.conversation.no,
                seq: newest.get(&seq).copied().unwrap_or(seq),
            };
            let marked = Change::Marked {
                mark,
                user: person.id.clone(),
                seq,
                message,
            };
            let event = RoomEvent::new(view.conversation.id, None, marked);
            frames.push(ChatFrame::event(&event, None, Heard::Joined));
        }
    }
    frames
}

fn changes(entry: &Entry, after: &[Entry], view: &View, dialect: Dialect) -> Vec<Change> {
    let of = |kind, message: &Message| {
        vec![Change::Message {
            kind,
            message: message.clone(),
            view: view.clone(),
        }]
    };
    match &entry.fact {
        Fact::Said(message) => of(MessageChange::New, message),
        Fact::Edited(message) => of(MessageChange::Updated, message),
        Fact::Deleted(message) => of(MessageChange::Deleted, message),
        Fact::Stepped(stepped) => {
            let step = Change::Stepped {
                at: entry.at,
                stepped: Arc::clone(stepped),
                view: view.clone(),
            };
            let is_told = dialect.needs().acts && stepped.actor_id.is_some();
            let act = is_told.then(|| Change::Acted {
                stepped: Arc::clone(stepped),
                said: said_with(after),
                view: view.clone(),
            });
            [step].into_iter().chain(act).collect()
        }
        Fact::Participant { .. } | Fact::Settings { .. } => vec![Change::Changed(view.clone())],
    }
}

/// What is said with a step: the messages between it and the next one.
pub(super) fn said_with(after: &[Entry]) -> Vec<Message> {
    let messages = after.iter().map_while(|entry| match &entry.fact {
        Fact::Said(message) => Some(message.clone()),
        _ => None,
    });
    messages.collect()
}
