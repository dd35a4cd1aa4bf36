//! Reads the messages of a conversation, page by page.

use actix_web::{HttpResponse, get};
use diesel::pg::PgConnection;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::conversations::limit_of;
use super::messages::reader_of;
use crate::domain::access::Requester;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::annotation::Annotations;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::domain::thread::Line;
use crate::edge::http::call::Call;
use crate::edge::http::{Failure, Query};
use crate::edge::native::threading::line_of;
use crate::edge::native::views::MessageView;
use crate::error::Error;
use crate::store::conversations::{self as conversation_rows, Key};
use crate::store::history::{PageReader, page as page_of};
use crate::store::messages::Page;
use crate::store::{annotations, blocks};

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Only those before this seq, the nearest
    before: Option<Seq>,
    /// Only those after this seq, the nearest
    after: Option<Seq>,
    /// Those before this seq, the one with it, and those after it
    around: Option<Seq>,
    /// 1–100
    limit: Option<i64>,
    /// `all` (the default), `none` for those of no thread and those that are also shown outside of theirs, or the id of the message whose thread is
    /// read
    thread: Option<String>,
}

/// The pages of an answer: one, or the two sides of a seq.
#[derive(Clone, Copy)]
enum Wanted {
    One(Page),
    Around(Seq),
}

impl PageQuery {
    fn wanted(&self) -> Result<Wanted, Refusal> {
        match (self.before, self.after, self.around) {
            (Some(_), Some(_), _) => {
                Err(Refusal::invalid("before", "and after exclude each other"))
            }
            (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                Err(Refusal::invalid("around", "excludes before and after"))
            }
            (Some(before), None, None) => Ok(Wanted::One(Page::Before(before))),
            (None, Some(after), None) => Ok(Wanted::One(Page::After(after))),
            (None, None, Some(seq)) if seq < 1 => {
                Err(Refusal::invalid("around", "must be at least 1"))
            }
            (None, None, Some(seq)) => Ok(Wanted::Around(seq)),
            (None, None, None) => Ok(Wanted::One(Page::Newest)),
        }
    }
}

/// A page of messages, in the order of seq; without `before`, `after` and `around` the newest. With `around`, `next_cursor` continues before
/// the page and `newer_cursor` after it
#[utoipa::path(params(("id" = Uuid, Path), PageQuery), responses((status = 200, description = "`items`: messages; `next_cursor`: the seq to go on from; `newer_cursor`, only with `around`", body = Object), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "messages")]
#[get("/conversations/{id}/messages")]
pub async fn list(
    call: Call<ConversationId>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    let id = call.path;
    let Query(query) = query;
    let (wanted, limit) = (query.wanted()?, limit_of(query.limit)?);
    let line = line_of(query.thread.as_deref(), "thread")?;
    let requester = Requester::from(&*call.caller);
    let read = call.pool().run(move |connection| {
        let mut found = pages(connection, (id, line), requester, wanted, limit)?;
        if !found.messages.is_empty() {
            mark_blocked(connection, requester, &mut found.messages)?;
            found.annotations =
                annotations::of_messages(connection, requester.no, &found.messages)?;
            return Ok(Ok(found));
        }
        let Some(conversation) = conversation_rows::find(connection, Key::Id(id))? else {
            return Ok(Err(Refusal::ConversationNotFound));
        };
        let reader = reader_of(connection, &conversation, requester)?;
        Ok(reader.map(|_| found).map_err(Refusal::from))
    });
    let found = read.await??;
    let links = &call.server.deps.files.links;
    let view =
        |message| MessageView::new(message, id, requester.no, links).annotated(&found.annotations);
    Ok(HttpResponse::Ok().json(PageView {
        items: found.messages.iter().map(view).collect(),
        next_cursor: found.next,
        newer_cursor: found.newer,
    }))
}

/// Marks messages of users whom the reader has blocked.
fn mark_blocked(
    connection: &mut PgConnection,
    requester: Requester,
    messages: &mut [Message],
) -> Result<(), Error> {
    let senders: Vec<i64> = messages.iter().map(|message| message.sender.0).collect();
    let found = blocks::between(connection, requester.no, &senders)?;
    ReaderBlocks::of(requester.no, found).mark(messages);
    Ok(())
}

/// Messages, and where to go on.
struct Pages {
    messages: Vec<Message>,
    /// What is said about them; nothing until it is read.
    annotations: Annotations,
    next: Option<Seq>,
    /// `None` unless the page was asked for around a seq; then, perhaps, nothing is newer.
    newer: Option<Option<Seq>>,
}

fn pages(
    connection: &mut PgConnection,
    (conversation, line): (ConversationId, Line),
    requester: Requester,
    wanted: Wanted,
    limit: i64,
) -> Result<Pages, Error> {
    let mut page = |page: Page, limit: i64| {
        let page_reader = PageReader::Unchecked {
            conversation,
            requester,
        };
        page_of(connection, page_reader, line, page, limit)
    };
    let is_full = |messages: &[Message], limit: i64| messages.len() as i64 == limit;
    match wanted {
        Wanted::One(one) => {
            let messages = page(one, limit)?;
            let edge = match one {
                Page::After(_) => messages.last(),
                Page::Newest | Page::Before(_) => messages.first(),
            };
            let next = edge.filter(|_| is_full(&messages, limit)).map(Message::seq);
            Ok(Pages {
                next,
                messages,
                annotations: Annotations::default(),
                newer: None,
            })
        }
        Wanted::Around(seq) => {
            let (older, newer) = (limit - limit / 2, limit / 2);
            let mut messages = page(Page::Before(seq.saturating_add(1)), older)?;
            let next = messages.first().filter(|_| is_full(&messages, older));
            let next = next.map(Message::seq);
            // One more than is shown says whether there is more.
            let mut after = page(Page::After(seq), newer + 1)?;
            let is_more = after.len() as i64 > newer;
            after.truncate(usize::try_from(newer).unwrap_or_default());
            messages.append(&mut after);
            let last = messages.last().map_or(seq, Message::seq);
            Ok(Pages {
                messages,
                annotations: Annotations::default(),
                next,
                newer: Some(is_more.then_some(last)),
            })
        }
    }
}

/// A page of messages.
#[derive(Serialize)]
struct PageView<'a> {
    items: Vec<MessageView<'a>>,
    next_cursor: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newer_cursor: Option<Option<Seq>>,
}
