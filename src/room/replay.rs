//! What a reader missed, as the events that it would have been: read from the store a page at a time, and queued as far as there is room.

use diesel::pg::PgConnection;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::access::Requester;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::command::{Mark, Reads};
use crate::domain::deal_memory::DealMemory;
use crate::domain::dialect::Dialect;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationId, MessageId, Seq};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{Change, MessageChange, RoomEvent, StepPart, View};
use crate::domain::snapshot::Reader;
use crate::error::Error;
use crate::queue::{ChatFrame, ConnectionQueue, EventReader, Frame, Heard, Push};
use crate::store::missed::{self, Missed};

/// Changes that are read at once.
const PAGE: Seq = 100;

/// Puts into each step of a page how the deal stood after it. Deals know that; rooms do not.
pub type Recall = dyn Fn(&mut PgConnection, &mut Missed) -> Result<(), Error> + Send + Sync;

/// Reads the page after a seq.
pub fn read(
    connection: &mut PgConnection,
    recall: &Recall,
    conversation: ConversationId,
    after: Seq,
) -> Result<Missed, Error> {
    let missed = missed::page(connection, conversation, after, PAGE)?;
    let mut missed = missed.ok_or(Refusal::ConversationNotFound)?;
    recall(connection, &mut missed)?;
    Ok(missed)
}

/// The caller as a reader of what was read, if they may read it.
pub fn reader(missed: &Missed, caller: Requester) -> Result<Reader, Refusal> {
    let access = missed.loaded.access(caller)?;
    Ok(access.reader(caller.no))
}

/// A page as the events that one reader gets.
pub struct Page {
    events: Vec<(Seq, Frame)>,
    view: View,
    /// Where the page begins.
    after: Seq,
    /// The seq up to which it goes.
    pub to: Seq,
}

impl Page {
    /// The events of what was read after a seq, for a reader. Those that they may not see are left out.
    pub fn new(missed: Missed, after: Seq, dialect: Dialect, reader: &Reader) -> Self {
        let flow = missed.loaded.conversation.flow.as_ref();
        let version = flow.map_or(0, |deal_view| deal_view.state_version);
        let reader_blocks = missed.loaded.blocks.of_reader(reader.no);
        let loaded = missed.loaded.seen_by(reader.no);
        let view = View {
            deal: DealMemory::read(missed.context, version, &missed.pending_cards),
            ..View::of(loaded.conversation, loaded.participants)
        };
        let mut entries = missed.entries;
        if let Some(reader_blocks) = reader_blocks {
            entries
                .iter_mut()
                .for_each(|entry| mark(&reader_blocks, entry));
        }
        Self {
            events: events(dialect, &entries, &view, reader),
            view,
            after,
            to: missed.to,
        }
    }

    /// The conversation as it stood when the page was read.
    pub(super) fn view(&self) -> &View {
        &self.view
    }

    /// What its deal remembers and asks, where it has one.
    pub(super) fn deal(&self) -> Option<&DealMemory> {
        let has_deal = self.view.conversation.flow.is_some();
        has_deal.then_some(&self.view.deal)
    }

    /// Whether nothing more had been missed when the page was read.
    pub fn is_last(&self) -> bool {
        self.to >= self.view.conversation.last_seq
    }

    /// Queues events until the queue is half full, so that what happens meanwhile has room too. Answers the seq up to which
    /// everything is queued; `None` where the connection is closing.
    pub fn queue(&mut self, queue: &ConnectionQueue) -> Option<Seq> {
        let mut queued = None;
        for (seq, frame) in self.events.drain(..) {
            // A step can be two events: they stay together.
            if queued != Some(seq) && queue.is_half_full() {
                return Some(queued.unwrap_or(self.after));
            }
            if queue.push(frame) != Push::Queued {
                return None;
            }
            queued = Some(seq);
        }
        Some(self.to)
    }
}

/// Marks a message of a user whom the reader has blocked.
fn mark(reader_blocks: &ReaderBlocks, entry: &mut Entry) {
    match &mut entry.fact {
        Fact::Said(message) | Fact::Edited(message) | Fact::Deleted(message) => {
            reader_blocks.mark([message]);
        }
        Fact::Participant { .. }
        | Fact::Block { .. }
        | Fact::Settings { .. }
        | Fact::Ended
        | Fact::Stepped(_)
        | Fact::Reacted(_)
        | Fact::Pinned(_)
        | Fact::Void => {}
    }
}

fn events(dialect: Dialect, entries: &[Entry], view: &View, reader: &Reader) -> Vec<(Seq, Frame)> {
    let role: Option<Arc<str>> = reader.role.as_deref().map(Into::into);
    let mut frames = Vec::with_capacity(entries.len());
    let seen = entries.iter().enumerate();
    for (index, entry) in seen.filter(|(_, entry)| reader.sight().sees_seq(entry.seq)) {
        let after = entries.get(index + 1..).unwrap_or_default();
        let mut then = view.clone();
        then.conversation.last_seq = entry.seq;
        for change in changes(entry, after, &then, dialect) {
            let event = RoomEvent::new(view.conversation.id, Some(entry.seq), change);
            if event.is_seen(reader.sight()) {
                let event_reader = EventReader {
                    role: role.as_ref(),
                    reader_blocks: None,
                };
                let frame = ChatFrame::event(&event, event_reader, Heard::Joined);
                frames.push((entry.seq, frame));
            }
        }
    }
    frames
}

/// How far everybody has read, since watermarks leave no entries. `newest` has the newest message up to each watermark.
pub(super) fn marks(view: &View, newest: &HashMap<Seq, Seq>) -> Vec<Frame> {
    let mut frames = Vec::new();
    for person in view.people.in_order() {
        for (mark, seq) in [
            (Mark::Seen(Reads::MainLine), person.read_seq),
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
                passed: Vec::new(),
            };
            let event = RoomEvent::new(view.conversation.id, None, marked);
            frames.push(ChatFrame::event(
                &event,
                EventReader::ANYBODY,
                Heard::Joined,
            ));
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
            let in_parts = dialect.needs().acts;
            let stands = in_parts.then(|| Change::StepPart {
                part: StepPart::Conversation,
                stepped: Arc::clone(stepped),
                said: said_with(after),
                view: view.clone(),
            });
            let is_told = in_parts && stepped.actor_id.is_some();
            let act = is_told.then(|| Change::Acted {
                stepped: Arc::clone(stepped),
                said: said_with(after),
                view: view.clone(),
            });
            stands.into_iter().chain([step]).chain(act).collect()
        }
        Fact::Participant { .. } | Fact::Settings { .. } => vec![Change::Changed(view.clone())],
        // The blocked user learns of it only from refusals.
        Fact::Block { .. } => Vec::new(),
        // Nobody is left to be told.
        Fact::Ended => Vec::new(),
        annotation @ (Fact::Reacted(_) | Fact::Pinned(_) | Fact::Void) => {
            annotation_change(annotation).into_iter().collect()
        }
    }
}

/// A reaction or a pin as the change that is told; `None` for what is told otherwise, or not at all.
pub(super) fn annotation_change(fact: &Fact) -> Option<Change> {
    match fact {
        Fact::Reacted(reacted) => Some(Change::Reacted(Arc::clone(reacted))),
        Fact::Pinned(pinned) => Some(Change::Pinned(Arc::clone(pinned))),
        _ => None,
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
