//! Reactions and pins: made, ended, and the pinned messages of a conversation.

use actix_web::{HttpResponse, delete, get, put};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::messages::{conversation_of, reader_of};
use crate::domain::access::Requester;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::annotation::Placing;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::emoji::Emoji;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, FromPath, unexpected};
use crate::edge::http::refusals::Body;
use crate::edge::native::annotating::pinning;
use crate::edge::native::annotations::{PinnedView, ReactedView};
use crate::edge::native::decode::message_id;
use crate::edge::native::views::MessageView;
use crate::store::conversations::{self as conversation_rows, Key};
use crate::store::{annotations, blocks, pins};

impl FromPath for (MessageId, Emoji) {
    type Parts = (String, String);
    fn parse((id, emoji): (String, String)) -> Result<Self, Refusal> {
        Ok((message_id(&id, "id")?, Emoji::parse(&emoji)?))
    }
}

/// React to a message. Doing it again changes nothing
#[utoipa::path(params(("id" = Uuid, Path), ("emoji" = String, Path, description = "One emoji")), responses((status = 200, body = ReactedView), (status = 400, description = "INVALID_REQUEST: not one emoji"), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED, MUTED, UNREACHABLE"), (status = 404, description = "MESSAGE_NOT_FOUND"), (status = 409, description = "CONFLICT: it has been deleted; CONVERSATION_CLOSED"), (status = 422, description = "UNPROCESSABLE: too many different reactions")), security(("bearer" = [])), tag = "messages")]
#[put("/messages/{id}/reactions/{emoji}")]
pub async fn react(call: Call<(MessageId, Emoji)>) -> Result<HttpResponse, Failure> {
    reaction(&call, Placing::Added).await
}

/// React no longer to a message with an emoji
#[utoipa::path(params(("id" = Uuid, Path), ("emoji" = String, Path, description = "One emoji")), responses((status = 200, body = ReactedView), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED, MUTED, UNREACHABLE"), (status = 404, description = "MESSAGE_NOT_FOUND"), (status = 409, description = "CONFLICT: it has been deleted; CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "messages")]
#[delete("/messages/{id}/reactions/{emoji}")]
pub async fn unreact(call: Call<(MessageId, Emoji)>) -> Result<HttpResponse, Failure> {
    reaction(&call, Placing::Removed).await
}

async fn reaction(
    call: &Call<(MessageId, Emoji)>,
    placing: Placing,
) -> Result<HttpResponse, Failure> {
    let (message, emoji) = call.path.clone();
    let id = conversation_of(call, message).await?;
    let command = Command::React {
        message,
        emoji,
        placing,
    };
    match call.command(id, command).await? {
        Answer::Reacted(reacted) => Ok(HttpResponse::Ok().json(ReactedView::new(id, &reacted))),
        other => Err(unexpected("a reaction", &other)),
    }
}

/// How long a message is pinned.
#[derive(Default, Deserialize, ToSchema)]
pub struct PinBody {
    /// Until when; without it for good
    expires_at: Option<DateTime<Utc>>,
}

/// Pin a message
#[utoipa::path(request_body = PinBody, params(("id" = Uuid, Path)), responses((status = 200, body = PinnedView), (status = 400, description = "INVALID_REQUEST: expires_at is in the past"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED, MUTED, UNREACHABLE"), (status = 404, description = "MESSAGE_NOT_FOUND"), (status = 409, description = "CONFLICT: it has been deleted; CONVERSATION_CLOSED"), (status = 422, description = "UNPROCESSABLE: 50 messages are pinned")), security(("bearer" = [])), tag = "messages")]
#[put("/messages/{id}/pin")]
pub async fn pin(call: Call<MessageId, Body>) -> Result<HttpResponse, Failure> {
    let body: PinBody = match call.body.text().trim().is_empty() {
        true => PinBody::default(),
        false => call.own_body()?,
    };
    pinned(&call, pinning(call.path, body.expires_at)).await
}

/// Take the pin off a message
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = PinnedView), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED, MUTED, UNREACHABLE"), (status = 404, description = "MESSAGE_NOT_FOUND"), (status = 409, description = "CONFLICT: it has been deleted; CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "messages")]
#[delete("/messages/{id}/pin")]
pub async fn unpin(call: Call<MessageId>) -> Result<HttpResponse, Failure> {
    pinned(&call, Command::Unpin { message: call.path }).await
}

async fn pinned<B>(call: &Call<MessageId, B>, command: Command) -> Result<HttpResponse, Failure> {
    let id = conversation_of(call, call.path).await?;
    match call.command(id, command).await? {
        Answer::Pinned(pinned) => Ok(HttpResponse::Ok().json(PinnedView::new(id, &pinned))),
        other => Err(unexpected("a pin", &other)),
    }
}

/// The pinned messages of a conversation, the one that was pinned last first
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, description = "`items`: at most 50 messages", body = Object), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "messages")]
#[get("/conversations/{id}/pins")]
pub async fn pinned_messages(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    let (id, requester) = (call.path, Requester::from(&*call.caller));
    let read = call.pool().run(move |connection| {
        let Some(conversation) = conversation_rows::find(connection, Key::Id(id))? else {
            return Ok(Err(Refusal::ConversationNotFound));
        };
        let reader = match reader_of(connection, &conversation, requester)? {
            Err(denied) => return Ok(Err(Refusal::from(denied))),
            Ok(reader) => reader,
        };
        let mut found = pins::messages(connection, conversation.no, &reader)?;
        let senders: Vec<i64> = found.iter().map(|message| message.sender.0).collect();
        let between = blocks::between(connection, requester.no, &senders)?;
        ReaderBlocks::of(requester.no, between).mark(&mut found);
        let said = annotations::of_messages(connection, requester.no, &found)?;
        Ok(Ok((found, said)))
    });
    let (found, said) = read.await??;
    let links = &call.server.deps.files.links;
    let view = |message| MessageView::new(message, id, requester.no, links).annotated(&said);
    let items: Vec<_> = found.iter().map(view).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": null })))
}
