//! Notifies online participants who have not joined: of messages, with unread counts, and of changes of those
//! counts.

use actix::prelude::*;
use diesel::PgConnection;
use std::collections::HashSet;
use std::sync::Arc;

use super::actor::Room;
use super::unread_changes::UnreadChanges;
use crate::domain::conversation::Participant;
use crate::domain::ids::{ConversationNo, Seq, SessionId, UserNo};
use crate::domain::message::{Message, MessageKind};
use crate::domain::mine::NotifyLevel;
use crate::domain::room_event::{Change, NoticeReason, Preview, RoomEvent, UserNews};
use crate::domain::snapshot::UnreadCount;
use crate::domain::thread::InThread;
use crate::error::Error;
use crate::queue::{ChatFrame, ConnectionQueue, EventReader, Heard};
use crate::store::threads;
use crate::store::unread::{self, Unread};
use crate::store::unread_state::{self, ReadBefore, UnreadChange, UnreadState};

/// Pending notifications, and whether counts are being read.
#[derive(Default)]
pub(super) struct Notices {
    /// New messages.
    waiting: Vec<Message>,
    /// Changes of unread counts since the last pulse.
    gathering: UnreadChanges,
    /// Changes of unread counts before that, to be sent now.
    due: UnreadChanges,
    reading: bool,
}

/// The counts that were read.
struct Counts {
    /// Counts for the new messages.
    unread: Vec<Unread>,
    /// Counts that have changed.
    changes: Vec<UnreadChange>,
    /// Who follows the threads of the new messages, by their roots.
    followers: Followers,
}

/// Users, each with the root of a thread that they follow.
type Followers = HashSet<(UserNo, Seq)>;

fn count(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    (absent, roots): (&[i64], &[Seq]),
    readers: &[ReadBefore],
    changes: &UnreadChanges,
) -> Result<Counts, Error> {
    let unread = match absent {
        [] => Vec::new(),
        absent => unread::of_conversation(connection, conversation, absent)?,
    };
    let is_news = |state: &UnreadState| changes.is_news_for(state);
    let changes = match readers {
        [] => Vec::new(),
        readers => unread_state::changes(connection, conversation, readers, is_news)?,
    };
    Ok(Counts {
        unread,
        changes,
        followers: threads::followers(connection, conversation, absent, roots)?,
    })
}

impl Notices {
    /// Adds a message that was announced.
    pub(super) fn add(&mut self, message: &Message) {
        if message.asks_to_be_read() {
            self.waiting.push(message.clone());
        }
    }

    /// Collects changes of unread counts.
    pub(super) fn unread_changes(&mut self) -> &mut UnreadChanges {
        &mut self.gathering
    }

    /// What has gathered since the last pulse is due now.
    fn pulse(&mut self) {
        let gathered = std::mem::take(&mut self.gathering);
        self.due.append(gathered);
    }

    /// What is to be sent now. Nothing while counts are being read, so that an older count is never sent after a newer one: what comes
    /// meanwhile goes with the next.
    fn take(&mut self) -> Option<(Vec<Message>, UnreadChanges)> {
        let nothing_waits = self.waiting.is_empty() && self.due.is_empty();
        if self.reading || nothing_waits {
            return None;
        }
        let messages = std::mem::take(&mut self.waiting);
        Some((messages, std::mem::take(&mut self.due)))
    }

    /// Whether something is still to be sent.
    pub(super) fn are_underway(&self) -> bool {
        self.reading || !self.gathering.is_empty() || !self.due.is_empty()
    }
}

impl Room {
    /// Sends the unread counts that changed since the last pulse: at most twice a second, however many
    /// watermarks and messages change.
    pub(super) fn flush_unread_changes(&mut self, context: &mut Context<Self>) {
        self.notices.pulse();
        self.notify_absent(context);
    }

