//! Messages: sending, editing, deleting, earlier versions.

use actix_web::{HttpResponse, delete, get, patch, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

use crate::domain::access::{Access, Denied, Privilege, Requester};
use crate::domain::answer::{Answer, Novelty};
use crate::domain::attachment::WrittenAttachment;
use crate::domain::command::Command;
use crate::domain::conversation::Conversation;
use crate::domain::file::FileId;
use crate::domain::forwarding::Forwarded;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::limits;
use crate::domain::mention::Mention;
use crate::domain::message::{Audience, Content, Message, MessageKind};
use crate::domain::object;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Reader;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, FromPath, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::decode::message_id;
use crate::edge::native::threading::place;
use crate::edge::native::views::MessageView;
use crate::error::Error;
use crate::store::businesses;
use crate::store::conversations::{self as conversation_rows, Key};
use crate::store::messages as rows;
use crate::store::participants;

/// A message to send.
#[derive(Deserialize, ToSchema)]
pub struct NewMessageBody {
    /// What it says
    #[serde(default)]
    body: String,
    /// The sender's own id of it: sending again with the same is safe
    client_id: Option<String>,
    /// The message that it answers
    reply_to: Option<String>,
    /// Files
    #[schema(value_type = Option<Vec<Object>>)]
    attachments: Option<Vec<WrittenAttachment>>,
    /// An object of the sender's own
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
    /// Whom it mentions: ids of participants; `all` and roles (`role:rider`) only for who manages the conversation
    mentions: Option<Vec<String>>,
    /// The message whose text and files it has; excludes `body` and `attachments`
    forward_of: Option<String>,
    /// A message: the new one replies in its thread
    thread_id: Option<String>,
    /// Whether the main line shows a reply in a thread too
    also_in_conversation: Option<bool>,
    /// Who acts; must be the caller, unless the caller is the platform
    sender_id: Option<String>,
    /// `system`, `automated` or `audit`; only for the platform
    kind: Option<MessageKindBody>,
    /// Participants of this role alone shall see it; only for the platform
    audience_role: Option<String>,
}

/// Who made a message.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKindBody {
    /// A person
    UserInput,
    /// The platform
    System,
    /// A flow
    Automated,
    /// A note to one who acted
    Audit,
}

impl From<MessageKindBody> for MessageKind {
    fn from(body: MessageKindBody) -> Self {
        match body {
            MessageKindBody::UserInput => Self::UserInput,
            MessageKindBody::System => Self::System,
            MessageKindBody::Automated => Self::Automated,
            MessageKindBody::Audit => Self::Audit,
        }
    }
}

impl NewMessageBody {
    /// The checked content of the message.
    pub fn content(self, caller: &Principal) -> Result<Content, Refusal> {
        caller.must_be(self.sender_id.as_deref())?;
        if self.audience_role.is_some() && !caller.roles.may(Privilege::NarrowAudience) {
            return Err(Refusal::Forbidden(
                "Only the platform may restrict the audience of a message",
            ));
        }
        self.audience_role.as_deref().map_or(Ok(()), limits::role)?;
        let content = Content {
            reply_to: self
                .reply_to
                .map(|id| message_id(&id, "reply_to"))
                .transpose()?,
            attachments: WrittenAttachment::parse_all(self.attachments)?,
            context: limits::json_object(self.context, "context")?,
            kind: self.kind.map_or(MessageKind::UserInput, MessageKind::from),
            audience: self.audience_role.map(Audience::Role),
            mentions: Mention::parse_all(self.mentions)?,
            forwarded: self
                .forward_of
                .map(|id| message_id(&id, "forward_of"))
                .transpose()?
                .map(Forwarded::wanted),
            thread: place(self.thread_id.as_deref(), self.also_in_conversation)?,
            ..Content::text(self.client_id, self.body)
        };
        content.check().map(|()| content)
    }
}

impl FromPath for MessageId {
    type Parts = String;
    fn parse(id: String) -> Result<Self, Refusal> {
        message_id(&id, "id")
    }
}

