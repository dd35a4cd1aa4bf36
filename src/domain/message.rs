//! Messages: what a sender proposes, and what is kept.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::sync::Arc;

use super::flow::LineKind;
use super::ids::{ConversationNo, MessageId, Seq, UserId, UserNo};
use super::limits;
use super::refusal::Refusal;

/// Who made a message, and how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A person wrote it.
    UserInput,
    /// The platform announces something.
    System,
    /// A flow speaks.
    Automated,
    /// A note to the one who acted.
    Audit,
}

impl From<LineKind> for MessageKind {
    fn from(kind: LineKind) -> Self {
        match kind {
            LineKind::System => Self::System,
            LineKind::Automated => Self::Automated,
            LineKind::Audit => Self::Audit,
        }
    }
}

impl MessageKind {
    /// The name used outside and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserInput => "user_input",
            Self::System => "system",
            Self::Automated => "automated",
            Self::Audit => "audit",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::UserInput, Self::System, Self::Automated, Self::Audit]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A file that lives elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Where it lives; https.
    pub url: String,
    /// Its file name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its media type.
    #[serde(default, rename = "type")]
    pub media_type: Option<String>,
    /// Its size in bytes.
    #[serde(default, deserialize_with = "super::whole::optional")]
    pub size: Option<u64>,
}

/// The only people that a message reaches, where it is not for everybody.
#[derive(Clone, Debug, PartialEq)]
pub enum Audience {
    /// Participants with this role.
    Role(String),
    /// One user.
    User(UserNo),
}

/// A message that somebody wants to send, checked as far as it can be without knowing the conversation.
#[derive(Clone, Debug)]
pub struct Content {
    /// The sender's own id of it; the server makes one where none is given.
    pub client_id: String,
    /// Whether a client chose that id, so that it may send again.
    pub origin: ClientIdOrigin,
    /// The text.
    pub body: String,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// An object of the client's own, as JSON text.
    pub context: Option<Box<RawValue>>,
    /// Who made it.
    pub kind: MessageKind,
    /// Whom it is for.
    pub audience: Option<Audience>,
}

/// Where a message's `client_id` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientIdOrigin {
    /// The client gave it, and may send again with it.
    Client,
    /// The server made it up.
    Server,
}

impl Content {
    /// A person's message, without extras; `client_id` is checked by `check`.
    pub fn text(client_id: Option<String>, body: String) -> Self {
        let origin = if client_id.is_some() {
            ClientIdOrigin::Client
        } else {
            ClientIdOrigin::Server
        };
        Self {
            client_id: client_id.unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string()),
            origin,
            body,
            reply_to: None,
            attachments: Vec::new(),
            context: None,
            kind: MessageKind::UserInput,
            audience: None,
        }
    }

    /// Checks every field against its limit; the first that is wrong is named.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.attachments.is_empty() {
            limits::required_text(&self.body, "body", limits::BODY_CHARACTERS)?;
        } else {
            limits::text(&self.body, "body", limits::BODY_CHARACTERS)?;
        }
        limits::client_id(&self.client_id)?;
        if self.attachments.len() > limits::ATTACHMENTS {
            return Err(Refusal::invalid(
                "attachments",
                format!("must be at most {}", limits::ATTACHMENTS),
            ));
        }
        let mut attachments = self.attachments.iter().enumerate();
        attachments.try_for_each(|(place, attachment)| check_attachment(place, attachment))?;
        self.context
            .as_ref()
            .map_or(Ok(()), |json| limits::json(json.get(), "context"))
    }

    /// A number that tells two different messages under one `client_id` apart: the first 8 bytes of the SHA-256 of
    /// everything that a sender gives.
    pub fn fingerprint(&self, conversation: ConversationNo) -> i64 {
        let mut hash = Sha256::new();
        hash.update(conversation.0.to_be_bytes());
        hash.update(self.reply_to.map_or(0, |id| id.seq).to_be_bytes());
        hash.update(self.kind.name());
        hash.update([0]);
        hash.update(&self.body);
        // An empty context says nothing: it is the same message as without one.
        let context = self.context.as_ref().map_or("", |json| json.get());
        let context = if context == "{}" { "" } else { context };
        if !self.attachments.is_empty() || !context.is_empty() || self.audience.is_some() {
            hash.update(format!(
                "\0{:?}\0{context}\0{:?}",
                self.attachments, self.audience
            ));
        }
        let mut first = [0; 8];
        first
            .iter_mut()
            .zip(hash.finalize())
            .for_each(|(to, from)| *to = from);
        i64::from_be_bytes(first)
    }
}

