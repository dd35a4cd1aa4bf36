//! Messages of a room: its pages, oldest first; sending; marking as read.

use actix_web::{HttpResponse, get, post, put};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

use crate::domain::access::Requester;
use crate::domain::answer::Answer;
use crate::domain::command::{Command, Mark, Reads};
use crate::domain::ids::{ConversationId, MessageId, Seq};
use crate::domain::refusal::Refusal;
use crate::domain::thread::Line;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::lola::message::{MessageDocument, documents};
use crate::edge::lola::people::RoomPeople;
use crate::edge::lola::sending::SentFields;
use crate::edge::native::decode::message_id;
use crate::edge::native::rest::messages::status_of;
use crate::edge::native::rest::opened::Opened;
use crate::store::audit;
use crate::store::history::{PageReader, page as page_of};
use crate::store::messages::Page;

/// Messages of a page, unless the query says how many.
const USUAL: i64 = 50;
/// Messages of a page at most.
const MOST: i64 = 100;

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct PageQuery {
    /// At most so many; 50, and never more than 100
    limit: Option<i64>,
    /// Only those before this message
    before_message_id: Option<String>,
    /// Not used: `beforeMessageId` chooses the page
    #[allow(dead_code, reason = "clients send it")]
    page: Option<i64>,
    /// Who reads; must be the caller
    user_id: Option<String>,
}

impl PageQuery {
    fn limit(&self) -> Result<i64, Refusal> {
        match self.limit.unwrap_or(USUAL) {
            limit if limit < 1 => Err(Refusal::invalid("limit", "must be at least 1")),
            limit => Ok(limit.min(MOST)),
        }
    }

    fn before(&self) -> Result<Option<MessageId>, Refusal> {
        let named = self.before_message_id.as_deref();
        let named = named.filter(|id| !id.is_empty());
        named
            .map(|id| message_id(id, "beforeMessageId"))
            .transpose()
    }
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaMessages)]
pub struct MessagesPage<'a> {
    /// Oldest first
    messages: Vec<MessageDocument<'a>>,
    /// Whether there are older ones
    has_more: bool,
}

/// A page of a room's messages, oldest first: the newest, or those before one
#[utoipa::path(params(("id" = Uuid, Path), PageQuery), responses((status = 200, body = MessagesPage), (status = 400, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, BLOCKED, MESSAGE_NOT_FOUND, IDENTITY_MISMATCH")), security(("bearer" = [])), tag = "lola")]
#[get("/rooms/{id}/messages")]
pub async fn list(
    call: Call<ConversationId>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    call.caller.must_be(query.user_id.as_deref())?;
    let (limit, before) = (query.limit()?, query.before()?);
    let (id, requester) = (call.path, Requester::from(&*call.caller));
    let read = call.pool().run(move |connection| {
        let opened = match Opened::read(connection, id, requester)? {
            Ok(opened) => opened,
            Err(refusal) => return Ok(Err(refusal)),
        };
        audit::note_reading(connection, requester, id)?;
        let conversation = opened.loaded.conversation.no;
        let page = match before {
            Some(message) if message.conversation != conversation => {
                return Ok(Err(Refusal::MessageNotFound));
            }
            Some(message) => Page::Before(message.seq),
            None => Page::Newest,
        };
        let page_reader = PageReader::Checked {
            conversation,
            reader: opened.reader.clone(),
        };
        let messages = page_of(connection, page_reader, Line::All, page, limit + 1)?;
        Ok(Ok((opened, messages)))
    });
    let (opened, messages) = read.await??;
    let room = RoomPeople::of(&opened.loaded);
    let more = messages.len().saturating_sub(limit as usize);
    let shown = messages.get(more..).unwrap_or_default();
    Ok(HttpResponse::Ok().json(MessagesPage {
        messages: documents(shown, &room, &call.server.deps.files.links),
        has_more: more > 0,
    }))
}

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaSend)]
pub struct SendBody {
    /// What it says
    content: Option<String>,
    /// `text`, `image`, `file`, `audio` or `video`
    message_type: Option<String>,
    /// Its files: addresses, https
    #[schema(value_type = Option<Vec<Object>>)]
    attachments: Option<Vec<Value>>,
    /// The message that it answers
    reply_to_message_id: Option<String>,
    /// The sender's own id of it: sending again with the same is safe
    client_id: Option<String>,
    /// An object of the sender's own
    #[serde(default, deserialize_with = "crate::domain::object::optional")]
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
    /// Who acts; must be the caller, unless the caller is the platform
    #[allow(dead_code, reason = "read by message_sender")]
    sender_id: Option<String>,
}

/// Send a message into a room. On which side the sender stands, and their name, follow from who they are
#[utoipa::path(request_body = SendBody, params(("id" = Uuid, Path)), responses((status = 201, body = MessageDocument), (status = 200, body = MessageDocument, description = "Stored before, under the same clientId"), (status = 400, description = "INVALID_REQUEST, CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, MUTED, BLOCKED, IDENTITY_MISMATCH, CHAT_NOT_ALLOWED"), (status = 409, description = "CONVERSATION_CLOSED, CONFLICT")), security(("bearer" = [])), tag = "lola")]
#[post("/rooms/{id}/messages")]
pub async fn send(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    let id = call.path;
    let work = async {
        let sender = call.message_sender().await?;
        let sent: SendBody = call.body.read()?;
        let fields = SentFields {
            text: sent.content,
            message_type: sent.message_type,
            client_id: sent.client_id,
            reply_to: sent.reply_to_message_id,
            attachments: sent.attachments,
            context: sent.context,
        };
        let deps = &call.server.deps;
        let owners = [sender.no, call.caller.no];
        let content = deps.attach(Arc::new(fields.content()?), &owners).await?;
        let command = Command::Send(content);
        let (message, novelty) = match deps.rooms.ask(id, sender, command).await? {
            Answer::Sent(message, novelty) => (message, novelty),
            other => return Err(unexpected("a send", &other)),
        };
        let opened = Opened::find(&call.server, &call.caller, id).await?;
        let people = RoomPeople::of(&opened.loaded);
        let document = MessageDocument::new(&message, &people, &deps.files.links);
        StoredResponse::json(status_of(novelty), &document)
    };
    call.once(work).await
}

/// Everything that is there counts as read
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, description = "`success`, `message`", body = Object), (status = 400, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, BLOCKED, IDENTITY_MISMATCH")), security(("bearer" = [])), tag = "lola")]
#[put("/rooms/{id}/messages/read")]
pub async fn mark_read(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    call.must_read_alone()?;
    let (mark, seq) = (Mark::Seen(Reads::All), Seq::MAX);
    call.command(call.path, Command::Mark { mark, seq }).await?;
    let done = json!({ "success": true, "message": "Messages marked as read" });
    Ok(HttpResponse::Ok().json(done))
}
