//! What clients ask for, carried to rooms, deals and the directory.

use actix::prelude::*;
use std::sync::Arc;

use super::session::{Client, RequestId, Session};
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::ids::ConversationId;
use crate::domain::message::Content;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Listed;
use crate::edge::native::decode::{Request, SubjectKey};
use crate::edge::native::searching::SearchRequest;
use crate::error::Error;
use crate::room::ToRoom;
use crate::room::reply::Reply;
use crate::store::conversations::{self, Filter};
use crate::store::search::Found;

/// Conversations that watching a subject lists.
const LISTED: i64 = 100;

/// Passes a request to the actor that carries it out and answers it.
pub(super) fn carry<S: Session>(
    session: &mut S,
    to: RequestId<S>,
    request: Request,
    context: &mut S::Context,
) {
    let core = session.core();
    let Some(principal) = core.principal.clone() else {
        return core.refuse(to, Refusal::Unauthenticated("Authenticate first"));
    };
    match request {
        Request::Join {
            conversation,
            after,
        } => session.join(to, conversation, after, context),
        Request::Leave { conversation } => session.leave(to, conversation, context),
        Request::Command {
            conversation,
            command: Command::Send(content),
        } if content.names_others() => {
            let reply = core.reply(to, conversation);
            send_prepared(session, conversation, principal, content, reply, context);
        }
        Request::Command {
            conversation,
            command,
        } => {
            let reply = core.reply(to, conversation);
            let command = ToRoom::Do {
                principal,
                command,
                reply,
            };
            core.deps.rooms.send(conversation, command);
        }
        Request::Press {
            conversation,
            press,
            request_id,
        } => {
            let reply = core.reply(to, conversation);
            let deals = core.deps.deals.clone();
            let pressed = async move {
                let outcome = deals.press(conversation, principal, press, request_id);
                reply.send(outcome.await.map(Answer::Flow));
            };
            context.spawn(pressed.into_actor(session));
        }
        Request::Search(wanted) => search(session, to, principal, wanted, context),
        Request::Watch(subject) => watch(session, to, subject, context),
        Request::Status(status) => {
            let room = &core.deps.room;
            let at = room.pool.clock().now().timestamp_micros();
            let _connected = room.directory.choose(principal.no, status, at);
            core.client.status(&core.deps, to, status);
        }
        Request::Unwatch(_) | Request::Authenticate { .. } => core.client.done(&core.deps, to),
    }
}

/// Sends a message when what it shows of its files, whom it mentions, what it forwards, and which thread it is in, is known. The session does
/// nothing else until
/// then, so that what its client sends next comes after it.
fn send_prepared<S: Session>(
    session: &S,
    conversation: ConversationId,
    principal: Arc<Principal>,
    content: Arc<Content>,
    reply: Reply,
    context: &mut S::Context,
) {
    let deps = Arc::clone(&session.core().deps);
    let sent = async move {
        let prepared = async {
            let content = deps.place_in_thread(content, &principal).await?;
            let content = deps.forward(content, &principal).await?;
            deps.attach(content, &[principal.no]).await
        };
        match prepared.await {
            Ok(content) => {
                let command = ToRoom::Do {
                    principal,
                    command: Command::Send(content),
                    reply,
                };
                deps.rooms.send(conversation, command);
            }
            Err(error) => reply.send(Err(error)),
        }
    };
    context.wait(sent.into_actor(session));
}

/// Answers with the messages that were found.
fn search<S: Session>(
    session: &S,
    to: RequestId<S>,
    principal: Arc<Principal>,
    wanted: SearchRequest,
    context: &mut S::Context,
) {
    let deps = Arc::clone(&session.core().deps);
    let found = async move { deps.search(&principal, wanted).await };
    let answer = move |found: Result<Found, Error>, session: &mut S, _: &mut S::Context| {
        let core = session.core();
        match found {
            Ok(found) => core.client.found(&core.deps, to, &found, core.reader()),
            Err(error) => core.refuse(to, error),
        }
    };
    context.spawn(found.into_actor(session).map(answer));
}

/// Answers with the conversations about a subject. What becomes of them follows without being asked for: those who take part are
/// sent wherever they are online.
fn watch<S: Session>(
    session: &S,
    to: RequestId<S>,
    (kind, id): SubjectKey,
    context: &mut S::Context,
) {
    let filter = Filter {
        subject_type: Some(kind),
        subject_id: Some(id),
        ..Filter::default()
    };
    let core = session.core();
    let (pool, user) = (core.deps.room.pool.clone(), core.reader());
    let listed = async move {
        pool.run(move |connection| conversations::list(connection, user, &filter, LISTED))
            .await
    };
    let answer = move |listed: Result<Vec<Listed>, Error>, session: &mut S, _: &mut S::Context| {
        let core = session.core();
        match listed {
            Ok(listed) => core.client.listed(&core.deps, to, &listed, user),
            Err(error) => core.refuse(to, error),
        }
    };
    context.spawn(listed.into_actor(session).map(answer));
}