/// The caller as a reader of the conversation, or why they may not read it.
pub(in crate::edge) fn reader_of(
    connection: &mut diesel::pg::PgConnection,
    conversation: &Conversation,
    requester: Requester,
) -> Result<Result<Reader, Denied>, Error> {
    let own = participants::find(connection, conversation.no, requester.no)?;
    let staff = businesses::role_in(connection, conversation, requester.no)?;
    let access = Access::with_staff(own.as_ref(), requester.roles, staff);
    Ok(access.map(|access| access.reader(requester.no)))
}

/// The message with this id, if the caller sees it; or why not.
pub(in crate::edge) fn seen_message(
    connection: &mut diesel::pg::PgConnection,
    id: MessageId,
    requester: Requester,
) -> Result<Result<Message, Refusal>, Error> {
    let Some(conversation) = conversation_rows::find(connection, Key::No(id.conversation))? else {
        return Ok(Err(Refusal::MessageNotFound));
    };
    let reader = match reader_of(connection, &conversation, requester)? {
        Err(denied) => return Ok(Err(Denied::of_message(denied))),
        Ok(reader) => reader,
    };
    let found = rows::find(connection, id)?;
    let seen = found.filter(|message| message.is_visible_to(reader.sight()));
    Ok(seen.ok_or(Refusal::MessageNotFound))
}

/// Send a message
#[utoipa::path(request_body = NewMessageBody, params(("id" = Uuid, Path)), responses((status = 201, body = MessageView, description = "Stored"), (status = 200, body = MessageView, description = "Stored before, under the same client_id"), (status = 403, description = "MUTED, BLOCKED, NOT_A_PARTICIPANT, IDENTITY_MISMATCH"), (status = 409, description = "CONFLICT, CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "messages")]
#[post("/conversations/{id}/messages")]
pub async fn send(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    let (id, reader) = (call.path, call.caller.no);
    let work = async {
        let message: NewMessageBody = call.own_body()?;
        let sender = call.acting_user(message.sender_id.as_deref()).await?;
        let content = Arc::new(message.content(&call.caller)?);
        let deps = &call.server.deps;
        let content = deps.place_in_thread(content, &sender).await?;
        let content = deps.forward(content, &sender).await?;
        let content = deps.attach(content, &[sender.no, reader]).await?;
        match deps.rooms.ask(id, sender, Command::Send(content)).await? {
            Answer::Sent(message, novelty) => {
                let view = MessageView::new(&message, id, reader, &deps.files.links);
                StoredResponse::json(status_of(novelty), &view)
            }
            other => Err(unexpected("a send", &other)),
        }
    };
    call.once(work).await
}

/// The status: 201 for something new, 200 for something that existed.
pub(in crate::edge) fn status_of(novelty: Novelty) -> u16 {
    match novelty {
        Novelty::New => 201,
        Novelty::Repeated => 200,
    }
}

/// A new body.
#[derive(Deserialize, ToSchema)]
pub struct EditBody {
    /// What it shall say
    body: String,
}

/// The conversation of a message, if the caller may read it.
pub(super) async fn conversation_of<P, B>(
    call: &Call<P, B>,
    id: MessageId,
) -> Result<ConversationId, Failure> {
    Ok(call.server.deps.conversation_of(&call.caller, id).await?)
}

/// Changes a message; returns it as it is then, with its conversation.
pub(in crate::edge) async fn changed<P, B>(
    call: &Call<P, B>,
    id: MessageId,
    command: Command,
) -> Result<(ConversationId, Message), Failure> {
    let conversation_id = conversation_of(call, id).await?;
    match call.command(conversation_id, command).await? {
        Answer::Message(message) => Ok((conversation_id, message)),
        other => Err(unexpected("a change of a message", &other)),
    }
}

