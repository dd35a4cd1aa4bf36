//! What a message must be besides its words: from whom, where, when, and what is in it.

use chrono::{DateTime, Utc};

use crate::domain::attachment::Attachment;
use crate::domain::ids::{ConversationId, Seq, UserId};
use crate::domain::message::{Message, MessageKind};
use crate::domain::tokens::{Document, Field, Tokenizer};

/// The filters of a query. Several values of one filter are alternatives, except of `has`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// The senders.
    pub from: Vec<Sender>,
    /// The conversation.
    pub within: Option<ConversationId>,
    /// What the conversation is about.
    pub subject: Option<SubjectFilter>,
    /// What is in the message.
    pub has: Traits,
    /// Whether only what the searcher has not read.
    pub unread: bool,
    /// Only messages sent at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only messages sent before this time.
    pub until: Option<DateTime<Utc>>,
}

/// A sender that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The searcher.
    Me,
    /// A user.
    User(UserId),
}

/// A subject that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectFilter {
    /// Its type.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// Something that a message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// A file of any type.
    File,
    /// A picture.
    Image,
    /// A recording.
    Voice,
    /// A link in the text.
    Link,
}

impl Has {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::File, Self::Image, Self::Voice, Self::Link];

    /// The name in queries.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Link => "link",
        }
    }

    fn bit(self) -> i16 {
        match self {
            Self::File => 1,
            Self::Image => 2,
            Self::Voice => 4,
            Self::Link => 8,
        }
    }
}

/// A set of what a message has, as the database stores it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits(i16);

/// The bit of notes, which never count as unread.
const NOTE: i16 = 16;

impl Traits {
    /// Adds one.
    pub fn add(&mut self, has: Has) {
        self.0 |= has.bit();
    }

    /// Whether it includes all of another set.
    pub fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What never counts as unread.
    pub fn of_notes() -> Self {
        Self(NOTE)
    }

    /// The number in the database.
    pub fn bits(self) -> i16 {
        self.0
    }
}

/// The texts and files of a message, of which its words and traits are made.
#[derive(Clone, Copy, Debug)]
pub struct Readable<'a> {
    /// Who made it.
    pub kind: MessageKind,
    /// What it says.
    pub body: &'a str,
    /// Its files.
    pub attachments: &'a [Attachment],
    /// The title of its card.
    pub card_title: Option<&'a str>,
}

impl Readable<'_> {
    /// What can be found of it: the text, the names of the files, the title of the card.
    pub fn document(self, tokenizer: &Tokenizer) -> Document {
        let body = std::iter::once((Field::Body, self.body));
        let names = self
            .attachments
            .iter()
            .filter_map(|file| file.name.as_deref());
        let names = names.map(|name| (Field::FileName, name));
        let title = self.card_title.map(|title| (Field::CardTitle, title));
        Document::read(tokenizer, body.chain(names).chain(title))
    }

    /// What it has.
    pub fn traits(self) -> Traits {
        let mut traits = Traits::default();
        for attachment in self.attachments {
            traits.add(Has::File);
            match attachment.media_type.as_deref().map(main_type) {
                Some("image") => traits.add(Has::Image),
                Some("audio") => traits.add(Has::Voice),
                Some(_) | None => {}
            }
        }
        if ["https://", "http://"]
            .iter()
            .any(|scheme| self.body.contains(scheme))
        {
            traits.add(Has::Link);
        }
        if self.kind == MessageKind::Audit {
            traits.0 |= NOTE;
        }
        traits
    }
}

fn main_type(media_type: &str) -> &str {
    media_type.split('/').next().unwrap_or_default()
}

/// What can be found of a stored message.
pub fn document_of(tokenizer: &Tokenizer, message: &Message) -> Document {
    let title = message
        .card
        .as_ref()
        .and_then(|card| card_title(card.get()));
    readable(message, title.as_deref()).document(tokenizer)
}

fn readable<'a>(message: &'a Message, card_title: Option<&'a str>) -> Readable<'a> {
    Readable {
        kind: message.content.kind,
        body: &message.content.body,
        attachments: &message.content.attachments,
        card_title,
    }
}

fn card_title(card: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Titled {
        title: Option<String>,
    }
    serde_json::from_str::<Titled>(card).ok()?.title
}

impl Filters {
    /// Whether nothing is filtered.
    pub fn are_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a message passes those filters that concern the message alone.
    pub fn admit(&self, message: &Message, me: &UserId) -> bool {
        let is_from = |sender: &Sender| match sender {
            Sender::Me => message.sender_id == *me,
            Sender::User(id) => message.sender_id == *id,
        };
        let is_from = self.from.is_empty() || self.from.iter().any(is_from);
        let at = message.created_at;
        let in_time =
            self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until);
        is_from && in_time && readable(message, None).traits().includes(self.has)
    }

    /// Whether a message is unread for somebody who has read up to this seq, if that is asked for.
    pub fn admit_read(&self, message: &Message, me: &UserId, read: Seq) -> bool {
        let is_unread = message.seq() > read && !message.is_by(me) && message.asks_to_be_read();
        !self.unread || is_unread
    }
}
