//! Sending messages: into a room that the body names, and as the answer to a message.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

use super::rooms::opened;
use crate::domain::answer::Answer;
use crate::domain::attachment::Attachment;
use crate::domain::command::Command;
use crate::domain::ids::{ConversationNo, MessageId};
use crate::domain::limits;
use crate::domain::message::Content;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::rest::opened::Opened;
use crate::edge::pharmago::errors::{BLANK, Faults, NO_FIELD};
use crate::edge::pharmago::messages::{ShownMessage, TYPES};
use crate::edge::pharmago::numbers::{self, MessageNumber};
use crate::edge::pharmago::people::Viewer;
use crate::error::Error;

/// The types that a person may give a message.
const OF_PEOPLE: [&str; 3] = ["text", "image", "file"];
const MAY_NOT_SEND: &str = "You cannot send messages in this room.";
const STRANGER: &str = "You are not a participant in this room.";

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[schema(as = PharmagoSend)]
pub struct SendBody {
    /// The room's id
    room: Option<i64>,
    /// What it says
    content: Option<String>,
    /// `text`, `image` or `file`; what it is follows from its file
    message_type: Option<String>,
    /// The address of its file; https
    file_path: Option<String>,
    /// The file's name
    file_name: Option<String>,
    /// The file's size in bytes
    file_size: Option<u64>,
    /// The file's media type
    file_type: Option<String>,
    /// The message that it answers
    reply_to: Option<i64>,
    /// The sender's own object
    #[serde(default, deserialize_with = "crate::domain::object::optional")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

/// What is wrong with the fields of a message, and what it answers.
fn checked(body: &SendBody, room: ConversationNo, faults: &mut Faults) -> Option<MessageId> {
    match body.content.as_deref() {
        None => faults.add("content", super::super::errors::REQUIRED),
        Some(text) if text.trim().is_empty() => faults.add("content", BLANK),
        Some(_) => {}
    }
    if let Some(name) = body
        .message_type
        .as_deref()
        .filter(|name| !OF_PEOPLE.contains(name))
    {
        let is_known = TYPES.iter().any(|(known, _)| *known == name);
        let why = match is_known {
            true => "Only the platform may send messages of this type.".to_owned(),
            false => format!("\"{name}\" is not a valid choice."),
        };
        faults.add("message_type", why);
    }
    if let Some(url) = &body.file_path
        && limits::https_url(url, "file_path").is_err()
    {
        faults.add("file_path", "Enter a valid URL.");
    }
    let number = body.reply_to?;
    let found = numbers::message(number).filter(|id| id.conversation == room);
    if found.is_none() {
        let why = format!("Invalid pk \"{number}\" - object does not exist.");
        faults.add("reply_to", why);
    }
    found
}

fn content(body: SendBody, reply_to: Option<MessageId>) -> Result<Content, Refusal> {
    let file = body.file_path.map(|url| Attachment {
        name: body.file_name,
        media_type: body.file_type,
        size: body.file_size,
        ..Attachment::at(url)
    });
    let content = Content {
        reply_to,
        attachments: file.into_iter().collect(),
        context: limits::json_object(body.metadata, "metadata")?,
        ..Content::text(None, body.content.unwrap_or_default())
    };
    content.check().map(|()| content)
}

/// Sends a message; refusals of the room are faults of the request, as the platform answers them.
async fn sent<P>(
    call: &Call<P, Body>,
    opened: &Opened,
    content: Content,
) -> Result<StoredResponse, Failure> {
    let (deps, caller) = (&call.server.deps, &call.caller);
    let content = deps.attach(Arc::new(content), &[caller.no]).await?;
    let id = opened.loaded.conversation.id;
    match call.command(id, Command::Send(content)).await {
        Ok(Answer::Sent(message, _)) => {
            let viewer = Viewer {
                caller,
                directory: &deps.room.directory,
            };
            let people = &opened.loaded.participants;
            let shown = ShownMessage::new(&message, people, viewer, &deps.files.links);
            StoredResponse::json(201, &shown)
        }
        Ok(other) => Err(unexpected("a send", &other)),
        Err(Error::Refused(refusal)) => refused(refusal),
        Err(error) => Err(error.into()),
    }
}

fn refused(refusal: Refusal) -> Result<StoredResponse, Failure> {
    let why = match &refusal {
        Refusal::ConversationNotFound => STRANGER,
        Refusal::Muted
        | Refusal::Blocked
        | Refusal::NotAParticipant
        | Refusal::ConversationClosed => MAY_NOT_SEND,
        _ => return Err(refusal.into()),
    };
    let faults = Faults::one(NO_FIELD, why);
    faults.answered().unwrap_or_else(|| Err(refusal.into()))
}

/// Send a message
#[utoipa::path(request_body = SendBody, responses((status = 201, body = ShownMessage), (status = 400, description = "The fields that are wrong; `non_field_errors` for those who may not send")), security(("bearer" = [])), tag = "pharmago")]
#[post("/")]
pub async fn send(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let body: SendBody = call.body.read()?;
        let mut faults = Faults::default();
        let room = faults.required("room", body.room).map(ConversationNo);
        let no = room.unwrap_or(ConversationNo(0));
        let reply_to = checked(&body, no, &mut faults);
        if let Some(refused) = faults.answered() {
            return refused;
        }
        match opened(&call, no).await {
            Ok(opened) => sent(&call, &opened, content(body, reply_to)?).await,
            Err(failure) => refused(failure.refusal().clone()),
        }
    };
    call.once(work).await
}

/// Answer a message
#[utoipa::path(request_body = SendBody, params(("id" = i64, Path)), responses((status = 201, body = ShownMessage), (status = 400, description = "The fields that are wrong; `non_field_errors` for those who may not send"), (status = 404, description = "No such message for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[post("/{id}/reply/")]
pub async fn reply(call: Call<MessageNumber, Body>) -> Result<HttpResponse, Failure> {
    let MessageNumber(id) = call.path;
    let work = async {
        let body: SendBody = call.body.read()?;
        let opened = opened(&call, id.conversation).await;
        let opened = opened.map_err(super::said::as_of_message)?;
        let body = SendBody {
            reply_to: Some(numbers::of_message(id)),
            ..body
        };
        let mut faults = Faults::default();
        let reply_to = checked(&body, id.conversation, &mut faults);
        if let Some(refused) = faults.answered() {
            return refused;
        }
        sent(&call, &opened, content(body, reply_to)?).await
    };
    call.once(work).await
}
