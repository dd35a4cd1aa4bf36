//! Messages: the pages of a conversation, and sending into a conversation or to a user.

use actix_web::{HttpResponse, delete, get, post};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::answers::{Done, Messages, Sent, With};
use super::direct;
use super::paging::PageQuery;
use super::reading::Opened;
use super::speaking::InConversation;
use crate::domain::access::Requester;
use crate::domain::answer::Answer;
use crate::domain::attachment::Attachment;
use crate::domain::command::Command;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::limits;
use crate::domain::message::Content;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure, Query};
use crate::edge::native::rest::messages::changed;
use crate::edge::stoory::media;
use crate::store::paging;

async fn page(call: &Call<InConversation>, query: &PageQuery) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let asked = query.asked(50)?;
    let requester = Requester::from(&*call.caller);
    let read = call.pool().run(move |connection| {
        let opened = match Opened::read(connection, id, requester)? {
            Ok(opened) => opened,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let no = opened.loaded.conversation.no;
        let found = paging::messages(connection, no, &opened.reader, asked.part())?;
        Ok(Ok((opened, found)))
    });
    let (opened, found) = read.await??;
    let rows = opened.message_rows(&found.items, &call.server);
    Ok(HttpResponse::Ok().json(With::new(Messages {
        messages: rows,
        pagination: asked.pagination(found.total),
    })))
}

/// A page of a conversation's messages in Stoory's columns: page 1 has the newest, each page its oldest first
#[utoipa::path(params(("id" = Uuid, Path), PageQuery), responses((status = 200, body = With<Messages>), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations/{id}/messages")]
pub async fn list(
    call: Call<InConversation>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    page(&call, &query.0).await
}

/// A page of a conversation's messages in Stoory's columns: page 1 has the newest, each page its oldest first
#[utoipa::path(params(("id" = Uuid, Path), PageQuery), responses((status = 200, body = With<Messages>), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[get("/{id}")]
pub async fn list_shortly(
    call: Call<InConversation>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    page(&call, &query.0).await
}

/// A page of a conversation's messages in Stoory's columns: page 1 has the newest, each page its oldest first
#[utoipa::path(params(("id" = Uuid, Path), PageQuery), responses((status = 200, body = With<Messages>), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[get("/{id}/messages")]
pub async fn list_there(
    call: Call<InConversation>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    page(&call, &query.0).await
}

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[schema(as = StoorySend)]
pub struct SendBody {
    /// Where
    conversation_id: Option<String>,
    /// What it says
    message: Option<String>,
    /// A file; https
    media_url: Option<String>,
    /// To whom: needed where there is no conversation yet
    receiver_id: Option<String>,
    /// Who acts; must be the caller, unless the caller is the platform
    #[allow(dead_code, reason = "read by named_sender")]
    sender_id: Option<String>,
}

/// Characters of a message that is sent over REST.
pub(super) const MOST: usize = 1_000;

/// The content of Stoory's message, with the name of its text there, and the most characters that the text may have.
pub(super) fn content(
    server: &AppState,
    text: Option<String>,
    media_url: Option<String>,
    (text_field, most): (&'static str, usize),
) -> Result<Arc<Content>, Refusal> {
    let hosts = &server.config.dialects.media_hosts;
    let url = media_url.filter(|url| !url.is_empty());
    let file = url.map(|url| media::attachment(&url, "media_url", hosts));
    let files: Vec<Attachment> = file.transpose()?.into_iter().collect();
    let text = text.unwrap_or_default();
    match files.is_empty() {
        true => limits::required_text(&text, text_field, most)?,
        false => limits::text(&text, text_field, most)?,
    }
    let content = Content {
        attachments: files,
        ..Content::text(None, text)
    };
    content.check()?;
    Ok(Arc::new(content))
}

/// Send a message into a conversation, or to somebody with whom there is none yet
#[utoipa::path(request_body = SendBody, responses((status = 200, body = With<Sent>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "CHAT_NOT_ALLOWED, MUTED, BLOCKED, NOT_A_PARTICIPANT, IDENTITY_MISMATCH"), (status = 404, description = "CONVERSATION_NOT_FOUND, PARTICIPANT_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "stoory")]
#[post("")]
pub async fn send_new(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    send_anywhere(&call, 200).await
}

/// Send a message into a conversation, or to somebody with whom there is none yet: as the published API names the path
#[utoipa::path(request_body = SendBody, responses((status = 201, body = With<Sent>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "CHAT_NOT_ALLOWED, MUTED, BLOCKED, NOT_A_PARTICIPANT, IDENTITY_MISMATCH"), (status = 404, description = "CONVERSATION_NOT_FOUND, PARTICIPANT_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "stoory")]
#[post("/send")]
pub async fn send(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    send_anywhere(&call, 201).await
}

/// Send a message into a direct conversation, or to somebody with whom there is none yet
#[utoipa::path(request_body = SendBody, responses((status = 201, body = With<Sent>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "CHAT_NOT_ALLOWED, MUTED, BLOCKED, NOT_A_PARTICIPANT, IDENTITY_MISMATCH"), (status = 404, description = "CONVERSATION_NOT_FOUND, PARTICIPANT_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "stoory")]
#[post("/direct-message")]
pub async fn send_directly(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    send_anywhere(&call, 201).await
}

/// Sends into the conversation that the body names, else to the receiver that it names.
async fn send_anywhere(call: &Call<(), Body>, status: u16) -> Result<HttpResponse, Failure> {
    let work = async {
        let sender = call.named_sender().await?;
        let sent: SendBody = call.body.read()?;
        let text = ("message", MOST);
        let content = content(&call.server, sent.message, sent.media_url, text)?;
        match (given(sent.conversation_id), given(sent.receiver_id)) {
            (Some(id), receiver) => {
                let id = ConversationId::parse(&id, "conversation_id")?;
                send_into(&call.server, sender, (id, receiver), content, status).await
            }
            (None, Some(receiver)) => {
                let target = (receiver.as_str(), "receiver_id");
                direct::send_to(call, sender, target, content, status).await
            }
            (None, None) => {
                let needed = "or receiver_id must be given";
                Err(Refusal::invalid("conversation_id", needed).into())
            }
        }
    };
    call.once(work).await
}

fn given(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.is_empty())
}

