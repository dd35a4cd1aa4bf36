//! To whom a message was delivered, and who has read it.

use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use super::messages::reader_of;
use crate::domain::access::Requester;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::conversation::Participant;
use crate::domain::ids::{MessageId, Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::native::instants::maybe_instant;
use crate::error::Error;
use crate::store::conversations::{self as conversation_rows, Key};
use crate::store::receipts::{self as rows, Reached};
use crate::store::{blocks, messages, participants, threads};

/// Somebody whom a message has reached.
#[derive(Serialize, ToSchema)]
#[schema(as = Receipt)]
pub struct ReceiptView {
    /// Who
    user_id: String,
    /// When; null if that was not noted, or more than 90 days ago
    #[serde(serialize_with = "maybe_instant")]
    at: Option<DateTime<Utc>>,
}

/// How far a message has got.
#[derive(Serialize, ToSchema)]
#[schema(as = Receipts)]
pub struct ReceiptsView {
    /// `sent`, `delivered` (to all others who may see it) or `read` (by all of them)
    #[schema(example = "delivered")]
    status: &'static str,
    /// To whom it was delivered, those too who have read it
    delivered: Vec<ReceiptView>,
    /// Who has read it
    read: Vec<ReceiptView>,
}

/// Somebody who may see a message, and when it reached them.
struct Reader {
    person: Participant,
    reached: Reached,
    /// Up to where they have read the conversation, or the thread that alone shows the message.
    read_seq: Seq,
}

impl ReceiptsView {
    fn new(message: &Message, readers: &[Reader]) -> Self {
        let has_read = |it: &&Reader| it.read_seq >= message.seq();
        let has_got = |it: &&Reader| it.person.delivered_seq.max(it.read_seq) >= message.seq();
        let receipt = |it: &Reader, at| ReceiptView {
            user_id: it.person.id.to_string(),
            at,
        };
        let all = readers.iter();
        let read: Vec<_> = all.clone().filter(has_read).collect();
        let got: Vec<_> = all.filter(has_got).collect();
        let status = match readers.len() {
            0 => "sent",
            all if read.len() == all => "read",
            all if got.len() == all => "delivered",
            _ => "sent",
        };
        Self {
            status,
            delivered: got
                .iter()
                .map(|it| receipt(it, it.reached.delivered_at))
                .collect(),
            read: read
                .iter()
                .map(|it| receipt(it, it.reached.read_at))
                .collect(),
        }
    }
}

/// To whom a message was delivered, and who has read it, among the others who may see it
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = ReceiptsView), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "MESSAGE_NOT_FOUND")), security(("bearer" = [])), tag = "messages")]
#[get("/messages/{id}/receipts")]
pub async fn receipts(call: Call<MessageId>) -> Result<HttpResponse, Failure> {
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
        let found = messages::find(connection, id)?;
        let Some(message) = found.filter(|message| message.is_visible_to(seen_by.sight())) else {
            return Ok(Err(Refusal::MessageNotFound));
        };
        let readers = readers(connection, &message, requester)?;
        Ok(Ok(ReceiptsView::new(&message, &readers)))
    });
    Ok(HttpResponse::Ok().json(read.await??))
}

/// The others who may see a message, in the order in which they came, without those whom blocks hide from the caller.
fn readers(
    connection: &mut PgConnection,
    message: &Message,
    requester: Requester,
) -> Result<Vec<Reader>, Error> {
    let mut people = participants::of(connection, message.id.conversation)?;
    people.retain(|person| {
        person.no != message.sender
            && person.may_read().is_ok()
            && message.is_visible_to(person.sight())
    });
    let mut followers = followers(connection, message)?;
    people.retain(|person| {
        followers
            .as_ref()
            .is_none_or(|it| it.contains_key(&person.no))
    });
    let numbers: Vec<i64> = people.iter().map(|person| person.no.0).collect();
    let between = blocks::between(connection, requester.no, &numbers)?;
    let reader_blocks = ReaderBlocks::of(requester.no, between);
    let mut reached = rows::of_message(connection, message.id, &numbers)?;
    let shown = people.into_iter().filter(|it| !reader_blocks.hides(it.no));
    let reader = |person: Participant| {
        let reached = reached.remove(&person.no).unwrap_or_default();
        match followers.as_mut() {
            None => Reader {
                reached,
                read_seq: person.read_seq,
                person,
            },
            // When somebody has read a thread is not noted.
            Some(followers) => Reader {
                reached: Reached {
                    read_at: None,
                    ..reached
                },
                read_seq: followers
                    .remove(&person.no)
                    .unwrap_or_default()
                    .max(person.threads_seq),
                person,
            },
        }
    };
    Ok(shown.map(reader).collect())
}

/// Who follows the thread that alone shows a message, and how far they have read it; `None` for a message of the main line.
fn followers(
    connection: &mut PgConnection,
    message: &Message,
) -> Result<Option<HashMap<UserNo, Seq>>, Error> {
    let thread = message.content.thread;
    match thread.filter(|_| message.is_in_thread_alone()) {
        None => Ok(None),
        Some(thread) => threads::read_by_followers(connection, thread.root).map(Some),
    }
}
