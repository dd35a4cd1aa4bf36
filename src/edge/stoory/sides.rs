//! The two people that Stoory's API knows in each conversation, a brand owner and an influencer, and the receiver of each message.

use crate::domain::conversation::{Conversation, Participant};
use crate::domain::ids::UserNo;
use crate::domain::message::{Audience, Message, MessageKind};

/// Stoory's name of the role that pays.
pub const BRAND_OWNER: &str = "brand_owner";
/// Stoory's name of the role that works.
pub const INFLUENCER: &str = "influencer";

/// The people of a conversation in Stoory's terms.
#[derive(Clone, Debug)]
pub struct Sides<'a> {
    people: Vec<&'a Participant>,
    /// The participant with the role `brand_owner`; if nobody has the two roles, the one of two people who created the
    /// conversation.
    pub brand_owner: Option<&'a Participant>,
    /// The participant with the role `influencer`; if nobody has the two roles, the other one of two people.
    pub influencer: Option<&'a Participant>,
}

impl<'a> Sides<'a> {
    /// All present and former participants, in the order in which they joined.
    pub fn new(
        conversation: &Conversation,
        people: impl IntoIterator<Item = &'a Participant>,
    ) -> Self {
        let people: Vec<&Participant> = people.into_iter().collect();
        let playing = |role: &str| {
            let mut found = people.iter().filter(|person| person.role == role);
            let present = found.clone().find(|person| person.takes_part());
            present.or_else(|| found.next()).copied()
        };
        let (mut brand_owner, mut influencer) = (playing(BRAND_OWNER), playing(INFLUENCER));
        if let (&[first, second], None, None) = (people.as_slice(), brand_owner, influencer) {
            let turned = second.id == conversation.created_by;
            (brand_owner, influencer) = match turned {
                true => (Some(second), Some(first)),
                false => (Some(first), Some(second)),
            };
        }
        Self {
            people,
            brand_owner,
            influencer,
        }
    }

    /// The other side than somebody's own; for who has no side, the first other participant. Who is alone has themselves.
    pub fn opposite(&self, reader: UserNo) -> Option<&'a Participant> {
        let others = self.people.iter().filter(|person| person.no != reader);
        let present = others.clone().find(|person| person.takes_part());
        self.other_than(reader)
            .or(present.copied())
            .or_else(|| others.clone().next().copied())
            .or_else(|| self.person(reader))
    }

    /// The name of somebody of the conversation, else their id; `None` for an id of nobody here.
    pub fn name_of(&self, id: &str) -> Option<&'a str> {
        let mut people = self.people.iter();
        let person = people.find(|person| person.id.as_str() == id)?;
        Some(person.name.as_deref().unwrap_or(person.id.as_str()))
    }

    /// The receiver of a message: the participant whom its audience names, else the other one of two. A message of the system to
    /// both has the reader as its receiver, and `None` in an event that is encoded once for both.
    pub fn receiver(&self, message: &Message, reader: Option<UserNo>) -> Option<&'a Participant> {
        match &message.content.audience {
            Some(Audience::User(no)) => self.person(*no),
            Some(Audience::Role(role)) => self.people.iter().find(|p| p.role == *role).copied(),
            None if message.content.kind == MessageKind::UserInput => self
                .other_than(message.sender)
                .or_else(|| self.reader_but(message.sender, reader)),
            None => reader.and_then(|no| self.person(no)),
        }
    }

    /// Whether the receivers have read the message.
    pub fn has_been_seen(&self, message: &Message, reader: Option<UserNo>) -> bool {
        if let Some(receiver) = self.receiver(message, reader) {
            return receiver.read_seq >= message.seq();
        }
        let mut meant = self.people.iter().filter(|person| {
            person.no != message.sender
                && person.takes_part()
                && message.is_visible_to(person.sight())
        });
        let is_read = |person: &&Participant| person.read_seq >= message.seq();
        meant.clone().next().is_some() && meant.all(is_read)
    }

    fn person(&self, no: UserNo) -> Option<&'a Participant> {
        self.people.iter().find(|person| person.no == no).copied()
    }

    fn other_than(&self, no: UserNo) -> Option<&'a Participant> {
        let (one, other) = (self.brand_owner?, self.influencer?);
        match no {
            no if no == one.no => Some(other),
            no if no == other.no => Some(one),
            _ => None,
        }
    }

    fn reader_but(&self, sender: UserNo, reader: Option<UserNo>) -> Option<&'a Participant> {
        self.person(reader.filter(|reader| *reader != sender)?)
    }
}
