//! Messages: their content as sent, and their stored form.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::sync::Arc;

use super::access::Sight;
use super::attachment::{Attachment, Source};
use super::conversation::Participant;
use super::file::{FileId, FileProblem};
use super::flow::LineKind;
use super::forwarding::Forwarded;
use super::ids::{ConversationNo, MessageId, Seq, UserId, UserNo};
use super::limits;
use super::mention::Mention;
use super::refusal::Refusal;
use super::thread::InThread;

/// Who made a message, and how clients show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A person sent it.
    UserInput,
    /// The platform announces something.
    System,
    /// A flow sent it.
    Automated,
    /// A note to the person who acted.
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
    /// The name in APIs and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserInput => "user_input",
            Self::System => "system",
            Self::Automated => "automated",
            Self::Audit => "audit",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::UserInput, Self::System, Self::Automated, Self::Audit]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// The only readers of a message that is not for everyone.
#[derive(Clone, Debug, PartialEq)]
pub enum Audience {
    /// Participants with this role.
    Role(String),
    /// One user.
    User(UserNo),
}

/// The content of a message. It is checked as far as that is possible without the conversation.
#[derive(Clone, Debug)]
pub struct Content {
    /// The sender's id of the message; the server generates one if the client gives none.
    pub client_id: String,
    /// Whether the client chose the id and may thus repeat the send.
    pub origin: ClientIdOrigin,
    /// The text.
    pub body: String,
    /// The message that it replies to.
    pub reply_to: Option<MessageId>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// A JSON object of the client's own, as text.
    pub context: Option<Box<RawValue>>,
    /// The kind.
    pub kind: MessageKind,
    /// The audience; `None` for everyone.
    pub audience: Option<Audience>,
    /// Whom it mentions.
    pub mentions: Vec<Mention>,
    /// That it says what another message said; `None` if it is its sender's own.
    pub forwarded: Option<Forwarded>,
    /// The thread that it replies in; `None` for the conversation itself.
    pub thread: Option<InThread>,
}

/// The origin of a message's `client_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientIdOrigin {
    /// The client chose it and may send the message again under it.
    Client,
    /// The server generated it.
    Server,
}

impl Content {
    /// A person's message without extras. `check` must be called to check `client_id`.
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
            mentions: Vec::new(),
            forwarded: None,
            thread: None,
        }
    }

    /// Checks every field against its limit; the refusal names the first wrong field.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.forwards().is_some() {
            let is_bare = self.body.is_empty() && self.attachments.is_empty();
            let why = || Refusal::invalid("forward_of", "excludes body and attachments");
            is_bare.then_some(()).ok_or_else(why)?;
        } else if self.attachments.is_empty() {
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
        attachments.try_for_each(|(index, attachment)| attachment.check(index))?;
        self.context
            .as_ref()
            .map_or(Ok(()), |json| limits::json(json.get(), "context"))
    }

    /// The files that it shows and that are stored here.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        self.attachments.iter().filter_map(Attachment::file)
    }

    /// The message that it forwards, while it is being sent.
    pub fn forwards(&self) -> Option<MessageId> {
        self.forwarded.as_ref()?.of
    }

    /// Whether it is stored with more than its row's usual columns: in a transaction, in which files are held, mentions are noted, and who
    /// follows its thread.
    pub fn needs_transaction(&self) -> bool {
        self.has_extras() || self.files().next().is_some()
    }

    /// Whether its row has columns that only few messages have.
    pub fn has_extras(&self) -> bool {
        !self.mentions.is_empty() || self.forwarded.is_some() || self.thread.is_some()
    }

    /// Why it cannot be sent: the first of its files that cannot.
    pub fn file_problem(&self) -> Option<FileProblem> {
        self.attachments
            .iter()
            .find_map(|attachment| match attachment.source {
                Source::Unusable(_, problem) => Some(problem),
                Source::Url(_) | Source::File(_) => None,
            })
    }

    /// A number that distinguishes different messages with the same `client_id`: the first 8 bytes of the
    /// SHA-256 of all fields that a sender sets.
    pub fn fingerprint(&self, conversation: ConversationNo) -> i64 {
        let mut hash = Sha256::new();
        hash.update(conversation.0.to_be_bytes());
        hash.update(self.reply_to.map_or(0, |id| id.seq).to_be_bytes());
        hash.update(self.kind.name());
        hash.update([0]);
        if let Some(InThread { root, shown }) = self.thread {
            hash.update(format!("\0/{} {shown:?}", root.seq));
        }
        if let Some(of) = self.forwards() {
            // What the other message says may have been edited when the send is repeated.
            hash.update(format!("\0>{} {}", of.conversation.0, of.seq));
            return first_bytes(hash);
        }
        hash.update(&self.body);
        // An empty context and a missing one give the same fingerprint.
        let context = self.context.as_ref().map_or("", |json| json.get());
        let context = if context == "{}" { "" } else { context };
        if !self.attachments.is_empty() || !context.is_empty() || self.audience.is_some() {
            let files: Vec<String> = self
                .attachments
                .iter()
                .map(Attachment::fingerprint)
                .collect();
            hash.update(format!(
                "\0[{}]\0{context}\0{:?}",
                files.join(", "),
                self.audience
            ));
        }
        if !self.mentions.is_empty() {
            let mentions = self.mentions.iter().map(Mention::text);
            hash.update(format!("\0@{}", mentions.collect::<Vec<_>>().join(" ")));
        }
        first_bytes(hash)
    }
}

