//! A message as the page reads it, over REST and in events.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::people::{Place, UserDocument};
use super::reactions::ReactionDocument;
use crate::domain::annotation::Annotation;
use crate::domain::attachment::Attachment;
use crate::domain::conversation::Subject;
use crate::domain::ids::ConversationId;
use crate::domain::message::{Message, MessageKind};
use crate::edge::links::Links;
use crate::edge::native::attachments::AttachmentView;
use crate::edge::native::instants::{instant, maybe_instant};

/// The type of a subject that is a job.
pub(super) const JOB: &str = "job";
/// The type of a subject that is a post of the community.
pub(super) const POST: &str = "post";
/// The type of a subject that is a gang.
pub(super) const GANG: &str = "gang";

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PartTimePaysMessageType)]
pub enum MessageType {
    /// Text.
    Text,
    /// A picture.
    Image,
    /// Any file.
    File,
    /// A recording.
    Voice,
    /// What no person said.
    System,
    /// It is about a job.
    JobContext,
    /// It is about a post.
    CommunityContext,
}

impl MessageType {
    /// What a person's message is by its files.
    pub(super) fn of_files(files: &[Attachment]) -> Self {
        let Some(first) = files.first() else {
            return Self::Text;
        };
        let media_type = first.media_type.as_deref().unwrap_or_default();
        match media_type.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Voice,
            _ => Self::File,
        }
    }

    fn of(message: &Message, declared: Option<Self>) -> Self {
        let declared = declared.filter(|declared| *declared != Self::System);
        match message.content.kind {
            MessageKind::System | MessageKind::Audit | MessageKind::Automated => Self::System,
            MessageKind::UserInput => {
                declared.unwrap_or_else(|| Self::of_files(&message.content.attachments))
            }
        }
    }
}

/// What this dialect keeps in a message's own object.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct StoredFields {
    /// What the sender says that the message is, where its files do not tell.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) declared: Option<MessageType>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) links: Option<MessageLinks>,
}

/// The platform's ids of what a message is about.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = PartTimePaysLinks)]
pub struct MessageLinks {
    /// A job
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) job_id: Option<String>,
    /// A post of the community
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) community_post_id: Option<String>,
    /// A connection of two people
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection_id: Option<String>,
    /// An application for a job
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) application_id: Option<String>,
}

impl StoredFields {
    /// The object is its sender's own: where its members are something else, nothing is kept in it.
    fn of(message: &Message) -> Self {
        let context = message.content.context.as_deref();
        let kept = context.and_then(|context| serde_json::from_str(context.get()).ok());
        kept.unwrap_or_default()
    }
}

/// What a message is about.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysContext)]
pub struct ContextDocument {
    /// A job: `_id`, and `title` and `company` where the conversation is about it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    job_id: Option<Value>,
    /// A post: `_id`, and `title` and `content` where the conversation is about it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    community_post_id: Option<Value>,
    /// A connection of two people
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<String>,
    /// An application for a job: `_id`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    application_id: Option<Value>,
}

impl ContextDocument {
    fn of(links: MessageLinks, subject: Option<&Subject>) -> Option<Self> {
        if links == MessageLinks::default() {
            return None;
        }
        let known =
            |kind: &str, id: &str| subject.filter(|known| known.kind == kind && known.id == id);
        let job = |id: String| subject_document(&id, known(JOB, &id), "company");
        let post = |id: String| subject_document(&id, known(POST, &id), "content");
        Some(Self {
            job_id: links.job_id.map(job),
            community_post_id: links.community_post_id.map(post),
            connection_id: links.connection_id,
            application_id: links
                .application_id
                .map(|id| serde_json::json!({ "_id": id })),
        })
    }
}

/// A thing of the platform, with what the platform has said of it: its title, and a member of its own object.
pub(super) fn subject_document(id: &str, known: Option<&Subject>, member: &str) -> Value {
    let card = known.map(|subject| &subject.card);
    let title = card.and_then(|card| card.get("title"));
    let more = card.and_then(|card| card.get("data")?.get(member));
    serde_json::json!({ "_id": id, "title": title, member: more })
}

/// The message that another one answers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysReplied)]
pub struct RepliedDocument<'a> {
    /// Its id
    #[serde(rename = "_id")]
    id: Uuid,
    /// What it says
    content: &'a str,
    /// Who said it
    sender: UserDocument<'a>,
}

/// A message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysMessage)]
pub struct MessageDocument<'a> {
    /// Its id
    #[serde(rename = "_id")]
    id: Uuid,
    /// Where it was said
    #[schema(value_type = Uuid)]
    conversation: ConversationId,
    /// What it says; empty when it was deleted
    content: &'a str,
    /// What it is
    message_type: MessageType,
    /// Who said it
    sender: UserDocument<'a>,
    /// Its files
    #[schema(value_type = Vec<Object>)]
    attachments: Vec<AttachmentView<'a>>,
    /// The message that it answers, as far as the reader sees it; null in events
    reply_to: Option<RepliedDocument<'a>>,
    /// The id of the message that it answers
    reply_to_id: Option<Uuid>,
    /// What it is about
    context: Option<ContextDocument>,
    /// The reactions
    reactions: Vec<ReactionDocument<'a>>,
    /// Whether somebody else has read it
    is_read: bool,
    /// Whether its text was replaced
    is_edited: bool,
    /// When
    #[serde(serialize_with = "maybe_instant")]
    edited_at: Option<DateTime<Utc>>,
    /// When it was stored
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
}

impl<'a> MessageDocument<'a> {
    /// A message without what is said about it and without the message that it answers.
    pub fn new(message: &'a Message, place: &Place<'a>, links: &Links) -> Self {
        let content = &message.content;
        let kept = StoredFields::of(message);
        let files = content.attachments.iter();
        Self {
            id: message.id.to_uuid(),
            conversation: place.id,
            content: &content.body,
            message_type: MessageType::of(message, kept.declared),
            sender: place.sender(message),
            attachments: files.map(|file| AttachmentView::new(file, links)).collect(),
            reply_to: None,
            reply_to_id: content.reply_to.map(|id| id.to_uuid()),
            context: ContextDocument::of(kept.links.unwrap_or_default(), place.subject),
            reactions: Vec::new(),
            is_read: place.is_read(message),
            is_edited: message.edited_at.is_some(),
            edited_at: message.edited_at,
            created_at: message.created_at,
        }
    }

    /// The same with its reactions.
    pub fn annotated(self, annotation: Option<&'a Annotation>) -> Self {
        let reactions = annotation.map(|annotation| annotation.reactions.as_slice());
        let reactions = reactions.unwrap_or_default().iter();
        Self {
            reactions: reactions.map(ReactionDocument::from).collect(),
            ..self
        }
    }

    /// The same with the message that it answers.
    pub fn answering(self, replied: Option<&'a Message>, place: &Place<'a>) -> Self {
        Self {
            reply_to: replied.map(|replied| RepliedDocument {
                id: replied.id.to_uuid(),
                content: &replied.content.body,
                sender: place.sender(replied),
            }),
            ..self
        }
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
