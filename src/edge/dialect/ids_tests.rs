//! Laws of ids: no dialect loses or invents one, and what it shows as an id can be used in its requests.

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::{Value, json, value::to_raw_value};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::encoding_tests::{NAMES, dialects, read};
use super::named_requests_tests::requests_with;
use super::*;
use crate::domain::command::{Command, Mark, Reads};
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, MEMBER, Membership, Participant,
    PresenceStatus, Signals, Subject,
};
use crate::domain::ids::{ConversationId, ConversationNo, MessageId, ParticipantId, UserId};
use crate::domain::message::{Content, Message, MessageKind};
use crate::domain::room_event::{
    Change, MessageChange, MessageNews, NoticeReason, Preview, UserNews,
};
use crate::domain::snapshot::UnreadCount;
use crate::edge::native::decode::{Request, decode};

/// The dialects, made once for all cases.
pub(super) static DIALECTS: LazyLock<Dialects> = LazyLock::new(dialects);

/// A conversation in which something happens, and the ids of it all.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) conversation: ConversationId,
    pub(super) message: MessageId,
    reply_to: Option<MessageId>,
    pub(super) people: Vec<String>,
    subject: Option<String>,
    by_system: bool,
    client_id: String,
}

pub(super) fn worlds() -> impl Strategy<Value = World> {
    let person = "[A-Za-z0-9][A-Za-z0-9._:@-]{2,20}";
    let people = prop::collection::btree_set(person, 2..5)
        .prop_filter("not the system's", |people| !people.contains("system"));
    let no = 1_i64..1 << 59;
    (
        people,
        no,
        2_i64..1 << 40,
        any::<(u128, bool, bool)>(),
        prop::option::of("[a-z0-9-]{1,12}"),
    )
        .prop_map(|(people, no, seq, (bits, replies, by_system), subject)| {
            let conversation = ConversationNo(no);
            let id = |seq| MessageId { conversation, seq };
            World {
                conversation: ConversationId(
                    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid(),
                ),
                message: id(seq),
                reply_to: replies.then(|| id(seq - 1)),
                people: people.into_iter().collect(),
                subject,
                by_system,
                client_id: format!("client-{seq}"),
            }
        })
}

impl World {
    pub(super) fn person(&self, index: usize) -> UserId {
        UserId::stored(self.people[index].clone())
    }

    pub(super) fn participant(&self, index: usize) -> Participant {
        Participant {
            no: UserNo(index as i64 + 1),
            id: self.person(index),
            name: Some("Some Name".to_owned()),
            avatar_url: None,
            role: MEMBER.to_owned(),
            membership: Membership::Present,
            muted: false,
            blocked: false,
            sees_from: 0,
            delivered_seq: 0,
            read_seq: 0,
            threads_seq: 0,
            unread_from: None,
            joined_at: DateTime::UNIX_EPOCH,
            signals: Signals::Shown,
        }
    }

    pub(super) fn view(&self) -> View {
        let subject = self.subject.clone().map(|id| Subject {
            kind: "bid".to_owned(),
            id,
            card: Value::Null,
        });
        let conversation = Conversation {
            no: self.message.conversation,
            id: self.conversation,
            kind: ConversationKind::Group,
            title: None,
            status: ConversationStatus::Open,
            subject: subject.map(Arc::new),
            created_by: self.person(0),
            last_seq: self.message.seq,
            policy_version: 1,
            max_participants: None,
            slow_seconds: 0,
            closed: None,
            external_id: None,
            business: None,
            flow: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        };
        View::of(
            conversation,
            (0..self.people.len()).map(|index| self.participant(index)),
        )
    }

    pub(super) fn message(&self) -> Message {
        let kind = match self.by_system {
            true => MessageKind::System,
            false => MessageKind::UserInput,
        };
        let content = Content {
            kind,
            reply_to: self.reply_to,
            ..Content::text(Some(self.client_id.clone()), "hello".to_owned())
        };
        Message {
            id: self.message,
            sender: UserNo(1),
            sender_id: self.person(0),
            actor_id: None,
            content: Arc::new(content),
            card: None,
            created_at: DateTime::UNIX_EPOCH,
            edited_at: None,
            deleted_at: None,
            from_blocked: false,
        }
    }

    pub(super) fn message_id(&self) -> String {
        self.message.to_uuid().to_string()
    }

