//! What a deal remembers and asks: a room that has somebody of the guide's in it keeps it beside the deal's standing.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

use crate::domain::flow::{StateVersion, Stepped};
use crate::domain::message::{Audience, Message, MessageKind};
use crate::domain::snapshot::Particulars;

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
pub struct Known {
    context: Arc<Map<String, Value>>,
    version: StateVersion,
    cards: Vec<Asked>,
    is_whole: bool,
}

impl Known {
    /// What was read: what the deal remembers, the version of what it offers, and the messages that ask.
    pub fn read(context: Map<String, Value>, version: StateVersion, asking: &[Message]) -> Self {
        let mut known = Self {
            context: Arc::new(context),
            version,
            cards: Vec::new(),
            is_whole: true,
        };
        asking.iter().for_each(|message| known.say(message));
        known
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// A step was made. What it offers anew answers whatever waited.
    pub fn step(&mut self, stepped: &Stepped) {
        self.is_whole |= self.version != stepped.version;
        self.context = Arc::clone(&stepped.context);
        self.version = stepped.version;
        self.cards.retain(|asked| asked.version == stepped.version);
    }

    /// A message was said; its card waits.
    pub fn say(&mut self, message: &Message) {
        if let Some(card) = &message.card {
            self.cards.push(Asked {
                version: self.version,
                audience: message.draft.audience.clone(),
                kind: message.draft.kind,
                card: Arc::clone(card),
            });
        }
    }

    /// What a participant with this role is shown, or staff.
    pub fn to(&self, role: Option<&str>) -> Particulars {
        let is_meant = |asked: &&Asked| Audience::admits_role(asked.audience.as_ref(), role);
        let newest = self.cards.iter().rev().find(is_meant);
        Particulars {
            context: Map::clone(&self.context),
            card: newest.map(|asked| (asked.kind, (*asked.card).to_owned())),
        }
    }
}