/// Send a message into a conversation
#[utoipa::path(request_body = SendBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Sent>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "CHAT_NOT_ALLOWED, MUTED, BLOCKED, NOT_A_PARTICIPANT, IDENTITY_MISMATCH"), (status = 404, description = "CONVERSATION_NOT_FOUND, PARTICIPANT_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "stoory")]
#[post("/conversations/{id}/messages")]
pub async fn send_in(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    send_here(&call).await
}

/// Send a message into a conversation
#[utoipa::path(request_body = SendBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Sent>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "CHAT_NOT_ALLOWED, MUTED, BLOCKED, NOT_A_PARTICIPANT, IDENTITY_MISMATCH"), (status = 404, description = "CONVERSATION_NOT_FOUND, PARTICIPANT_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "stoory")]
#[post("/{id}/messages")]
pub async fn send_there(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    send_here(&call).await
}

/// Sends into the conversation that the path names; the body may name it too.
async fn send_here(call: &Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        let sender = call.named_sender().await?;
        let sent: SendBody = call.body.read()?;
        let named = given(sent.conversation_id);
        let named = named.map(|named| ConversationId::parse(&named, "conversation_id"));
        if named.transpose()?.is_some_and(|named| named != id) {
            let other = "is not the conversation of the path";
            return Err(Refusal::invalid("conversation_id", other).into());
        }
        let text = ("message", MOST);
        let content = content(&call.server, sent.message, sent.media_url, text)?;
        let target = (id, given(sent.receiver_id));
        send_into(&call.server, sender, target, content, 200).await
    };
    call.once(work).await
}

/// Sends a message into a conversation, in which the receiver takes part if one is named.
async fn send_into(
    server: &AppState,
    sender: Arc<Principal>,
    (id, receiver): (ConversationId, Option<String>),
    content: Arc<Content>,
    status: u16,
) -> Result<StoredResponse, Failure> {
    let opened = Opened::find(server, &sender, id).await?;
    if let Some(receiver) = receiver {
        opened.other(&receiver)?;
    }
    let rooms = &server.deps.rooms;
    match rooms.ask(id, sender, Command::Send(content)).await? {
        Answer::Sent(message, _) => {
            let mut rows = opened.message_rows(std::slice::from_ref(&message), server);
            let sent = Sent {
                conversation_id: id,
                conversation: None,
                message: rows.pop(),
            };
            StoredResponse::json(status, &With::new(sent))
        }
        other => Err(unexpected("a send", &other)),
    }
}

/// Delete a message: it is gone from pages and lists
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "FORBIDDEN"), (status = 404, description = "MESSAGE_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[delete("/messages/{id}")]
pub async fn delete(call: Call<MessageId>) -> Result<HttpResponse, Failure> {
    let message = call.path;
    changed(&call, message, Command::Delete { message }).await?;
    Ok(HttpResponse::Ok().json(Done::saying("Message deleted successfully")))
}