    /// Everything that may be shown as an id.
    pub(super) fn known(&self) -> BTreeSet<String> {
        let replied = self.reply_to.map(|id| id.to_uuid().to_string());
        let ids = [
            self.conversation.to_string(),
            self.message_id(),
            self.client_id.clone(),
            "system".to_owned(),
        ];
        let parts = (0..self.people.len()).map(|index| {
            let part = ParticipantId {
                conversation: self.message.conversation,
                user: self.participant(index).no,
            };
            part.to_uuid().to_string()
        });
        let people = self.people.iter().cloned();
        ids.into_iter()
            .chain(people)
            .chain(parts)
            .chain(replied)
            .chain(self.subject.clone())
            .collect()
    }

    /// The changes that a room publishes about people and messages, each with the ids that every dialect must show.
    fn changes(&self) -> Vec<(Change, Vec<String>)> {
        let (id, second) = (self.conversation.to_string(), self.people[1].clone());
        let sender = self.people[..usize::from(!self.by_system)].to_vec();
        let said = [vec![id.clone(), self.message_id()], sender.clone()].concat();
        let message = |kind| {
            let change = Change::Message {
                kind,
                message: self.message(),
                view: self.view(),
            };
            (change, said.clone())
        };
        let marked = |mark| Change::Marked {
            mark,
            user: self.person(1),
            seq: self.message.seq,
            message: self.message,
            passed: self.reply_to.into_iter().collect(),
        };
        let preview = Preview {
            message: self.message(),
            sender_name: "Some Name".to_owned(),
        };
        let (reason, unread) = (NoticeReason::Message, UnreadCount::Exactly(1));
        let notice = Change::Notice {
            preview,
            reason,
            unread,
            view: self.view(),
        };
        let presence = |status| Change::Presence {
            user: self.person(1),
            status,
        };
        let typing = Change::Typing {
            user: self.person(1),
            name: Some("Some Name".to_owned()),
            is_typing: true,
        };
        let attendance = |is_here| Change::Attendance {
            user: self.person(1),
            is_here,
        };
        vec![
            message(MessageChange::New),
            message(MessageChange::Updated),
            message(MessageChange::Deleted),
            (Change::Changed(self.view()), vec![id.clone()]),
            (Change::Created(self.view()), vec![id.clone()]),
            (marked(Mark::Seen(Reads::All)), vec![second.clone()]),
            (marked(Mark::Delivered), vec![second.clone()]),
            (typing, vec![id.clone(), second.clone()]),
            (attendance(true), vec![id.clone(), second.clone()]),
            (attendance(false), vec![id.clone(), second.clone()]),
            (presence(PresenceStatus::Away), vec![second.clone()]),
            (presence(PresenceStatus::Offline), vec![second]),
            (notice, vec![id]),
        ]
    }
}

impl World {
    /// The events of dialects for users beside conversations, each with the ids that must be shown.
    fn news(&self) -> Vec<(Change, Vec<String>)> {
        let preview = Preview {
            message: self.message(),
            sender_name: "Some Name".to_owned(),
        };
        let message = MessageNews::new(preview);
        let newest = |is_own| UserNews::Newest {
            message: Arc::clone(&message),
            is_own,
        };
        let all = [
            UserNews::Received(Arc::clone(&message)),
            UserNews::Sent(Arc::clone(&message)),
            newest(true),
            newest(false),
            UserNews::Unread(UnreadCount::Exactly(1)),
        ];
        let change = |news| {
            let view = self.view();
            let id = self.conversation.to_string();
            (Change::ToUser { news, view }, vec![id])
        };
        all.into_iter().map(change).collect()
    }
}

/// What stands under a name of an id, and every UUID.
pub(super) fn ids(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, false, &mut found);
    found
}

fn collect(value: &Value, is_id: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_id || uuid::Uuid::try_parse(text).is_ok() => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, is_id, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            let names_ids = ["_id", "Id", "_ids", "Ids"]
                .iter()
                .any(|end| name.ends_with(end));
            collect(field, name == "id" || names_ids, found);
        }),
        _ => {}
    }
}

