//! The acknowledgements of the Stoory dialect: `success`, and what the client's event created.

use serde::Serialize;
use serde_json::json;

use super::rows::{ConversationRow, MessageRow};
use super::sides::Sides;
use crate::domain::access::role_among;
use crate::domain::answer::Answer;
use crate::domain::conversation::{Conversation, Participant};
use crate::domain::deal_memory::DealMemory;
use crate::domain::ids::UserNo;
use crate::domain::room_event::View;
use crate::domain::snapshot::Listed;
use crate::edge::dialect::Reader;

#[derive(Serialize)]
struct Sent<'a> {
    success: bool,
    message: MessageRow<'a>,
}

#[derive(Serialize)]
struct Joined<'a> {
    success: bool,
    conversation: ConversationRow<'a>,
}

pub(crate) fn acknowledgement(answer: &Answer, view: Option<&View>, reader: Reader<'_>) -> String {
    match (answer, view) {
        (Answer::Sent(message, _) | Answer::Message(message), Some(view)) => {
            let sides = Sides::new(&view.conversation, view.people.in_order());
            let conversation = view.conversation.id;
            let (no, context) = (Some(reader.no), reader.messages());
            let message = MessageRow::new(message, conversation, &sides, no, context);
            written(&Sent {
                success: true,
                message,
            })
        }
        (Answer::Joined(snapshot), view) => {
            let (conversation, people) = (&snapshot.conversation, &snapshot.participants);
            let nothing = DealMemory::default();
            let memory = view.map_or(&nothing, |view| &view.deal);
            written(&Joined {
                success: true,
                conversation: row(conversation, people, reader.no, memory),
            })
        }
        (Answer::Conversation(conversation, people), view) => {
            let nothing = DealMemory::default();
            let memory = view.map_or(&nothing, |view| &view.deal);
            written(&Joined {
                success: true,
                conversation: row(conversation, people, reader.no, memory),
            })
        }
        (
            Answer::Sent(..)
            | Answer::Message(_)
            | Answer::Reacted(_)
            | Answer::Pinned(_)
            | Answer::Thread(..)
            | Answer::Marked(_)
            | Answer::Typists(_)
            | Answer::Flow(_)
            | Answer::Done,
            _,
        ) => json!({ "success": true }).to_string(),
    }
}

pub(crate) fn watched(listed: &[Listed], reader: Reader<'_>) -> String {
    let nothing = DealMemory::default();
    let rows: Vec<_> = listed
        .iter()
        .map(|one| row(&one.conversation, &one.participants, reader.no, &nothing))
        .collect();
    json!({ "success": true, "conversations": rows }).to_string()
}

fn row<'a>(
    conversation: &'a Conversation,
    people: &'a [Participant],
    reader: UserNo,
    memory: &DealMemory,
) -> ConversationRow<'a> {
    let role = role_among(people, reader);
    let sides = Sides::new(conversation, people);
    ConversationRow::new(conversation, &sides, role, &memory.to(role))
}

fn written(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).unwrap_or_else(|error| {
        log::error!(event = "encoding_failed"; "{error}");
        json!({ "success": true }).to_string()
    })
}
