//! What one event is in each dialect.

use chrono::DateTime;
use clock::ManualClock;
use serde_json::{Value, json};
use std::sync::Arc;

use super::*;
use crate::domain::command::{Mark, Reads};
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, Membership, Participant, PresenceStatus,
    Signals,
};
use crate::domain::ids::{ConversationId, ConversationNo, MessageId, UserId};
use crate::domain::message::{Content, Message};
use crate::domain::room_event::{Change, MessageChange, Preview};
use crate::domain::snapshot::UnreadCount;

fn person(no: i64, id: &str) -> Participant {
    Participant {
        no: UserNo(no),
        id: UserId::stored(id.to_owned()),
        name: None,
        avatar_url: None,
        role: "member".to_owned(),
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

fn conversation() -> Conversation {
    Conversation {
        no: ConversationNo(3),
        id: ConversationId::fresh(),
        kind: ConversationKind::Direct,
        title: None,
        status: ConversationStatus::Open,
        subject: None,
        created_by: UserId::stored("ann".to_owned()),
        last_seq: 9,
        policy_version: 1,
        max_participants: None,
        slow_seconds: 0,
        closed: None,
        external_id: None,
        business: None,
        flow: None,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

fn message() -> Message {
    Message {
        id: MessageId {
            conversation: ConversationNo(3),
            seq: 9,
        },
        sender: UserNo(1),
        sender_id: UserId::stored("ann".to_owned()),
        actor_id: None,
        content: Arc::new(Content::text(Some("c1".to_owned()), "hello".to_owned())),
        card: None,
        created_at: DateTime::UNIX_EPOCH,
        edited_at: None,
        deleted_at: None,
        from_blocked: false,
    }
}

fn view() -> View {
    View::of(conversation(), [person(1, "ann"), person(2, "bob")])
}

/// The native dialect, and those with events.
pub(super) const NAMES: [&str; 4] = ["native", "stoory", "lola", "parttimepays"];

pub(super) fn dialects() -> Dialects {
    let options = DialectOptions {
        dialects: vec!["stoory".to_owned(), "lola".to_owned()],
        system_user_id: "system".to_owned(),
        media_hosts: Vec::new(),
    };
    let metrics = Metrics::new().unwrap();
    let clock = ManualClock::standing().clock();
    // Which of them clash is computed from all routes, which takes long; other tests do that.
    let beside = (Arc::default(), clock, Arc::new(Links::of_tests()));
    let with_events = ALL.into_iter().filter(|spec| spec.socketio.is_some());
    Dialects::of(with_events.collect(), &options, beside, &metrics)
}

/// The event in all dialects: name and payload.
fn told(change: Change) -> [Option<(String, Value)>; NAMES.len()] {
    let dialects = dialects();
    let event = RoomEvent::new(ConversationId::fresh(), Some(9), change);
    NAMES.map(|name| {
        let mut served = dialects.served.iter();
        let named = served.find(|served| served.dialect.name() == name);
        let dialect = named.unwrap().dialect;
        let told = dialects.encode(dialect, &event, Some("member"), UserNo(2))?;
        Some(read(name, &told.bytes))
    })
}

pub(super) fn read(dialect: &str, packet: &str) -> (String, Value) {
    let head = match dialect {
        "native" => {
            let frame: Value = serde_json::from_str(packet).unwrap();
            return (
                frame["event"].as_str().unwrap().to_owned(),
                frame["data"].clone(),
            );
        }
        "stoory" => "42",
        "parttimepays" => "42/api/v1,",
        _ => "42/realtime,",
    };
    let event: Value = serde_json::from_str(packet.strip_prefix(head).unwrap()).unwrap();
    (event[0].as_str().unwrap().to_owned(), event[1].clone())
}

#[test]
fn a_message_is_an_event_in_each_dialect() {
    let [native, stoory, lola, parttimepays] = told(Change::Message {
        kind: MessageChange::New,
        message: message(),
        view: view(),
    });
    let (name, data) = native.unwrap();
    assert_eq!(
        (name.as_str(), &data["message"]["body"]),
        ("new_message", &json!("hello"))
    );
    let (name, data) = stoory.unwrap();
    assert_eq!(
        (name.as_str(), &data["message"]["message"]),
        ("new_message", &json!("hello"))
    );
    let (name, data) = lola.unwrap();
    assert_eq!(
        (name.as_str(), &data["content"]),
        ("chat:new-message", &json!("hello"))
    );
    let (name, data) = parttimepays.unwrap();
    assert_eq!(
        (name.as_str(), &data["content"]),
        ("new_message", &json!("hello"))
    );
}

#[test]
fn what_passes_has_the_guides_own_payloads() {
    let bob = || UserId::stored("bob".to_owned());
    let marked = |mark| Change::Marked {
        mark,
        user: bob(),
        seq: 9,
        message: message().id,
        passed: Vec::new(),
    };
    let stoory = |change| {
        let [_, stoory, ..] = told(change);
        stoory
    };
    let seen = stoory(marked(Mark::Seen(Reads::All))).unwrap();
    let wanted = json!({ "messageId": message().id.to_uuid(), "userId": "bob" });
    assert_eq!(seen, ("message_seen".to_owned(), wanted));
    assert_eq!(
        stoory(marked(Mark::Delivered)),
        None,
        "Stoory's API has no event for it"
    );
    let presence = |status| {
        let user = bob();
        stoory(Change::Presence { user, status })
    };
    let busy = json!({ "userId": "bob", "status": "busy" });
    assert_eq!(
        presence(PresenceStatus::Busy),
        Some(("user_status_change".to_owned(), busy))
    );
    let gone = json!({ "userId": "bob" });
    assert_eq!(
        presence(PresenceStatus::Offline),
        Some(("user_offline".to_owned(), gone))
    );
}

#[test]
fn an_unread_count_that_changed_is_told_by_the_native_dialect_and_by_stoory() {
    let changed = |last_message| Change::UnreadChanged {
        seq: 12,
        read_seq: 3,
        unread: UnreadCount::AtLeast(1_000),
        last_message,
    };
    let preview = Preview {
        message: message(),
        sender_name: "Ann".to_owned(),
    };
    let id = preview.message.id;
    let [native, stoory, lola, parttimepays] = told(changed(Some(preview)));
    assert!(lola.is_none() && parttimepays.is_none());
    let (name, data) = stoory.unwrap();
    assert_eq!(name, "unread_count_updated");
    assert_eq!(data["unread_count"], 1_000);
    assert_eq!(data["unread_count_capped"], true);
    let (name, mut data) = native.unwrap();
    let conversation = data["conversation_id"].take();
    assert!(conversation.is_string());
    let wanted = json!({
        "conversation_id": null, "seq": 12, "read_seq": 3, "unread": 1_000, "unread_capped": true,
        "last_message": { "id": id, "seq": 9, "title": "Ann", "message": "hello", "deleted_at": null },
    });
    assert_eq!((name.as_str(), data), ("unread_changed", wanted));
    let [native, ..] = told(changed(None));
    let (_, data) = native.unwrap();
    assert_eq!(data["last_message"], Value::Null);
}
