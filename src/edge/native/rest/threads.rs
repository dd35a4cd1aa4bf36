//! Threads: followed, and those that the caller follows.

use actix_web::{HttpResponse, delete, get, put};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::conversations::limit_of;
use super::messages::conversation_of;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::ids::{ConversationId, MessageId, UserNo};
use crate::domain::thread::{Following, ThreadChange};
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::{Failure, Query};
use crate::edge::links::Links;
use crate::edge::native::decode::message_id;
use crate::edge::native::threads::ThreadChangedView;
use crate::edge::native::views::MessageView;
use crate::store::blocks;
use crate::store::threads::{self as rows, ListedThreads, Which};

/// Follow a thread: its replies count as unread, and the caller is notified of them
#[utoipa::path(params(("id" = Uuid, Path, description = "A message of the thread")), responses((status = 200, body = ThreadChangedView), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "MESSAGE_NOT_FOUND")), security(("bearer" = [])), tag = "messages")]
#[put("/messages/{id}/thread/follow")]
pub async fn follow(call: Call<MessageId>) -> Result<HttpResponse, Failure> {
    let changed = change(&call, ThreadChange::Follow(Following::Yes)).await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// Follow a thread no longer
#[utoipa::path(params(("id" = Uuid, Path, description = "A message of the thread")), responses((status = 200, body = ThreadChangedView), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "MESSAGE_NOT_FOUND")), security(("bearer" = [])), tag = "messages")]
#[delete("/messages/{id}/thread/follow")]
pub async fn unfollow(call: Call<MessageId>) -> Result<HttpResponse, Failure> {
    let changed = change(&call, ThreadChange::Follow(Following::No)).await?;
    Ok(HttpResponse::Ok().json(changed))
}

async fn change(
    call: &Call<MessageId>,
    change: ThreadChange,
) -> Result<ThreadChangedView, Failure> {
    let id = conversation_of(call, call.path).await?;
    let command = Command::ChangeThread {
        root: call.path,
        change,
    };
    match call.command(id, command).await? {
        Answer::Thread(root, own) => Ok(ThreadChangedView::new(id, root, own)),
        other => Err(unexpected("a thread", &other)),
    }
}

/// Which threads.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ThreadsQuery {
    /// True: only those with unread replies
    #[serde(default)]
    unread: bool,
    /// The `next_cursor` of the page before
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// A page of threads.
#[derive(Serialize)]
struct ThreadsView<'a> {
    items: Vec<ListedThreadView<'a>>,
    next_cursor: Option<uuid::Uuid>,
}

#[derive(Serialize)]
struct ListedThreadView<'a> {
    conversation_id: ConversationId,
    message: MessageView<'a>,
}

/// The threads that the caller follows, those with the newest replies first
#[utoipa::path(params(ThreadsQuery), responses((status = 200, description = "`items`: `conversation_id`, and `message`, the one that the thread answers, with `thread`; `next_cursor`", body = Object)), security(("bearer" = [])), tag = "messages")]
#[get("/threads")]
pub async fn list(call: Call, query: Query<ThreadsQuery>) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    let limit = limit_of(query.limit)?;
    let cursor = query.cursor.as_deref();
    let after = cursor.map(|id| message_id(id, "cursor")).transpose()?;
    let which = match query.unread {
        true => Which::Unread,
        false => Which::Followed,
    };
    let user = call.caller.no;
    let read = call.pool().run(move |connection| {
        let mut listed = rows::list(connection, user, which, after, limit)?;
        let senders = listed.threads.iter().map(|thread| thread.root.sender.0);
        let senders: Vec<i64> = senders.collect();
        let reader_blocks = ReaderBlocks::of(user, blocks::between(connection, user, &senders)?);
        for thread in &mut listed.threads {
            reader_blocks.mark(std::slice::from_mut(&mut thread.root));
        }
        Ok(listed)
    });
    let listed = read.await?;
    let links = &call.server.deps.files.links;
    let is_full = listed.threads.len() as i64 == limit;
    let last = listed.threads.last().filter(|_| is_full);
    Ok(HttpResponse::Ok().json(ThreadsView {
        next_cursor: last.map(|thread| thread.newest.to_uuid()),
        items: views(&listed, call.caller.no, links),
    }))
}

fn views<'a>(
    listed: &'a ListedThreads,
    reader: UserNo,
    links: &Links,
) -> Vec<ListedThreadView<'a>> {
    let threads = listed.threads.iter();
    let view = |thread: &'a rows::ListedThread| {
        let message = MessageView::new(&thread.root, thread.conversation, reader, links);
        let said = listed.annotations.get(&thread.root.id.conversation);
        ListedThreadView {
            conversation_id: thread.conversation,
            message: match said {
                Some(said) => message.annotated(said),
                None => message,
            },
        }
    };
    threads.map(view).collect()
}
