//! What a session asks of rooms: join, leave, commands, watching, presence.

use actix::prelude::*;
use actix_web_actors::ws;
use std::sync::Arc;

use crate::domain::answer::Answer;
use crate::domain::ids::{ConversationId, Seq, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::View;
use crate::edge::native::decode::{Request, SubjectKey};
use crate::edge::native::encode;
use crate::edge::native::frame_id::FrameId;
use crate::edge::native::views::ConversationView;
use crate::error::Error;
use crate::room::reply::{Asker, Reply, told};
use crate::room::{Backfill, ToRoom};
use crate::store::conversations::{self, Filter};

use super::NativeSession;

impl NativeSession {
    pub(super) fn carry(
        &mut self,
        id: Option<FrameId>,
        request: Request,
        principal: Arc<Principal>,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        match request {
            Request::Authenticate { .. } => {}
            Request::Join {
                conversation,
                after,
            } => self.join(id, conversation, after, principal),
            Request::Leave { conversation } => {
                self.joined.leave(conversation);
                let reply = self.reply(id, conversation, principal.no);
                self.core.deps.rooms.send(
                    conversation,
                    ToRoom::Leave {
                        session: self.core.queue.session(),
                        reply,
                    },
                );
            }
            Request::Command {
                conversation,
                command,
            } => {
                let reply = self.reply(id, conversation, principal.no);
                self.core.deps.rooms.send(
                    conversation,
                    ToRoom::Do {
                        principal,
                        command,
                        reply,
                    },
                );
            }
            Request::Watch(subject) => self.watch(id, subject, &principal, context),
            Request::Unwatch(_) => self.acknowledge(id, serde_json::json!({})),
            Request::Press {
                conversation,
                press,
                request_id,
            } => {
                let reply = self.reply(id, conversation, principal.no);
                let deals = self.core.deps.deals.clone();
                let pressed = async move {
                    let outcome = deals.press(conversation, principal, press, request_id);
                    reply.send(outcome.await.map(Answer::Flow));
                };
                context.spawn(pressed.into_actor(self));
            }
            Request::Status(status) => {
                let _connected = self.core.deps.room.directory.choose(principal.no, status);
                self.acknowledge(id, serde_json::json!({ "status": status }));
            }
        }
    }

    pub(super) fn reply(
        &self,
        id: Option<FrameId>,
        conversation: ConversationId,
        reader: UserNo,
    ) -> Reply {
        self.reply_and(id, conversation, reader, |_| {})
    }

    /// Whoever answers writes a native frame for it, where one was asked for; `look` sees the outcome first.
    fn reply_and(
        &self,
        id: Option<FrameId>,
        conversation: ConversationId,
        reader: UserNo,
        look: impl FnOnce(&Result<Answer, Error>) + Send + 'static,
    ) -> Reply {
        let (queue, deps) = (Arc::clone(&self.core.queue), Arc::clone(&self.core.deps));
        let answering = move |outcome: Result<Answer, Error>, _: Option<&View>| {
            look(&outcome);
            let room = &deps.room;
            let frame = match (outcome, id) {
                (Ok(answer), Some(id)) => {
                    encode::answer(id, &answer, conversation, reader, &room.directory)
                }
                (Ok(_), None) => return,
                (Err(error), id) => encode::refusal(id, &told(error, &room.metrics)),
            };
            queue.text(frame);
        };
        Reply::new(conversation, Asker::Connection(Box::new(answering)))
    }

    fn join(
        &mut self,
        id: Option<FrameId>,
        conversation: ConversationId,
        after: Option<Seq>,
        principal: Arc<Principal>,
    ) {
        let Some(join) = self.joined.begin(conversation) else {
            let many = "Too many conversations joined by one session";
            return self.refuse(id, Refusal::Unprocessable(many));
        };
        let joined = self.joined.clone();
        let look = move |outcome: &Result<Answer, Error>| match outcome {
            Ok(_) => joined.accepted(conversation, join),
            Err(error) => joined.refused(conversation, join, error),
        };
        let reply = self.reply_and(id, conversation, principal.no, look);
        let queue = Arc::clone(&self.core.queue);
        self.core.deps.rooms.send(
            conversation,
            ToRoom::Join {
                principal,
                queue,
                backfill: Backfill::InReply(after),
                reply,
            },
        );
    }

    /// The conversations about a subject. What becomes of them follows by itself: whoever takes part is told wherever they are online.
    fn watch(
        &mut self,
        id: Option<FrameId>,
        subject: SubjectKey,
        principal: &Arc<Principal>,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        let filter = Filter {
            subject_type: Some(subject.0),
            subject_id: Some(subject.1),
            ..Filter::default()
        };
        let (deps, queue, user) = (
            Arc::clone(&self.core.deps),
            Arc::clone(&self.core.queue),
            principal.no,
        );
        let answer = async move {
            let listed = deps
                .room
                .pool
                .run(move |connection| conversations::list(connection, user, &filter, 100))
                .await;
            match listed {
                Err(error) => {
                    queue.text(encode::refusal(id, &told(error, &deps.room.metrics)));
                }
                Ok(listed) => {
                    let directory = &deps.room.directory;
                    let views: Vec<_> = listed
                        .iter()
                        .map(|one| ConversationView::listed(one, user, directory))
                        .collect();
                    if let Some(id) = id {
                        queue.text(encode::ack(
                            id,
                            serde_json::json!({ "conversations": views }),
                        ));
                    }
                }
            }
        };
        context.spawn(answer.into_actor(self));
    }
}
