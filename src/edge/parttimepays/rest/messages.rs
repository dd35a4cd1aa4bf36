//! Messages: the pages of a conversation, sending, editing, deleting.

use actix_web::{HttpResponse, delete, get, post, put};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

use super::answers::{Data, Done, Messages, OneMessage};
use super::paging::PageQuery;
use super::reading::ReadMessages;
use crate::domain::access::Requester;
use crate::domain::answer::Answer;
use crate::domain::attachment::WrittenAttachment;
use crate::domain::command::Command;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::limits;
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::native::rest::messages::changed;
use crate::edge::native::rest::opened::Opened;
use crate::edge::parttimepays::message::MessageLinks;
use crate::edge::parttimepays::sending::{SentFields, given};
use crate::error::Error;
use crate::store::paging;

/// Messages of a page, unless the query says how many.
const USUAL: i64 = 50;

/// Of which thread.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ThreadQuery {
    /// Threads are not served yet
    thread_id: Option<String>,
}

/// A page of a conversation's messages: page 1 has the newest, each page its oldest first
#[utoipa::path(params(("id" = Uuid, Path), PageQuery, ThreadQuery), responses((status = 200, body = Data<Messages>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, BLOCKED")), security(("bearer" = [])), tag = "parttimepays")]
#[get("/{id}/messages")]
pub async fn list(
    call: Call<ConversationId>,
    page: Query<PageQuery>,
    thread: Query<ThreadQuery>,
) -> Result<HttpResponse, Failure> {
    let asked = page.0.asked(USUAL)?;
    if given(thread.0.thread_id).is_some() {
        let form = "must be absent: threads are not served yet";
        return Err(Refusal::invalid("threadId", form).into());
    }
    let (id, requester) = (call.path, Requester::from(&*call.caller));
    let read = call.pool().run(move |connection| {
        let opened = match Opened::read(connection, id, requester)? {
            Ok(opened) => opened,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let no = opened.loaded.conversation.no;
        let found = paging::messages(connection, no, &opened.reader, asked.window())?;
        let read = ReadMessages::complete(connection, opened, found.items)?;
        Ok(Ok((read, found.total)))
    });
    let (read, total) = read.await??;
    let reader = call.server.deps.dialects.reader(call.caller.no);
    Ok(HttpResponse::Ok().json(Data::of(Messages {
        messages: read.documents(reader),
        pagination: asked.of_messages(total),
    })))
}

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysSend)]
pub struct SendBody {
    /// What it says
    content: Option<String>,
    /// `text`, `image`, `file`, `voice`, `job_context` or `community_context`
    message_type: Option<String>,
    /// Its files, as natively
    #[schema(value_type = Option<Vec<Object>>)]
    attachments: Option<Vec<WrittenAttachment>>,
    /// The message that it answers
    reply_to: Option<String>,
    /// Threads are not served yet
    thread_id: Option<String>,
    /// What it is about
    context: Option<MessageLinks>,
    /// Who acts; must be the caller, unless the caller is the platform
    sender_id: Option<String>,
}

/// Send a message into a conversation. The same message over the socket within 10 seconds is this one
#[utoipa::path(request_body = SendBody, params(("id" = Uuid, Path)), responses((status = 201, body = Data<OneMessage>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, MUTED, BLOCKED, IDENTITY_MISMATCH"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "parttimepays")]
#[post("/{id}/messages")]
pub async fn send(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    let id = call.path;
    let work = async {
        let body: SendBody = call.body.read()?;
        call.caller.must_be(body.sender_id.as_deref())?;
        let sender = call.acting_user(body.sender_id.as_deref()).await?;
        let fields = SentFields {
            content: body.content,
            message_type: body.message_type,
            attachments: body.attachments,
            reply_to: body.reply_to,
            thread_id: body.thread_id,
            context: body.context,
        };
        let deps = &call.server.deps;
        let owners = [sender.no, call.caller.no];
        let content = deps.attach(Arc::new(fields.over_rest()?), &owners).await?;
        match deps.rooms.ask(id, sender, Command::Send(content)).await? {
            Answer::Sent(message, _) => {
                answer(&call, id, message, (201, "Message sent successfully")).await
            }
            other => Err(unexpected("a send", &other)),
        }
    };
    call.once(work).await
}

/// A message with all that belongs to it.
async fn answer<P, B>(
    call: &Call<P, B>,
    id: ConversationId,
    message: Message,
    (status, sentence): (u16, &'static str),
) -> Result<StoredResponse, Failure> {
    let requester = Requester::from(&*call.caller);
    let read = call
        .pool()
        .run(move |connection| ReadMessages::one(connection, id, requester, message));
    let read = read.await??;
    let reader = call.server.deps.dialects.reader(call.caller.no);
    let message = read.documents(reader).pop();
    let message = message.ok_or_else(|| Error::internal("a message vanished as it was shown"))?;
    StoredResponse::json(status, &Data::saying(sentence, OneMessage { message }))
}

/// A new text.
#[derive(Deserialize, ToSchema)]
#[schema(as = PartTimePaysEdit)]
pub struct EditBody {
    /// What it shall say
    content: Option<String>,
}

/// Replace the text of one's own message
#[utoipa::path(request_body = EditBody, params(("id" = Uuid, Path)), responses((status = 200, body = Data<OneMessage>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, MUTED, BLOCKED"), (status = 404, description = "MESSAGE_NOT_FOUND"), (status = 409, description = "CONFLICT: it has been deleted; CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "parttimepays")]
#[put("/{id}")]
pub async fn edit(call: Call<MessageId, Body>) -> Result<HttpResponse, Failure> {
    let message = call.path;
    let EditBody { content } = call.body.read()?;
    let body = content.unwrap_or_default();
    limits::required_text(&body, "content", limits::BODY_CHARACTERS)?;
    let (id, edited) = changed(&call, message, Command::Edit { message, body }).await?;
    let sentence = "Message updated successfully";
    let answer = answer(&call, id, edited, (200, sentence)).await?;
    Ok(answer.respond())
}

/// Delete a message
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Done), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "MESSAGE_NOT_FOUND")), security(("bearer" = [])), tag = "parttimepays")]
#[delete("/{id}")]
pub async fn delete(call: Call<MessageId>) -> Result<HttpResponse, Failure> {
    let message = call.path;
    changed(&call, message, Command::Delete { message }).await?;
    Ok(HttpResponse::Ok().json(Done::saying("Message deleted successfully")))
}