fn first_bytes(hash: Sha256) -> i64 {
    let mut first = [0; 8];
    first
        .iter_mut()
        .zip(hash.finalize())
        .for_each(|(to, from)| *to = from);
    i64::from_be_bytes(first)
}

/// What a user may do with messages of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Nothing.
    OwnOnly,
    /// Delete them.
    Moderates,
}

/// The number and id of the sender of messages that no person sends. No user has this id.
pub const SYSTEM: (UserNo, &str) = (UserNo(0), "");

/// Characters of the text in a preview.
const PREVIEW_CHARACTERS: usize = 120;

/// A stored message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id, which contains its seq.
    pub id: MessageId,
    /// The sender.
    pub sender: UserNo,
    /// The platform's id of the sender.
    pub sender_id: UserId,
    /// The person whose step in a deal said it; `None` for messages that no person's step said.
    pub actor_id: Option<UserId>,
    /// The content.
    pub content: Arc<Content>,
    /// A flow's `Card` as JSON text; it has the field `done` once it was answered.
    pub card: Option<Arc<RawValue>>,
    /// When it was committed.
    pub created_at: DateTime<Utc>,
    /// When its body was last replaced.
    pub edited_at: Option<DateTime<Utc>>,
    /// When it became a tombstone.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Whether the reader of this copy has blocked the sender.
    pub from_blocked: bool,
}

impl Message {
    /// The seq with which it was sent.
    pub fn seq(&self) -> Seq {
        self.id.seq
    }

    /// Whether a user sent it, or made the step that said it.
    pub fn is_by(&self, user: &UserId) -> bool {
        self.sender_id == *user || self.actor_id.as_ref() == Some(user)
    }

    /// Whether somebody sees it.
    pub fn is_visible_to(&self, sight: Sight<'_>) -> bool {
        sight.sees(self)
    }

    /// Permits edits by the author only, and none of a tombstone.
    pub fn may_be_edited_by(&self, actor: UserNo) -> Result<(), Refusal> {
        if self.deleted_at.is_some() {
            return Err(Refusal::Conflict("The message has been deleted"));
        }
        let own = self.sender == actor && self.content.kind == MessageKind::UserInput;
        own.then_some(())
            .ok_or(Refusal::Forbidden("Only its author may edit a message"))
    }

    /// Permits deletion by the author and by moderators only.
    pub fn may_be_deleted_by(&self, actor: UserNo, power: Power) -> Result<(), Refusal> {
        let may = self.sender == actor || power == Power::Moderates;
        may.then_some(()).ok_or(Refusal::Forbidden(
            "Only its author or a moderator may delete a message",
        ))
    }

    /// Whether it mentions a participant.
    pub fn mentions(&self, person: &Participant) -> bool {
        self.content.mentions.iter().any(|it| it.names(person))
    }

    /// Permits the removal of this file by the author and by moderators, if something is left of the message.
    pub fn may_lose_file(&self, file: FileId, actor: UserNo, power: Power) -> Result<(), Refusal> {
        if self.deleted_at.is_some() {
            return Err(Refusal::Conflict("The message has been deleted"));
        }
        if self.sender != actor && power != Power::Moderates {
            return Err(Refusal::Forbidden(
                "Only its author or a moderator may remove a file from a message",
            ));
        }
        if !self.content.files().any(|shown| shown == file) {
            return Err(Refusal::FileNotFound);
        }
        let mut attachments = self.content.attachments.iter();
        let has_others = attachments.any(|attachment| attachment.file() != Some(file));
        match has_others || !self.content.body.is_empty() {
            true => Ok(()),
            false => Err(Refusal::Conflict(
                "Nothing would be left of the message: delete it",
            )),
        }
    }

    /// The beginning of the text, for notifications.
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
        let link = |url: &str| Attachment::at(url);
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
