//! The guide knows two people in each conversation: a brand owner and an influencer. Who they are, and whom a message is for.

use crate::domain::conversation::{Conversation, Participant};
use crate::domain::ids::UserNo;
use crate::domain::message::{Audience, Message, MessageKind};

/// The guide's name of the role that pays.
pub const BRAND_OWNER: &str = "brand_owner";
/// The guide's name of the role that works.
pub const INFLUENCER: &str = "influencer";

/// The people of a conversation, as the guide sees them.
#[derive(Clone, Debug)]
pub struct Sides<'a> {
    people: Vec<&'a Participant>,
    /// Who has the guide's role of that name; where nobody has the two roles, of two people the one who made the conversation.
    pub brand_owner: Option<&'a Participant>,
    /// Who has the guide's role of that name; where nobody has the two roles, the other one of two.
    pub influencer: Option<&'a Participant>,
}

impl<'a> Sides<'a> {
    /// Everybody who takes or took part, in the order of coming.
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

    /// Whom a message is for: the one whom its audience names, else the other one of two. What the system says to both is for whoever
    /// reads it; to nobody where they share the bytes.
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

    /// Whether those whom it is for have read it.
    pub fn has_been_seen(&self, message: &Message, reader: Option<UserNo>) -> bool {
        if let Some(receiver) = self.receiver(message, reader) {
            return receiver.read_seq >= message.seq();
        }
        let mut meant = self.people.iter().filter(|person| {
            person.no != message.sender
                && person.takes_part()
                && message.is_visible_to(person.no, Some(&person.role))
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