    /// Sends pending messages and due changes. Only one read of counts runs at a time, so an older count is
    /// never sent after a newer one; what is added meanwhile goes with the next.
    pub(super) fn notify_absent(&mut self, context: &mut Context<Self>) {
        let Some((messages, changes)) = self.notices.take() else {
            return;
        };
        let absent = match messages.is_empty() {
            true => Vec::new(),
            false => self.absent_users(),
        };
        let readers = self.readers_elsewhere(&changes);
        if absent.is_empty() && readers.is_empty() {
            return;
        }
        self.notices.reading = true;
        let (pool, no) = (self.deps.pool.clone(), self.state.conversation.no);
        let read = async move {
            let replies = messages.iter().filter(|it| it.is_in_thread_alone());
            let roots = replies.filter_map(|it| it.content.thread);
            let roots: Vec<Seq> = roots.map(|thread| thread.root.seq).collect();
            let counts = pool.run(move |connection| {
                count(connection, no, (&absent, &roots), &readers, &changes)
            });
            (messages, counts.await)
        };
        context.spawn(
            read.into_actor(self)
                .map(|(messages, counts), room, context| {
                    room.notices.reading = false;
                    room.tell_absent(&messages, counts);
                    room.notify_absent(context);
                }),
        );
    }

    fn tell_absent(&mut self, messages: &[Message], counts: Result<Counts, Error>) {
        match counts {
            Ok(counts) => {
                let unread = counts.unread.into_iter();
                let (told, quiet): (Vec<Unread>, Vec<Unread>) =
                    unread.partition(|it| self.is_notified(it, messages));
                self.notify(messages, told, &counts.followers);
                self.tell_unread_changes(&counts.changes);
                for one in quiet {
                    self.notices.unread_changes().add_counted(one.user);
                }
            }
            Err(error) => {
                log::warn!(event = "notifications_not_sent", conversation_id:% = self.state.conversation.id; "{error}");
            }
        }
    }

    pub(super) fn joined_sessions(&self) -> HashSet<SessionId> {
        self.listeners
            .iter()
            .map(|listener| listener.queue.session())
            .collect()
    }

    /// The queues of a user's sessions that have not joined.
    pub(super) fn queues_elsewhere(
        &self,
        user: UserNo,
        joined: &HashSet<SessionId>,
    ) -> Vec<Arc<ConnectionQueue>> {
        let is_elsewhere = |queue: &ConnectionQueue| !joined.contains(&queue.session());
        self.deps.directory.queues_where(user, is_elsewhere)
    }

    /// The participants with more sessions at this server than have joined.
    fn absent_users(&self) -> Vec<i64> {
        let listeners = self.listeners.iter();
        let mut joined: Vec<UserNo> = listeners.map(|listener| listener.principal.no).collect();
        joined.sort_unstable();
        let joined_by = |user: UserNo| {
            let from = joined.partition_point(|one| *one < user);
            joined
                .iter()
                .skip(from)
                .take_while(|one| **one == user)
                .count()
        };
        let directory = &self.deps.directory;
        let readers = self
            .state
            .everybody()
            .filter(|person| person.may_read().is_ok());
        readers
            .filter(|person| directory.session_count(person.no) > joined_by(person.no))
            .map(|person| person.no.0)
            .collect()
    }

    /// Whether somebody is notified of one of these messages.
    fn is_notified(&self, unread: &Unread, messages: &[Message]) -> bool {
        let person = self.state.person(unread.user);
        match unread.level {
            NotifyLevel::All => true,
            NotifyLevel::Mentions => {
                person.is_some_and(|person| messages.iter().any(|it| it.mentions(person)))
            }
            NotifyLevel::None => false,
        }
    }

    fn notify(&self, messages: &[Message], counted: Vec<Unread>, followers: &Followers) {
        let joined = self.joined_sessions();
        for Unread {
            user, count, level, ..
        } in counted
        {
            let Some(person) = self
                .state
                .person(user)
                .filter(|person| person.may_read().is_ok())
            else {
                continue;
            };
            let (role, reader_blocks) = self.role_and_blocks(person);
            let is_wanted = |m: &Message| {
                !reader_blocks
                    .as_ref()
                    .is_some_and(|it| it.is_unwanted(m.sender))
            };
            let meant = |m: &&Message| {
                !m.is_by(&person.id)
                    && m.is_visible_to(person.sight())
                    && is_wanted(m)
                    && is_in_reach(m, person, followers)
                    && (level == NotifyLevel::All || m.mentions(person))
            };
            let meant: Vec<&Message> = messages.iter().filter(meant).collect();
            let queues = self.queues_elsewhere(user, &joined);
            if meant.is_empty() || queues.is_empty() {
                continue;
            }
            let notices = meant
                .into_iter()
                .map(|message| self.notice(message, person, count));
            let notices: Vec<Arc<RoomEvent>> = notices.collect();
            let event_reader = EventReader {
                role: Some(&role),
                reader_blocks: reader_blocks.as_ref(),
            };
            for queue in queues {
                let notices = notices.iter();
                queue
                    .frames(notices.map(|it| ChatFrame::event(it, event_reader, Heard::Elsewhere)));
                if queue.state().hears_user_events() {
                    let counted = self.to_user(UserNews::Unread(count));
                    queue.push(ChatFrame::event(&counted, event_reader, Heard::Elsewhere));
                }
            }
        }
    }

