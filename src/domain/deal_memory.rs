//! The context and pending cards of a deal. A room keeps them while a listener's dialect needs them.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

use super::flow::{StateVersion, Stepped};
use super::message::{Audience, Message, MessageKind};
use super::snapshot::Particulars;

/// A card that waits for an answer.
#[derive(Clone, Debug)]
struct PendingCard {
    version: StateVersion,
    audience: Option<Audience>,
    kind: MessageKind,
    card: Arc<RawValue>,
}

/// The parts of a deal that its view does not contain.
#[derive(Clone, Debug, Default)]
pub struct DealMemory(Arc<Memory>);

#[derive(Clone, Debug, Default)]
struct Memory {
    context: Arc<Map<String, Value>>,
    version: StateVersion,
    cards: Vec<PendingCard>,
    is_whole: bool,
}

impl DealMemory {
    /// From values that were read: the context, the state version, and the messages with pending cards.
    pub fn read(
        context: Map<String, Value>,
        version: StateVersion,
        pending_cards: &[Message],
    ) -> Self {
        let mut memory = Self(Arc::new(Memory {
            context: Arc::new(context),
            version,
            cards: Vec::new(),
            is_whole: true,
        }));
        pending_cards.iter().for_each(|message| memory.say(message));
        memory
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.0.is_whole
    }

    /// Applies a step. New actions answer all pending cards.
    pub fn step(&mut self, stepped: &Stepped) {
        let memory = Arc::make_mut(&mut self.0);
        memory.is_whole |= memory.version != stepped.version;
        memory.context = Arc::clone(&stepped.context);
        memory.version = stepped.version;
        memory
            .cards
            .retain(|asked| asked.version == stepped.version);
    }

    /// Adds a message; its card is pending.
    pub fn say(&mut self, message: &Message) {
        if let Some(card) = &message.card {
            let memory = Arc::make_mut(&mut self.0);
            memory.cards.push(PendingCard {
                version: memory.version,
                audience: message.content.audience.clone(),
                kind: message.content.kind,
                card: Arc::clone(card),
            });
        }
    }

    /// The context and pending card for a participant with this role; `None` means staff.
    pub fn to(&self, role: Option<&str>) -> Particulars {
        let is_meant = |asked: &&PendingCard| Audience::admits_role(asked.audience.as_ref(), role);
        let newest = self.0.cards.iter().rev().find(is_meant);
        Particulars {
            context: Map::clone(&self.0.context),
            card: newest.map(|asked| (asked.kind, (*asked.card).to_owned())),
        }
    }
}
