//! What somebody missed, as the events that it would have been.

use bytestring::ByteString;
use std::collections::HashMap;

use super::{Event, Scene, Words};
use crate::domain::command::Mark;
use crate::domain::entry::{Entry, Fact};
use crate::domain::form::Form;
use crate::domain::ids::{MessageId, Seq};
use crate::domain::message::Message;
use crate::domain::snapshot::Reader;
use crate::edge::native::encode::MessageEvent;

/// The events of these entries for one reader, in order; those that they may not see are left out.
pub fn told_again(
    form: Form,
    entries: &[Entry],
    scene: &Scene<'_>,
    reader: &Reader,
) -> Vec<(Seq, ByteString)> {
    let mut told = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let said = said_with(entries.get(place + 1..).unwrap_or_default());
        let mut conversation = scene.conversation.clone();
        conversation.last_seq = entry.seq;
        let scene = Scene {
            conversation: &conversation,
            ..*scene
        };
        for event in events(entry, &said) {
            let words = words(form, &event, &scene, reader);
            told.extend(words.map(|words| (entry.seq, words)));
        }
    }
    told
}

/// How far everybody has read: marks leave no entries. `newest` has the newest message up to each watermark.
pub fn marks_told_again(
    form: Form,
    scene: &Scene<'_>,
    reader: &Reader,
    newest: &HashMap<Seq, Seq>,
) -> Vec<ByteString> {
    let mut told = Vec::new();
    for person in scene.people.in_order() {
        for (mark, seq) in [
            (Mark::Seen, person.read_seq),
            (Mark::Delivered, person.delivered_seq),
        ] {
            if seq == 0 {
                continue;
            }
            let message = MessageId {
                conversation: scene.conversation.no,
                seq: newest.get(&seq).copied().unwrap_or(seq),
            };
            let marked = Event::Marked {
                mark,
                user: &person.id,
                seq,
                message,
            };
            told.extend(words(form, &marked, scene, reader));
        }
    }
    told
}

fn words(form: Form, event: &Event<'_>, scene: &Scene<'_>, reader: &Reader) -> Option<ByteString> {
    let role = reader.role.as_deref();
    let hidden = match event {
        Event::Message { message, .. } => !message.is_visible_to(reader.no, role),
        _ => false,
    };
    if hidden {
        return None;
    }
    let Words { bytes, own, .. } = super::words(form, event, scene, role)?;
    let own = own.filter(|(whose, _)| *whose == reader.no);
    Some(own.map_or(bytes, |(_, own)| own))
}

fn events<'a>(entry: &'a Entry, said: &'a [Message]) -> Vec<Event<'a>> {
    let seq = entry.seq;
    let of = |kind, message| vec![Event::Message { kind, seq, message }];
    match &entry.fact {
        Fact::Said(message) => of(MessageEvent::New, message),
        Fact::Edited(message) => of(MessageEvent::Updated, message),
        Fact::Deleted(message) => of(MessageEvent::Deleted, message),
        Fact::Stepped(stepped) => {
            vec![Event::Step { entry, stepped }, Event::Act { stepped, said }]
        }
        Fact::Participant { .. } | Fact::Settings { .. } => vec![Event::Changed { seq }],
    }
}

/// What is said with a step: the messages between it and the next one.
pub fn said_with(after: &[Entry]) -> Vec<Message> {
    let messages = after.iter().map_while(|entry| match &entry.fact {
        Fact::Said(message) => Some(message.clone()),
        _ => None,
    });
    messages.collect()
}
