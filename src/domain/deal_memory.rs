//! What a deal remembers and asks: a room keeps it beside the deal's view while a dialect is listened in that needs it.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

use super::flow::{StateVersion, Stepped};
use super::message::{Audience, Message, MessageKind};
use super::snapshot::Particulars;

/// A card that waits for an answer.
#[derive(Clone, Debug)]
struct Asked {
    version: StateVersion,
    audience: Option<Audience>,
    kind: MessageKind,
    card: Arc<RawValue>,
}

/// What is known of a deal beyond how it stands.
#[derive(Clone, Debug, Default)]
pub struct DealMemory(Arc<Memory>);

#[derive(Clone, Debug, Default)]
struct Memory {
    context: Arc<Map<String, Value>>,
    version: StateVersion,
    cards: Vec<Asked>,
    is_whole: bool,
}

impl DealMemory {
    /// What was read: what the deal remembers, the version of what it offers, and the messages that ask.
    pub fn read(context: Map<String, Value>, version: StateVersion, asking: &[Message]) -> Self {
        let mut memory = Self(Arc::new(Memory {
            context: Arc::new(context),
            version,
            cards: Vec::new(),
            is_whole: true,
        }));
        asking.iter().for_each(|message| memory.say(message));
        memory
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.0.is_whole
    }

    /// A step was made. What it offers anew answers whatever waited.
    pub fn step(&mut self, stepped: &Stepped) {
        let memory = Arc::make_mut(&mut self.0);
        memory.is_whole |= memory.version != stepped.version;
        memory.context = Arc::clone(&stepped.context);
        memory.version = stepped.version;
        memory
            .cards
            .retain(|asked| asked.version == stepped.version);
    }

    /// A message was said; its card waits.
    pub fn say(&mut self, message: &Message) {
        if let Some(card) = &message.card {
            let memory = Arc::make_mut(&mut self.0);
            memory.cards.push(Asked {
                version: memory.version,
                audience: message.content.audience.clone(),
                kind: message.content.kind,
                card: Arc::clone(card),
            });
        }
    }

    /// What a participant with this role is shown, or staff.
    pub fn to(&self, role: Option<&str>) -> Particulars {
        let is_meant = |asked: &&Asked| Audience::admits_role(asked.audience.as_ref(), role);
        let newest = self.0.cards.iter().rev().find(is_meant);
        Particulars {
            context: Map::clone(&self.0.context),
            card: newest.map(|asked| (asked.kind, (*asked.card).to_owned())),
        }
    }
}