fn check_attachment(place: usize, attachment: &Attachment) -> Result<(), Refusal> {
    let at = |field: &str| format!("attachments[{place}].{field}");
    limits::https_url(&attachment.url, at("url"))?;
    for (text, field) in [(&attachment.name, "name"), (&attachment.media_type, "type")] {
        text.as_deref()
            .map_or(Ok(()), |text| limits::text(text, at(field), 255))?;
    }
    Ok(())
}

/// What somebody may do to the messages of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Nothing.
    OwnOnly,
    /// Delete them.
    Moderates,
}

/// Who says what no person says: the number and the id under which the system is kept. No platform has a user with this id.
pub const SYSTEM: (UserNo, &str) = (UserNo(0), "");

/// Characters of a message's text in a preview.
const PREVIEW_CHARACTERS: usize = 120;

/// A message as it is kept.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its place, which is also its id.
    pub id: MessageId,
    /// Who wrote it.
    pub sender: UserNo,
    /// The platform's id of who wrote it.
    pub sender_id: UserId,
    /// What the sender and the server wanted.
    pub content: Arc<Content>,
    /// A flow's `Card` as JSON text, with `done` once it was answered.
    pub card: Option<Arc<RawValue>>,
    /// When it was committed.
    pub created_at: DateTime<Utc>,
    /// When its body was last changed.
    pub edited_at: Option<DateTime<Utc>>,
    /// When it became a tombstone.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl Message {
    /// The seq that it was born with.
    pub fn seq(&self) -> Seq {
        self.id.seq
    }

    /// Whether a reader with this number and role may see it.
    pub fn is_visible_to(&self, reader: UserNo, role: Option<&str>) -> bool {
        Audience::admits(self.content.audience.as_ref(), reader, role)
    }

    /// Refuses an edit by anybody but its author, and of a tombstone.
    pub fn may_be_edited_by(&self, actor: UserNo) -> Result<(), Refusal> {
        if self.deleted_at.is_some() {
            return Err(Refusal::Conflict("The message has been deleted"));
        }
        let own = self.sender == actor && self.content.kind == MessageKind::UserInput;
        own.then_some(())
            .ok_or(Refusal::Forbidden("Only its author may edit a message"))
    }

    /// Refuses a deletion by anybody but its author and those who moderate.
    pub fn may_be_deleted_by(&self, actor: UserNo, power: Power) -> Result<(), Refusal> {
        let may = self.sender == actor || power == Power::Moderates;
        may.then_some(()).ok_or(Refusal::Forbidden(
            "Only its author or a moderator may delete a message",
        ))
    }

    /// The beginning of its text, for those who have not opened the conversation.
    pub fn preview(&self) -> String {
        self.content.body.chars().take(PREVIEW_CHARACTERS).collect()
    }

    /// Whether it counts as unread for others.
    pub fn asks_to_be_read(&self) -> bool {
        self.deleted_at.is_none() && self.content.kind != MessageKind::Audit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_field_has_its_limit() {
        let fits = Content::text(Some("c1".into()), "hello".into());
        assert!(fits.check().is_ok());
        assert!(Content::text(None, "hello".into()).check().is_ok());
        assert!(Content::text(None, "  \n ".into()).check().is_err());
        let link = |url: &str| Attachment {
            url: url.into(),
            name: None,
            media_type: None,
            size: None,
        };
        assert!(
            Content {
                body: String::new(),
                attachments: vec![link("https://a.b/c")],
                ..fits.clone()
            }
            .check()
            .is_ok()
        );
        assert!(
            Content {
                attachments: vec![link("http://a.b/c")],
                ..fits.clone()
            }
            .check()
            .is_err()
        );
        assert!(
            Content {
                attachments: vec![link("https://a.b/c"); 11],
                ..fits
            }
            .check()
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn a_fingerprint_tells_bodies_apart(a in ".{0,20}", b in ".{0,20}") {
            let print = |body: &str| Content::text(None, body.into()).fingerprint(ConversationNo(1));
            prop_assert_eq!(a == b, print(&a) == print(&b));
        }
    }
}
