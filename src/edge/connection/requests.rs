//! What a session asks of rooms: join, leave, commands, watching, presence.

use actix::prelude::*;
use actix_web_actors::ws;
use std::sync::Arc;

use crate::domain::answer::Answer;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::native::decode::{Request, SubjectKey};
use crate::edge::native::encode;
use crate::edge::native::frame_id::FrameId;
use crate::edge::native::views::ConversationView;
use crate::error::Error;
use crate::room::reply::{Asker, Reply, told};
use crate::room::{Manner, ToRoom};
use crate::store::conversations::{self, Filter};

use super::Session;

impl Session {
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
                let reply = self.reply(id, conversation, &principal);
                self.door.rooms.send(
                    conversation,
                    ToRoom::Leave {
                        session: self.outbox.session(),
                        reply,
                    },
                );
            }
            Request::Command {
                conversation,
                command,
            } => {
                let reply = self.reply(id, conversation, &principal);
                self.door.rooms.send(
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
                let reply = self.reply(id, conversation, &principal);
                let deals = self.door.deals.clone();
                let pressed = async move {
                    let outcome = deals.press(conversation, principal, press, request_id);
                    reply.send(outcome.await.map(Answer::Flow));
                };
                context.spawn(pressed.into_actor(self));
            }
            Request::Status(status) => {
                let _connected = self.door.house.directory.choose(principal.no, status);
                self.acknowledge(id, serde_json::json!({ "status": status }));
            }
        }
    }

    pub(super) fn reply(
        &self,
        id: Option<FrameId>,
        conversation: ConversationId,
        principal: &Principal,
    ) -> Reply {
        Reply::new(conversation, principal.no, self.asker(id))
    }

    fn asker(&self, id: Option<FrameId>) -> Asker {
        let (directory, metrics) = (
            Arc::clone(&self.door.house.directory),
            Arc::clone(&self.door.house.metrics),
        );
        Asker::Socket {
            outbox: Arc::clone(&self.outbox),
            id,
            directory,
            metrics,
        }
    }

    fn join(
        &mut self,
        id: Option<FrameId>,
        conversation: ConversationId,
        after: Option<Seq>,
        principal: Arc<Principal>,
    ) {
        let Some(number) = self.joined.begin(conversation) else {
            let many = "Too many conversations joined by one session";
            return self.refuse(id, Refusal::Unprocessable(many));
        };
        let joined = self.joined.clone();
        let look = move |outcome: &Result<Answer, Error>| match outcome {
            Ok(_) => joined.accepted(conversation),
            Err(error) => joined.refused(conversation, number, error),
        };
        let asker = Asker::Watched(Box::new(look), Box::new(self.asker(id)));
        let reply = Reply::new(conversation, principal.no, asker);
        let outbox = Arc::clone(&self.outbox);
        self.door.rooms.send(
            conversation,
            ToRoom::Join {
                principal,
                outbox,
                after,
                manner: Manner::Answer,
                reply,
            },
        );
    }

    /// The room was lost; its events go on from where they stopped.
    pub(super) fn rejoin(&self, conversation: ConversationId, after: Seq) {
        let Some(principal) = self
            .principal
            .clone()
            .filter(|_| self.joined.contains(conversation))
        else {
            return self.outbox.state().has_caught_up(conversation);
        };
        let outbox = Arc::clone(&self.outbox);
        let asker = Asker::Rejoining {
            outbox: Arc::clone(&outbox),
            after,
        };
        let reply = Reply::new(conversation, principal.no, asker);
        self.door.rooms.send(
            conversation,
            ToRoom::Join {
                principal,
                outbox,
                after: Some(after),
                manner: Manner::Events,
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
        let (door, outbox, user) = (
            Arc::clone(&self.door),
            Arc::clone(&self.outbox),
            principal.no,
        );
        let answer = async move {
            let listed = door
                .house
                .pool
                .run(move |connection| conversations::list(connection, user, &filter, 100))
                .await;
            match listed {
                Err(error) => {
                    outbox.text(encode::refusal(id, &told(error, &door.house.metrics)));
                }
                Ok(listed) => {
                    let directory = &door.house.directory;
                    let views: Vec<_> = listed
                        .iter()
                        .map(|one| ConversationView::listed(one, user, directory))
                        .collect();
                    if let Some(id) = id {
                        outbox.text(encode::ack(
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
