//! A conversation in a list: the row, and what the front end's lists show beside it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::about::{BID, CAMPAIGN, ConversationType, described, title_of};
use super::rows::{ConversationRow, sender_of};
use super::sides::{BRAND_OWNER, INFLUENCER, Sides};
use crate::domain::access::role_among;
use crate::domain::conversation::{Conversation, Participant};
use crate::domain::ids::UserNo;
use crate::domain::message::Message;
use crate::domain::snapshot::{Listed, Particulars};
use crate::edge::native::instants::instant;

/// Somebody of a conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StooryPerson)]
pub struct PersonRow<'a> {
    /// Their id
    pub id: &'a str,
    /// Their name; their id if the platform gave none
    pub name: &'a str,
    /// `brand_owner` or `influencer`; their role in the conversation if they are neither
    pub role: &'a str,
}

impl<'a> PersonRow<'a> {
    /// A participant, by their side.
    pub fn new(person: &'a Participant, sides: &Sides<'a>) -> Self {
        let is = |side: Option<&Participant>| side.is_some_and(|side| side.no == person.no);
        let role = match (is(sides.brand_owner), is(sides.influencer)) {
            (true, _) => BRAND_OWNER,
            (false, true) => INFLUENCER,
            (false, false) => person.role.as_str(),
        };
        let id = person.id.as_str();
        Self {
            id,
            name: person.name.as_deref().unwrap_or(id),
            role,
        }
    }
}

/// The newest message of a conversation, as lists show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StooryLastMessage)]
pub struct LastMessage<'a> {
    /// What it says
    pub message: &'a str,
    /// When it was committed
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    /// Who said it
    pub sender_id: &'a str,
}

impl<'a> LastMessage<'a> {
    /// A message; `system` is the system's id.
    pub fn new(message: &'a Message, system: &'a str) -> Self {
        Self {
            message: &message.content.body,
            created_at: message.created_at,
            sender_id: sender_of(message, system),
        }
    }
}

/// What the platform says about the campaign and the bid of a conversation, under all names that the front end reads.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StoorySources)]
pub struct Sources {
    /// The campaign
    #[schema(value_type = Option<Object>)]
    pub campaigns: Option<Value>,
    /// The bid
    #[schema(value_type = Option<Object>)]
    pub bids: Option<Value>,
    /// The campaign, if the conversation is about one
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub campaign: Option<Value>,
    /// The bid, if the conversation is about one
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub bid: Option<Value>,
    /// The campaign or the bid
    #[schema(value_type = Option<Object>)]
    pub source_data: Option<Value>,
}

impl Sources {
    fn of(conversation: &Conversation) -> Self {
        let (campaign, bid) = (
            described(conversation, CAMPAIGN),
            described(conversation, BID),
        );
        Self {
            source_data: match ConversationType::of(conversation) {
                ConversationType::Campaign => campaign.clone(),
                ConversationType::Bid => bid.clone(),
                ConversationType::Direct => None,
            },
            campaigns: campaign.clone(),
            bids: bid.clone(),
            campaign,
            bid,
        }
    }
}

/// A conversation in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StooryListedConversation)]
pub struct ListedRow<'a> {
    /// The conversation
    #[serde(flatten)]
    pub row: ConversationRow<'a>,
    /// What it is about
    #[serde(flatten)]
    pub sources: Sources,
    /// What it is called
    pub conversation_title: String,
    /// The other side
    pub other_user: Option<PersonRow<'a>>,
    /// Whether the caller is the brand owner
    pub is_brand_owner: bool,
    /// The newest message that the caller may see
    pub last_message: Option<LastMessage<'a>>,
    /// How many messages of others the caller has not read
    pub unread_count: i64,
    /// There may be more: counting ends at 1,000
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unread_count_capped: bool,
}

impl<'a> ListedRow<'a> {
    /// A conversation of this reader's list; `system` is the system's id.
    pub fn new(
        listed: &'a Listed,
        reader: UserNo,
        particulars: &Particulars,
        system: &'a str,
    ) -> Self {
        let conversation = &listed.conversation;
        let sides = Sides::new(conversation, &listed.participants);
        let role = role_among(&listed.participants, reader);
        let last_message = listed.last_message.as_ref();
        Self {
            row: ConversationRow::new(conversation, &sides, role, particulars),
            sources: Sources::of(conversation),
            conversation_title: title_of(conversation),
            other_user: sides
                .opposite(reader)
                .map(|person| PersonRow::new(person, &sides)),
            is_brand_owner: sides.brand_owner.is_some_and(|person| person.no == reader),
            last_message: last_message.map(|message| LastMessage::new(message, system)),
            unread_count: listed.unread.number(),
            unread_count_capped: listed.unread.is_capped(),
        }
    }
}

/// Two people with a direct conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StooryConnection)]
pub struct ConnectionRow<'a> {
    /// The conversation's id
    #[schema(value_type = Uuid)]
    pub id: crate::domain::ids::ConversationId,
    /// Of the two, the one who began, if they have no roles
    pub brand_owner_id: Option<&'a str>,
    /// The other one
    pub influencer_id: Option<&'a str>,
    /// When it was made
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    /// When it last changed
    #[serde(serialize_with = "instant")]
    pub updated_at: DateTime<Utc>,
    /// The other side
    pub other_user: Option<PersonRow<'a>>,
    /// Whether the caller is the brand owner
    pub is_brand_owner: bool,
}

impl<'a> From<&ListedRow<'a>> for ConnectionRow<'a> {
    fn from(listed: &ListedRow<'a>) -> Self {
        Self {
            id: listed.row.context.id,
            brand_owner_id: listed.row.brand_owner_id,
            influencer_id: listed.row.influencer_id,
            created_at: listed.row.created_at,
            updated_at: listed.row.updated_at,
            other_user: listed.other_user.clone(),
            is_brand_owner: listed.is_brand_owner,
        }
    }
}
