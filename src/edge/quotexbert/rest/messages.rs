//! Messages of a thread: all of them for a client that polls, sending, and marking as read.

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{HttpResponse, get, patch, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;

use super::given;
use crate::domain::answer::Answer;
use crate::domain::command::{Command, Mark, Reads};
use crate::domain::ids::{ConversationId, Seq, UserId};
use crate::domain::limits;
use crate::domain::message::Content;
use crate::domain::refusal::Refusal;
use crate::domain::thread::Line;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::quotexbert::message::{MessageRow, Moves, StoredFields};
use crate::edge::quotexbert::open_thread::OpenThread;
use crate::edge::quotexbert::people::ThreadPeople;
use crate::store::history::{PageReader, page as page_of};
use crate::store::messages::Page;
use crate::store::receipts;

/// Messages of an answer: this client knows no pages.
const MOST: i64 = 1_000;
/// Moves that are read of each watermark.
const MOVES: i64 = 1_000;

/// The messages of a thread.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotexbertMessages)]
pub struct Messages {
    /// Oldest first, the newest 1,000
    messages: Vec<MessageRow>,
}

/// The newest 1,000 messages of a thread, oldest first. An `ETag` makes polling cheap: with it in `If-None-Match`, a thread in which nothing has changed answers 304
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = Messages), (status = 304, description = "Nothing has changed"), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "quotexbert")]
#[get("/{id}/messages")]
pub async fn list(call: Call<ConversationId>) -> Result<HttpResponse, Failure> {
    let thread = OpenThread::find(&call, &call.caller, call.path).await?;
    let tag = tag(&thread);
    let known = call.headers().get(IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .finish());
    }
    let conversation = thread.opened.loaded.conversation.no;
    let reader = thread.opened.reader.clone();
    let read = call.pool().run(move |connection| {
        let page_reader = PageReader::Checked {
            conversation,
            reader,
        };
        let messages = page_of(connection, page_reader, Line::All, Page::Newest, MOST)?;
        let oldest = messages.first().map_or(Seq::MAX, |message| message.seq());
        let moves = receipts::moves(connection, conversation, oldest, MOVES)?;
        Ok((messages, moves.into_iter().collect::<Moves>()))
    });
    let (messages, moves) = read.await?;
    let people = thread.people(&call, &call.caller);
    let shown = messages.iter().filter(|it| it.deleted_at.is_none());
    let messages = shown.map(|message| MessageRow::new(message, call.path, &people, &moves));
    let messages = messages.collect();
    let mut answer = HttpResponse::Ok();
    Ok(answer
        .insert_header((ETAG, tag))
        .json(Messages { messages }))
}

fn tag(thread: &OpenThread) -> String {
    let digest = Sha256::digest(thread.state());
    let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("\"{}\"", hex.collect::<String>())
}

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertSend)]
pub struct SendBody {
    /// Who sends; must be the caller, unless the caller is the platform
    from_user_id: Option<String>,
    /// To whom; somebody who takes part
    to_user_id: Option<String>,
    /// What it says
    message: Option<String>,
}

/// What was sent.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotexbertSent)]
pub struct Sent {
    message: MessageRow,
}

/// Send a message into a thread
#[utoipa::path(request_body = SendBody, params(("id" = Uuid, Path)), responses((status = 200, body = Sent), (status = 400, description = "UNPROCESSABLE: Missing required fields, Cannot send message to yourself; INVALID_REQUEST"), (status = 403, description = "IDENTITY_MISMATCH, NOT_A_PARTICIPANT, MUTED, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, PARTICIPANT_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "quotexbert")]
#[post("/{id}/messages")]
pub async fn send(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    const MISSING: &str = "Missing required fields";
    let work = async {
        let body: SendBody = call.body.read()?;
        let from = given(body.from_user_id, MISSING)?;
        let to = given(body.to_user_id, MISSING)?;
        let text = given(body.message, MISSING)?;
        call.caller.must_be(Some(&from))?;
        limits::required_text(&text, "message", limits::BODY_CHARACTERS)?;
        let sender = call.acting_user(Some(&from)).await?;
        if sender.is_named(&to) {
            return Err(Refusal::Unprocessable("Cannot send message to yourself").into());
        }
        let thread = OpenThread::find(&call, &sender, call.path).await?;
        let people = thread.people(&call, &call.caller);
        let to = call.user_named(UserId::parse(&to, "toUserId")?).await?;
        let to = people.present_as(&to).ok_or(Refusal::ParticipantNotFound)?;
        let content = Content {
            context: kept(&people, to.id.as_str())?,
            ..Content::text(None, text)
        };
        content.check()?;
        let command = Command::Send(Arc::new(content));
        let rooms = &call.server.deps.rooms;
        match rooms.ask(call.path, sender, command).await? {
            Answer::Sent(message, _) => {
                let message = MessageRow::new(&message, call.path, &people, &Moves::default());
                StoredResponse::json(200, &Sent { message })
            }
            other => Err(unexpected("a send", &other)),
        }
    };
    call.once(work).await
}

/// To whom a message is, where that does not follow from who takes part.
fn kept(
    people: &ThreadPeople<'_>,
    to: &str,
) -> Result<Option<Box<serde_json::value::RawValue>>, Failure> {
    if people.iter().count() <= 2 {
        return Ok(None);
    }
    let kept = StoredFields {
        to_user_id: Some(to.to_owned()),
    };
    let kept = serde_json::value::to_raw_value(&kept).map_err(crate::error::Error::internal)?;
    Ok(Some(kept))
}

/// Who reads.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = QuotexbertRead)]
pub struct ReadBody {
    /// Must be the caller
    viewer_user_id: Option<String>,
}

/// Everything in the thread counts as read
#[utoipa::path(request_body = ReadBody, params(("id" = Uuid, Path)), responses((status = 200, description = "`success`", body = Object), (status = 403, description = "IDENTITY_MISMATCH, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "quotexbert")]
#[patch("/{id}/messages")]
pub async fn mark_read(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    let body: ReadBody = match call.body.text().trim() {
        "" => ReadBody::default(),
        _ => call.body.read()?,
    };
    call.caller.must_be_alone(body.viewer_user_id.as_deref())?;
    let (mark, seq) = (Mark::Seen(Reads::All), Seq::MAX);
    call.command(call.path, Command::Mark { mark, seq }).await?;
    Ok(HttpResponse::Ok().json(json!({ "success": true })))
}
