//! Reads what requests say of threads, and finds the thread of a message that is being sent.

use diesel::pg::PgConnection;
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;

use super::decode::{Request, message_id};
use super::read::read;
use super::rest::messages::seen_message;
use crate::domain::access::Requester;
use crate::domain::command::{Command, Mark, Reads};
use crate::domain::ids::{ConversationId, MessageId, Seq};
use crate::domain::message::{Content, Message};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::thread::{Following, InThread, Line, Shown, ThreadChange};
use crate::edge::connection::SessionDeps;
use crate::error::Error;
use crate::store::{messages, threads};

const DELETED: Refusal = Refusal::Conflict("The message has been deleted");
const OTHER_AUDIENCE: Refusal =
    Refusal::Unprocessable("A reply is for those who see the message whose thread it is in");

/// The line that a text names: `all`, `none` for the main one, or the id of the message whose thread is meant.
pub(super) fn line_of(text: Option<&str>, field: &'static str) -> Result<Line, Refusal> {
    match text {
        None | Some("all") => Ok(Line::All),
        Some("none") => Ok(Line::Main),
        Some(id) => message_id(id, field).map(Line::Thread),
    }
}

/// The place of a message that is being sent, from its fields `thread_id` and `also_in_conversation`.
pub(super) fn place(
    thread_id: Option<&str>,
    also_in_conversation: Option<bool>,
) -> Result<Option<InThread>, Refusal> {
    match (thread_id, also_in_conversation) {
        (None, Some(true)) => Err(Refusal::invalid(
            "also_in_conversation",
            "needs a thread_id",
        )),
        (None, _) => Ok(None),
        (Some(id), also) => Ok(Some(InThread {
            root: message_id(id, "thread_id")?,
            shown: Shown::of(also.unwrap_or_default()),
        })),
    }
}

/// The command that moves a watermark of this line to a seq.
pub(super) fn marking(mark: Mark, line: Line, seq: Seq) -> Result<Command, Refusal> {
    match (mark, line) {
        (_, Line::All) => Ok(Command::Mark { mark, seq }),
        (Mark::Seen(_), Line::Main) => Ok(Command::Mark {
            mark: Mark::Seen(Reads::MainLine),
            seq,
        }),
        (Mark::Seen(_), Line::Thread(root)) => Ok(Command::ChangeThread {
            root,
            change: ThreadChange::Seen(seq),
        }),
        (Mark::Delivered, Line::Main | Line::Thread(_)) => {
            Err(Refusal::invalid("thread", "is only for what was read"))
        }
    }
}

#[derive(Deserialize)]
struct FollowData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(borrow)]
    message_id: Cow<'a, str>,
}

/// Reads the payload of following a thread, or of no longer following it.
pub(super) fn follow(data: &str, following: Following) -> Result<Request, Refusal> {
    let data: FollowData<'_> = read(data)?;
    Ok(Request::Command {
        conversation: ConversationId::parse(&data.conversation_id, "conversation_id")?,
        command: Command::ChangeThread {
            root: message_id(&data.message_id, "message_id")?,
            change: ThreadChange::Follow(following),
        },
    })
}

impl SessionDeps {
    /// The content in the thread of the message that it names; unchanged if it names none. A reply to a reply is in the same thread. The sender
    /// must see that message, and a reply to what not everybody sees is for the same people.
    pub async fn place_in_thread(
        &self,
        content: Arc<Content>,
        sender: &Principal,
    ) -> Result<Arc<Content>, Error> {
        let Some(InThread { root: named, shown }) = content.thread else {
            return Ok(content);
        };
        let requester = Requester::from(sender);
        let read = self
            .room
            .pool
            .run(move |connection| root_of(connection, named, requester));
        let root = read.await??;
        let audience = root.content.audience.clone();
        if audience.is_some() && content.audience.is_some() && content.audience != audience {
            return Err(OTHER_AUDIENCE.into());
        }
        let content = Content {
            thread: Some(InThread {
                root: root.id,
                shown,
            }),
            audience: audience.or_else(|| content.audience.clone()),
            ..Arc::unwrap_or_clone(content)
        };
        Ok(Arc::new(content))
    }
}

/// The first message of the thread that a message is in, or begins.
fn root_of(
    connection: &mut PgConnection,
    id: MessageId,
    requester: Requester,
) -> Result<Result<Message, Refusal>, Error> {
    let named = match seen_message(connection, id, requester)? {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(message) => message,
    };
    let root = match named.content.thread {
        None => named,
        Some(thread) => messages::find(connection, thread.root)?
            .ok_or_else(|| Error::internal("the first message of a thread is missing"))?,
    };
    let is_begun =
        root.deleted_at.is_none() || threads::has_replies(connection, id.conversation, root.seq())?;
    Ok(is_begun.then_some(root).ok_or(DELETED))
}
