//! The approximate size of sections, by which what waits to go out is bounded.

use serde_json::Value;

use super::section::{Section, WireEntries};
use crate::domain::conversation::{Participant, Settings};
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::{DealView, Stepped};
use crate::domain::message::Message;

/// A section without its lists and texts.
const SECTION: usize = 128;
/// A number in a list.
const NUMBER: usize = 8;
/// A user of a list, with their presence.
const PERSON: usize = 24;
/// An entry without its texts.
const ENTRY: usize = 400;
/// An action of a deal without its texts, or a file's names and sizes.
const PART: usize = 200;

/// The approximate bytes of a section, in memory and as it is sent.
pub(super) fn of(section: &Section) -> usize {
    let rest = match section {
        Section::Hello
        | Section::Stopping
        | Section::Profile(_)
        | Section::Marked { .. }
        | Section::Typing { .. }
        | Section::Attendance { .. }
        | Section::Mine { .. }
        | Section::AskPeople(_)
        | Section::Ended(_) => 0,
        Section::Beat(beat) => beat.heard.len() * PERSON,
        Section::Entries(committed) => {
            committed.people.len() * NUMBER + of_entries(&committed.entries)
        }
        Section::Created { people, .. } => people.len() * NUMBER,
        Section::People(people) | Section::AllPeople { people, .. } => people.len() * PERSON,
        Section::Taken { pid, .. } => pid.len(),
        Section::Hint { topic, numbers } => topic.len() + numbers.len() * NUMBER,
    };
    SECTION + rest
}

fn of_entries(entries: &WireEntries) -> usize {
    match entries {
        WireEntries::Values(values) => values.iter().map(of_entry).sum(),
        WireEntries::Encoded(bytes) => bytes.len(),
    }
}

fn of_entry(entry: &Entry) -> usize {
    let rest = match &entry.fact {
        Fact::Said(message) | Fact::Edited(message) | Fact::Deleted(message) => of_message(message),
        Fact::Participant { now, .. } => of_participant(now),
        Fact::Settings { settings, card } => of_settings(settings) + of_json(card),
        Fact::Reacted(reacted) => reacted
            .users
            .iter()
            .map(|id| NUMBER + id.as_str().len())
            .sum(),
        Fact::Block { .. } | Fact::Ended | Fact::Pinned(_) | Fact::Void => 0,
        Fact::Stepped(stepped) => of_step(stepped),
    };
    ENTRY + rest
}

fn of_settings(settings: &Settings) -> usize {
    let closed = settings.closed.as_ref();
    let reason = closed.and_then(|closed| closed.reason.as_ref());
    settings.title.as_ref().map_or(0, String::len) + reason.map_or(0, String::len)
}

fn of_message(message: &Message) -> usize {
    let content = &message.content;
    let files = content.attachments.iter();
    let context = content.context.as_ref();
    content.body.len()
        + files
            .map(|file| PART + file.url().map_or(0, str::len))
            .sum::<usize>()
        + context.map_or(0, |context| context.get().len())
        + message.card.as_ref().map_or(0, |card| card.get().len())
}

fn of_participant(person: &Participant) -> usize {
    let name = person.name.as_ref().map_or(0, String::len);
    name + person.avatar_url.as_ref().map_or(0, String::len)
}

fn of_step(stepped: &Stepped) -> usize {
    let context = stepped.context.iter();
    stepped.reason.as_ref().map_or(0, String::len)
        + of_view(&stepped.deal_view)
        + context
            .map(|(name, value)| name.len() + of_json(value))
            .sum::<usize>()
}

fn of_view(view: &DealView) -> usize {
    let actions = view.available_actions.values().flatten();
    let parts = view.chat.len() + actions.map(|action| 1 + action.input.len()).sum::<usize>();
    parts * PART
}

fn of_json(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => NUMBER,
        Value::String(text) => NUMBER + text.len(),
        Value::Array(values) => NUMBER + values.iter().map(of_json).sum::<usize>(),
        Value::Object(members) => {
            let members = members.iter();
            NUMBER
                + members
                    .map(|(name, value)| NUMBER + name.len() + of_json(value))
                    .sum::<usize>()
        }
    }
}