/// What a request names: a conversation and a message.
pub(super) fn named(request: &Request) -> (Option<ConversationId>, Option<MessageId>) {
    match request {
        Request::Join { conversation, .. } | Request::Leave { conversation } => {
            (Some(*conversation), None)
        }
        Request::Command {
            conversation,
            command,
        } => {
            let message = match command {
                Command::See { message }
                | Command::Delete { message }
                | Command::Edit { message, .. } => Some(*message),
                Command::Send(content) => content.reply_to,
                _ => None,
            };
            (Some(*conversation), message)
        }
        _ => (None, None),
    }
}

/// The request, and the acting users whom it names.
fn decoded(dialect: &str, event: &str, argument: &Value) -> (Option<Request>, Vec<String>) {
    if dialect == "native" {
        let frame = json!({ "event": event, "id": 1, "data": argument }).to_string();
        return (Some(decode(&frame).unwrap().request.unwrap()), Vec::new());
    }
    let spec = ALL.into_iter().find(|spec| spec.name == dialect).unwrap();
    let argument = to_raw_value(argument).unwrap();
    let socketio = spec.socketio.as_ref().unwrap();
    let incoming = (socketio.read)(event, &[&argument], &[]).unwrap();
    let acting = incoming.acting.into_iter().flatten();
    let request = match incoming.asks {
        ClientRequest::Request(request) => Some(request),
        ClientRequest::UserRoom(_) | ClientRequest::Nothing => None,
    };
    (request, acting.collect())
}

/// The law of what shows ids: none that is not known, and all that are needed.
pub(super) fn check_ids(
    what: &str,
    told: &Value,
    known: &BTreeSet<String>,
    needed: &[String],
) -> Result<BTreeSet<String>, TestCaseError> {
    let shown = ids(told);
    let invented: Vec<_> = shown.difference(known).collect();
    prop_assert!(invented.is_empty(), "{what} invents {invented:?}: {told}");
    let lost: Vec<_> = needed.iter().filter(|id| !shown.contains(*id)).collect();
    prop_assert!(lost.is_empty(), "{what} loses {lost:?}: {told}");
    Ok(shown)
}

proptest! {
    #[test]
    fn no_dialect_loses_or_invents_an_id(world in worlds()) {
        let (dialects, known) = (&*DIALECTS, world.known());
        for (change, needed) in world.changes().into_iter().chain(world.news()) {
            let seq = Some(world.message.seq);
            let event = RoomEvent::new(world.conversation, seq, change);
            for (served, name) in dialects.served.iter().zip(NAMES) {
                let Some(told) = dialects.encode(served.dialect, &event, Some(MEMBER), UserNo(2)) else {
                    continue;
                };
                let (event_name, data) = read(name, &told.bytes);
                check_ids(&format!("{name} {event_name}"), &data, &known, &needed)?;
            }
        }
    }

    #[test]
    fn an_id_that_a_dialect_shows_can_be_used_in_its_requests(world in worlds()) {
        let dialects = &*DIALECTS;
        let (change, _) = world.changes().swap_remove(0);
        let event = RoomEvent::new(world.conversation, Some(world.message.seq), change);
        for (served, name) in dialects.served.iter().zip(NAMES) {
            let told = dialects.encode(served.dialect, &event, Some(MEMBER), UserNo(2)).unwrap();
            let shown = ids(&read(name, &told.bytes).1);
            let find = |wanted: String| shown.iter().find(|id| **id == wanted).unwrap().as_str();
            let (id, message) = (find(world.conversation.to_string()), find(world.message_id()));
            let subject = world.subject.as_deref().unwrap_or("b-1");
            let user = (world.people[0].as_str(), subject);
            for (dialect, request, argument) in requests_with(id, message, user) {
                if dialect != name {
                    continue;
                }
                let (decoded, acting) = decoded(dialect, request, &argument);
                prop_assert!(acting.iter().all(|id| *id == world.people[0]), "{name} {request}");
                let Some(decoded) = decoded else {
                    prop_assert!(!acting.is_empty(), "{name} {request} names nobody");
                    continue;
                };
                if let Request::Watch((_, id)) | Request::Unwatch((_, id)) = &decoded {
                    prop_assert_eq!(id, subject, "{} {}", name, request);
                    continue;
                }
                if let Request::Status(_) = &decoded {
                    continue;
                }
                let (conversation, found) = named(&decoded);
                prop_assert_eq!(conversation, Some(world.conversation), "{} {}", name, request);
                let names_message = argument.to_string().contains(message);
                prop_assert_eq!(found, names_message.then_some(world.message), "{} {}", name, request);
            }
        }
    }
}
