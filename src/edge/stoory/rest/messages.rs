//! Messages: the pages of a conversation, and sending into a conversation or to a user.

use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::answers::{Messages, Sent, With};
use super::direct;
use super::paging::PageQuery;
use super::reading::Opened;
use super::speaking::InConversation;
use crate::domain::access::Requester;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::ids::ConversationId;
use crate::domain::limits;
use crate::domain::message::{Attachment, Content};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure, Query};
use crate::edge::stoory::media;
use crate::store::paging;

/// A page of a conversation's messages in the guide's columns: page 1 has the newest, each page its oldest first
#[utoipa::path(params(("id" = Uuid, Path), PageQuery), responses((status = 200, body = With<Messages>), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "stoory")]
#[get("/conversations/{id}/messages")]
pub async fn list(
    call: Call<InConversation>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let asked = query.0.asked(50)?;
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

/// The content of the guide's message; `text_field` is the name of its text there.
pub(super) fn content(
    server: &AppState,
    text: Option<String>,
    media_url: Option<String>,
    text_field: &'static str,
) -> Result<Arc<Content>, Refusal> {
    let hosts = &server.config.dialects.media_hosts;
    let url = media_url.filter(|url| !url.is_empty());
    let file = url.map(|url| media::attachment(&url, "media_url", hosts));
    let files: Vec<Attachment> = file.transpose()?.into_iter().collect();
    let text = text.unwrap_or_default();
    match files.is_empty() {
        true => limits::required_text(&text, text_field, limits::BODY_CHARACTERS)?,
        false => limits::text(&text, text_field, limits::BODY_CHARACTERS)?,
    }
    let content = Content {
        attachments: files,
        ..Content::text(None, text)
    };
    content.check()?;
    Ok(Arc::new(content))
}

/// Send a message into a conversation, or to somebody with whom there is none yet
#[utoipa::path(request_body = SendBody, responses((status = 201, body = With<Sent>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "CHAT_NOT_ALLOWED, MUTED, BLOCKED, NOT_A_PARTICIPANT, IDENTITY_MISMATCH"), (status = 404, description = "CONVERSATION_NOT_FOUND, PARTICIPANT_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "stoory")]
#[post("/send")]
pub async fn send(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let sender = call.named_sender().await?;
        let sent: SendBody = call.body.read()?;
        let content = content(&call.server, sent.message, sent.media_url, "message")?;
        let given = |id: Option<String>| id.filter(|id| !id.is_empty());
        match (given(sent.conversation_id), given(sent.receiver_id)) {
            (Some(id), receiver) => {
                let id = ConversationId::parse(&id, "conversation_id")?;
                send_into(&call.server, sender, id, receiver, content).await
            }
            (None, Some(receiver)) => {
                let target = (receiver.as_str(), "receiver_id");
                direct::reach(&call, sender, target, Some(content)).await
            }
            (None, None) => {
                let needed = "or receiver_id must be given";
                Err(Refusal::invalid("conversation_id", needed).into())
            }
        }
    };
    call.once(work).await
}

/// Sends a message into a conversation, in which the receiver takes part if one is named.
async fn send_into(
    server: &AppState,
    sender: Arc<Principal>,
    id: ConversationId,
    receiver: Option<String>,
    content: Arc<Content>,
) -> Result<StoredResponse, Failure> {
    let opened = Opened::find(server, &sender, id).await?;
    if let Some(receiver) = receiver {
        opened.other(&receiver)?;
    }
    let rooms = &server.deps.rooms;
    match rooms.ask(id, sender, Command::Send(content)).await? {
        Answer::Sent(message, _) => {
            let mut rows = opened.message_rows(std::slice::from_ref(&message), server);
            let (conversation, message) = (None, rows.pop());
            let sent = Sent {
                conversation,
                message,
            };
            StoredResponse::json(201, &With::new(sent))
        }
        other => Err(unexpected("a send", &other)),
    }
}
