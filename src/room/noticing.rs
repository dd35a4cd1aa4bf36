//! Notifications: a message reaches those who are online and have not joined, with what they have not read.

use actix::prelude::*;
use bytestring::ByteString;
use std::collections::{HashMap, HashSet};

use super::actor::Room;
use crate::dialect::{self, Event};
use crate::domain::form::Form;
use crate::domain::ids::{SessionId, UserNo};
use crate::domain::message::{Message, MessageKind};
use crate::domain::snapshot::UnreadCount;
use crate::error::Error;
use crate::store::unread::{self, Unread};

/// Messages of which absent people are to be told, and whether their counts are being read.
#[derive(Default)]
pub(super) struct Notices {
    waiting: Vec<Message>,
    reading: bool,
}

impl Notices {
    /// A message was announced.
    pub(super) fn add(&mut self, message: &Message) {
        if message.asks_to_be_read() {
            self.waiting.push(message.clone());
        }
    }

    pub(super) fn are_underway(&self) -> bool {
        self.reading
    }
}

impl Room {
    /// Tells those elsewhere of the messages that have gathered. One read of counts is under way at a time; what comes
    /// meanwhile goes with the next.
    pub(super) fn notify_absent(&mut self, context: &mut Context<Self>) {
        if self.notices.reading || self.notices.waiting.is_empty() {
            return;
        }
        let absent = self.absent_users();
        if absent.is_empty() {
            self.notices.waiting.clear();
            return;
        }
        self.notices.reading = true;
        let messages = std::mem::take(&mut self.notices.waiting);
        let (pool, no) = (self.house.pool.clone(), self.state.conversation.no);
        let read = async move {
            let counted = pool
                .run(move |connection| unread::of_conversation(connection, no, &absent))
                .await;
            (messages, counted)
        };
        context.spawn(
            read.into_actor(self)
                .map(|(messages, counted), room, context| {
                    room.notices.reading = false;
                    room.notify(&messages, counted);
                    room.notify_absent(context);
                }),
        );
    }

    pub(super) fn joined_sessions(&self) -> HashSet<SessionId> {
        self.listeners
            .iter()
            .map(|listener| listener.outbox.session())
            .collect()
    }

    fn absent_users(&self) -> Vec<i64> {
        let directory = &self.house.directory;
        let joined: HashMap<UserNo, usize> =
            self.listeners
                .iter()
                .fold(HashMap::new(), |mut counts, listener| {
                    *counts.entry(listener.principal.no).or_default() += 1;
                    counts
                });
        let elsewhere =
            |user: UserNo| directory.session_count(user) > joined.get(&user).copied().unwrap_or(0);
        let readers = self
            .state
            .everybody()
            .filter(|person| person.may_read().is_ok());
        readers
            .filter(|person| directory.is_connected(person.no) && elsewhere(person.no))
            .map(|p| p.no.0)
            .collect()
    }

    fn notify(&self, messages: &[Message], counted: Result<Vec<Unread>, Error>) {
        let counts: HashMap<UserNo, UnreadCount> = match counted {
            Ok(rows) => rows.into_iter().map(|row| (row.user, row.count)).collect(),
            Err(error) => {
                return log::warn!(event = "notifications_not_sent", conversation_id:% = self.state.conversation.id; "{error}");
            }
        };
        let (joined, here) = (self.joined_sessions(), self.state.conversation.id);
        for (user, unread) in counts {
            let Some(person) = self
                .state
                .person(user)
                .filter(|person| person.may_read().is_ok())
            else {
                continue;
            };
            let meant =
                |m: &&Message| m.sender != user && m.is_visible_to(user, Some(&person.role));
            let meant: Vec<&Message> = messages.iter().filter(meant).collect();
            let mut made: HashMap<Form, Vec<ByteString>> = HashMap::new();
            for outbox in self.house.directory.outboxes(user) {
                if !joined.contains(&outbox.session()) && !outbox.is_catching_up(here) {
                    let notices = made
                        .entry(outbox.form())
                        .or_insert_with(|| self.notices_in(outbox.form(), &meant, unread));
                    outbox.texts(notices.iter().cloned());
                }
            }
        }
    }

    /// What no person says is said by the conversation.
    fn name_of_sender<'a>(&'a self, message: &'a Message) -> &'a str {
        if message.draft.kind != MessageKind::UserInput {
            let title = self.state.conversation.title.as_deref();
            return title.unwrap_or("System");
        }
        let sender = self.state.person(message.sender);
        let name = sender.and_then(|person| person.name.as_deref());
        name.unwrap_or(message.sender_id.as_str())
    }

    fn notices_in(
        &self,
        form: Form,
        messages: &[&Message],
        unread: UnreadCount,
    ) -> Vec<ByteString> {
        let scene = self.scene();
        let worded = messages.iter().filter_map(|message| {
            let notice = Event::Notice {
                message,
                sender_name: self.name_of_sender(message),
                unread,
            };
            dialect::words(form, &notice, &scene, None)
        });
        worded.map(|words| words.bytes).collect()
    }
}
