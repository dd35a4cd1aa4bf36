//! Events for which the database is asked before a room is: those that name a message and not its conversation, and sends that may
//! repeat what was sent over REST. The session does nothing else until then, so that what its client sends next comes after it.

use actix::prelude::*;
use std::sync::Arc;

use super::client::AwaitedAck;
use super::session::SocketIoSession;
use crate::domain::answer::{Answer, Novelty};
use crate::domain::command::Command;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::message::Content;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::connection::requests;
use crate::edge::dialect::LoneReaction;
use crate::edge::native::decode::Request;

const UNKNOWN: Refusal = Refusal::Unauthenticated("Authenticate first");

fn caller(session: &SocketIoSession) -> Result<Arc<Principal>, Refusal> {
    session.core.principal.clone().ok_or(UNKNOWN)
}

/// Sends a message, or answers with the one that its sender has sent a moment ago.
pub(super) fn send(
    session: &SocketIoSession,
    to: AwaitedAck,
    (conversation, content): (ConversationId, Arc<Content>),
    sent_over_rest: &'static str,
    context: &mut Context<SocketIoSession>,
) {
    let sender = match caller(session) {
        Ok(sender) => sender,
        Err(refusal) => return session.core.refuse(to, refusal),
    };
    let deps = Arc::clone(&session.core.deps);
    let looked_for = Arc::clone(&content);
    let found = async move {
        let found = deps.sent_lately(&sender, conversation, &looked_for, sent_over_rest);
        found.await
    };
    let found =
        found
            .into_actor(session)
            .map(
                move |found, session: &mut SocketIoSession, context| match found {
                    Ok(Some(message)) => {
                        let answer = Answer::Sent(message, Novelty::Repeated);
                        session.core.reply(to, conversation).send(Ok(answer));
                    }
                    Ok(None) => {
                        let command = Command::Send(content);
                        let request = Request::Command {
                            conversation,
                            command,
                        };
                        requests::carry(session, to, request, context);
                    }
                    Err(error) => session.core.refuse(to, error),
                },
            );
    context.wait(found);
}

/// Replaces the body of a message.
pub(super) fn edit(
    session: &SocketIoSession,
    to: AwaitedAck,
    (message, body): (MessageId, String),
    context: &mut Context<SocketIoSession>,
) {
    let editor = match caller(session) {
        Ok(editor) => editor,
        Err(refusal) => return session.core.refuse(to, refusal),
    };
    let deps = Arc::clone(&session.core.deps);
    let found = async move { deps.conversation_of(&editor, message).await };
    let found =
        found
            .into_actor(session)
            .map(
                move |found, session: &mut SocketIoSession, context| match found {
                    Ok(conversation) => {
                        let command = Command::Edit { message, body };
                        let request = Request::Command {
                            conversation,
                            command,
                        };
                        requests::carry(session, to, request, context);
                    }
                    Err(error) => session.core.refuse(to, error),
                },
            );
    context.wait(found);
}

/// Reacts to a message.
pub(super) fn react(
    session: &SocketIoSession,
    to: AwaitedAck,
    wanted: LoneReaction,
    context: &mut Context<SocketIoSession>,
) {
    let user = match caller(session) {
        Ok(user) => user,
        Err(refusal) => return session.core.refuse(to, refusal),
    };
    let deps = Arc::clone(&session.core.deps);
    let done = async move { deps.react_alone(&user, wanted).await };
    let done =
        done.into_actor(session)
            .map(move |done, session: &mut SocketIoSession, _| match done {
                Ok(done) => {
                    let reply = session.core.reply(to, done.conversation);
                    reply.send(Ok(Answer::Reacted(done.reacted)));
                }
                Err(error) => session.core.refuse(to, error),
            });
    context.wait(done);
}