    fn notice(
        &self,
        message: &Message,
        person: &Participant,
        unread: UnreadCount,
    ) -> Arc<RoomEvent> {
        let preview = self.preview(message);
        let view = self.state.view().clone();
        let notice = Change::Notice {
            preview,
            reason: match (message.mentions(person), message.is_in_thread_alone()) {
                (true, _) => NoticeReason::Mention,
                (false, true) => NoticeReason::Thread,
                (false, false) => NoticeReason::Message,
            },
            unread,
            view,
        };
        self.event(None, notice)
    }

    pub(super) fn preview(&self, message: &Message) -> Preview {
        Preview {
            message: message.clone(),
            sender_name: self.name_of_sender(message).to_owned(),
        }
    }

    /// The conversation's title stands for the sender of system messages.
    fn name_of_sender<'a>(&'a self, message: &'a Message) -> &'a str {
        if message.content.kind != MessageKind::UserInput {
            let title = self.state.conversation.title.as_deref();
            return title.unwrap_or("System");
        }
        let sender = self.state.person(message.sender);
        let name = sender.and_then(|person| person.name.as_deref());
        let name = name.or_else(|| self.state.staff_name(message.sender));
        name.unwrap_or(message.sender_id.as_str())
    }
}

/// Whether a message is shown where somebody looks: in the main line, or in a thread that they follow and whose first message they see.
fn is_in_reach(message: &Message, person: &Participant, followers: &Followers) -> bool {
    let thread = message.content.thread;
    let alone = thread.filter(|it| !it.shown.is_in_conversation());
    alone.is_none_or(|InThread { root, .. }| {
        person.sight().sees_seq(root.seq) && followers.contains(&(person.no, root.seq))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::actor::PULSE;
    use crate::room::unread_changes::tests::message;
    use clock::ManualClock;
    use std::time::Duration;

    const ALICE: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);

    fn seqs(messages: &[Message]) -> Vec<Seq> {
        messages.iter().map(Message::seq).collect()
    }

    #[test]
    fn a_message_is_told_at_once_and_what_comes_during_a_read_with_the_next() {
        let mut notices = Notices::default();
        assert!(notices.take().is_none());
        notices.add(&message(1, ALICE));
        let (messages, changes) = notices.take().unwrap();
        assert_eq!((seqs(&messages), changes.is_empty()), (vec![1], true));
        notices.reading = true;
        notices.add(&message(2, ALICE));
        notices.add(&message(3, ALICE));
        notices.unread_changes().add_reader(BOB, 0);
        notices.pulse();
        assert!(notices.take().is_none(), "an older count may be on its way");
        notices.reading = false;
        let (messages, changes) = notices.take().unwrap();
        assert_eq!((seqs(&messages), changes.is_empty()), (vec![2, 3], false));
        assert!(notices.take().is_none() && !notices.are_underway());
    }

    #[test]
    fn unread_counts_are_told_twice_a_second_however_often_somebody_reads() {
        let (time, mut notices) = (ManualClock::standing(), Notices::default());
        let clock = time.clock();
        let (begun, mut pulsed) = (clock.now(), clock.now());
        let mut told_at = Vec::new();
        for read in 0..300 {
            notices.unread_changes().add_reader(BOB, read);
            assert!(notices.are_underway(), "such a room stays awake");
            if clock.now() >= pulsed + PULSE {
                pulsed = clock.now();
                notices.pulse();
            }
            if let Some((_, changes)) = notices.take() {
                assert!(!changes.is_empty());
                told_at.push(clock.now().duration_since(begun).as_millis());
            }
            time.advance(Duration::from_millis(10));
        }
        assert_eq!(told_at, [500, 1_000, 1_500, 2_000, 2_500]);
    }
}