async fn change<P, B>(
    call: &Call<P, B>,
    id: MessageId,
    command: Command,
) -> Result<HttpResponse, Failure> {
    let (conversation_id, message) = changed(call, id, command).await?;
    let links = &call.server.deps.files.links;
    let view = MessageView::new(&message, conversation_id, call.caller.no, links);
    Ok(HttpResponse::Ok().json(view))
}

/// Replace the body of one's own message
#[utoipa::path(request_body = EditBody, params(("id" = Uuid, Path)), responses((status = 200, body = MessageView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "MESSAGE_NOT_FOUND"), (status = 409, description = "CONFLICT: it has been deleted")), security(("bearer" = [])), tag = "messages")]
#[patch("/messages/{id}")]
pub async fn edit(call: Call<MessageId, Body>) -> Result<HttpResponse, Failure> {
    let message = call.path;
    let EditBody { body } = call.own_body()?;
    limits::required_text(&body, "body", limits::BODY_CHARACTERS)?;
    change(&call, message, Command::Edit { message, body }).await
}

/// Delete a message: a tombstone remains
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = MessageView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "MESSAGE_NOT_FOUND")), security(("bearer" = [])), tag = "messages")]
#[delete("/messages/{id}")]
pub async fn delete(call: Call<MessageId>) -> Result<HttpResponse, Failure> {
    let message = call.path;
    change(&call, message, Command::Delete { message }).await
}

impl FromPath for (MessageId, FileId) {
    type Parts = (String, String);
    fn parse((id, file): (String, String)) -> Result<Self, Refusal> {
        let file = FileId::parse(&file, "file_id")?;
        Ok((message_id(&id, "id")?, file))
    }
}

/// Remove a file from a message, as its author or a moderator: the message counts as edited
#[utoipa::path(params(("id" = Uuid, Path), ("file_id" = Uuid, Path)), responses((status = 200, body = MessageView), (status = 403, description = "FORBIDDEN"), (status = 404, description = "MESSAGE_NOT_FOUND, FILE_NOT_FOUND"), (status = 409, description = "CONFLICT: it has been deleted, or nothing would be left of it")), security(("bearer" = [])), tag = "messages")]
#[delete("/messages/{id}/attachments/{file_id}")]
pub async fn remove_attachment(call: Call<(MessageId, FileId)>) -> Result<HttpResponse, Failure> {
    let (message, file) = call.path;
    change(&call, message, Command::RemoveAttachment { message, file }).await
}

/// Every earlier wording, oldest first; those of a deleted message only for staff, and null once they were emptied
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, description = "`items`: `body`, `replaced_at`, `replaced_by`", body = Object), (status = 403, description = "FORBIDDEN"), (status = 404, description = "MESSAGE_NOT_FOUND")), security(("bearer" = [])), tag = "messages")]
#[get("/messages/{id}/history")]
pub async fn history(call: Call<MessageId>) -> Result<HttpResponse, Failure> {
    let (id, requester) = (call.path, Requester::from(&*call.caller));
    let read = call.pool().run(move |connection| {
        let Some(conversation) = conversation_rows::find(connection, Key::No(id.conversation))?
        else {
            return Ok(Err(Refusal::MessageNotFound));
        };
        let seen_by = match reader_of(connection, &conversation, requester)? {
            Err(denied) => return Ok(Err(denied.of_message())),
            Ok(seen_by) => seen_by,
        };
        let found =
            rows::find(connection, id)?.filter(|message| message.is_visible_to(seen_by.sight()));
        let Some(message) = found else {
            return Ok(Err(Refusal::MessageNotFound));
        };
        if message.deleted_at.is_some() && !requester.roles.may(Privilege::ReadDeletedMessages) {
            return Ok(Err(Refusal::Forbidden(
                "Only staff may read the earlier versions of a deleted message",
            )));
        }
        rows::wordings(connection, id).map(Ok)
    });
    let wordings = read.await??;
    let item = |wording: &rows::Wording| json!({ "body": wording.body, "replaced_at": wording.replaced_at, "replaced_by": wording.replaced_by });
    let items: Vec<_> = wordings.iter().map(item).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": null })))
}
