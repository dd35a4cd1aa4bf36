//! The people of a room in the clients' terms: who is staff and who is a customer, their names, and how far others have read.

use crate::domain::conversation::{Conversation, Participant, Subject};
use crate::domain::ids::{ConversationId, UserNo};
use crate::domain::message::{Message, MessageKind};
use crate::domain::snapshot::Loaded;
use serde::Serialize;
use utoipa::ToSchema;

/// The roles of participants who help. Senders who do not participate are staff too.
const STAFF_ROLES: [&str; 4] = ["agent", "support", "manager", "admin"];
/// The name that stands for the system in a room without a title.
const SYSTEM_NAME: &str = "System";

/// On which side a sender stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LolaSenderType)]
pub enum SenderType {
    /// Somebody who asks.
    Customer,
    /// Somebody who helps.
    Staff,
    /// The platform.
    System,
    /// A flow.
    Bot,
}

impl SenderType {
    /// The type of a sender with this participant's row. A sender without one is staff who do not participate.
    pub fn of(person: Option<&Participant>) -> Self {
        match person {
            Some(person) if !STAFF_ROLES.contains(&person.role.as_str()) => Self::Customer,
            Some(_) | None => Self::Staff,
        }
    }
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LolaDeliveryStatus)]
pub enum DeliveryStatus {
    /// It is stored.
    Sent,
    /// A device of somebody else has it.
    Delivered,
    /// Somebody else has read it.
    Read,
}

/// A room and all who take part in it or did.
#[derive(Debug)]
pub struct RoomPeople<'a> {
    /// The room's id.
    pub room: ConversationId,
    /// The business that the room belongs to.
    pub business: Option<&'a str>,
    title: Option<&'a str>,
    people: Vec<&'a Participant>,
}

impl<'a> RoomPeople<'a> {
    /// The people of a conversation that was read from the database.
    pub fn of(loaded: &'a Loaded) -> Self {
        Self::new(&loaded.conversation, &loaded.participants)
    }

    /// The people of a conversation.
    pub fn new(
        conversation: &'a Conversation,
        people: impl IntoIterator<Item = &'a Participant>,
    ) -> Self {
        Self {
            room: conversation.id,
            business: conversation.subject.as_deref().and_then(business),
            title: conversation.title.as_deref(),
            people: people.into_iter().collect(),
        }
    }

    /// A participant, present or past.
    pub fn person(&self, no: UserNo) -> Option<&'a Participant> {
        self.people.iter().find(|person| person.no == no).copied()
    }

    /// Whom the room is about: its creator if they ask, else the first who does.
    pub fn customer(&self, conversation: &Conversation) -> Option<&'a Participant> {
        let asks = |person: &&&Participant| SenderType::of(Some(person)) == SenderType::Customer;
        let mut asking = self.people.iter().filter(asks);
        let creator = asking
            .clone()
            .find(|person| person.id == conversation.created_by);
        creator.or_else(|| asking.next()).copied()
    }

    /// The first present participant who helps.
    pub fn helper(&self) -> Option<&'a Participant> {
        let mut present = self.people.iter().filter(|person| person.takes_part());
        let helps = |person: &&&Participant| SenderType::of(Some(person)) == SenderType::Staff;
        present.find(helps).copied()
    }

    /// On which side the sender of a message stands.
    pub fn sender_type(&self, message: &Message) -> SenderType {
        match message.content.kind {
            MessageKind::UserInput => SenderType::of(self.person(message.sender)),
            MessageKind::Automated => SenderType::Bot,
            MessageKind::System | MessageKind::Audit => SenderType::System,
        }
    }

    /// The name of a message's sender; the room's title stands for the system.
    pub fn sender_name(&self, message: &'a Message) -> &'a str {
        if message.content.kind != MessageKind::UserInput {
            return self.title.unwrap_or(SYSTEM_NAME);
        }
        let sender = self.person(message.sender);
        let name = sender.and_then(|person| person.name.as_deref());
        name.unwrap_or(message.sender_id.as_str())
    }

    /// How far a message has come.
    pub fn delivery_status(&self, message: &Message) -> DeliveryStatus {
        let others = self.people.iter().filter(|person| {
            let meant = message.is_visible_to(person.sight());
            person.no != message.sender && person.takes_part() && meant
        });
        let has = |person: &&&Participant| person.delivered_seq >= message.seq();
        let has_read = |person: &&&Participant| person.read_seq >= message.seq();
        match (others.clone().find(has_read), others.clone().find(has)) {
            (Some(_), _) => DeliveryStatus::Read,
            (None, Some(_)) => DeliveryStatus::Delivered,
            (None, None) => DeliveryStatus::Sent,
        }
    }
}

/// The business of a subject: it is the subject, or the subject's data names it.
fn business(subject: &Subject) -> Option<&str> {
    if subject.kind == "business" {
        return Some(&subject.id);
    }
    let data = subject.card.get("data")?;
    data.get("businessId")?.as_str()
}
