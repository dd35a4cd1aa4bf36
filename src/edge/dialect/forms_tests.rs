//! What one event is in each form.

use chrono::DateTime;
use serde_json::{Value, json};
use std::sync::Arc;

use super::*;
use crate::domain::command::Mark;
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, Membership, Participant, PresenceStatus,
};
use crate::domain::ids::{ConversationId, ConversationNo, MessageId, UserId, UserNo};
use crate::domain::message::{Draft, Message};
use crate::domain::snapshot::{Preview, UnreadCount};
use crate::edge::native::encode::MessageEvent;
use crate::edge::stoory::known::Known;
use crate::presence::Directory;

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
        delivered_seq: 0,
        read_seq: 0,
        joined_at: DateTime::UNIX_EPOCH,
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
        draft: Arc::new(Draft::text(Some("c1".to_owned()), "hello".to_owned())),
        card: None,
        created_at: DateTime::UNIX_EPOCH,
        edited_at: None,
        deleted_at: None,
    }
}

/// The event in all forms.
fn told(event: &Event<'_>) -> [Option<Words>; 3] {
    let (conversation, people) = (conversation(), vec![person(1, "ann"), person(2, "bob")]);
    let (directory, known) = (Directory::default(), Known::default());
    let scene = Scene {
        conversation: &conversation,
        people: &people,
        directory: &directory,
        known: &known,
        system: "system",
    };
    Form::ALL.map(|form| words(form, event, &scene, Some("member")))
}

/// Name and payload.
fn read(form: Form, words: &Words) -> (String, Value) {
    let packet = words.bytes.to_string();
    let head = match form {
        Form::Native => {
            let frame: Value = serde_json::from_str(&packet).unwrap();
            return (
                frame["event"].as_str().unwrap().to_owned(),
                frame["data"].clone(),
            );
        }
        Form::Stoory => "42",
        Form::Lola => "42/realtime,",
    };
    let event: Value = serde_json::from_str(packet.strip_prefix(head).unwrap()).unwrap();
    (event[0].as_str().unwrap().to_owned(), event[1].clone())
}

#[test]
fn a_message_has_its_words_in_each_form() {
    let message = message();
    let event = Event::Message {
        kind: MessageEvent::New,
        seq: 9,
        message: &message,
    };
    let [native, stoory, lola] = told(&event);
    let (name, data) = read(Form::Native, &native.unwrap());
    assert_eq!(
        (name.as_str(), &data["message"]["body"]),
        ("new_message", &json!("hello"))
    );
    let (name, data) = read(Form::Stoory, &stoory.unwrap());
    assert_eq!(
        (name.as_str(), &data["message"]["message"]),
        ("new_message", &json!("hello"))
    );
    let (name, data) = read(Form::Lola, &lola.unwrap());
    assert_eq!(
        (name.as_str(), &data["message"]["body"]),
        ("chat:new-message", &json!("hello"))
    );
}

#[test]
fn what_passes_has_the_guides_own_payloads() {
    let bob = UserId::stored("bob".to_owned());
    let marked = |mark| Event::Marked {
        mark,
        user: &bob,
        seq: 9,
        message: message().id,
    };
    let stoory = |event: &Event<'_>| {
        let [_, stoory, _] = told(event);
        stoory.map(|words| read(Form::Stoory, &words))
    };
    let seen = stoory(&marked(Mark::Seen)).unwrap();
    let wanted = json!({ "messageId": message().id.to_uuid(), "userId": "bob" });
    assert_eq!(seen, ("message_seen".to_owned(), wanted));
    assert_eq!(
        stoory(&marked(Mark::Delivered)),
        None,
        "the guide has no word for it"
    );
    let presence = |status| stoory(&Event::Presence { user: &bob, status });
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
fn an_unread_count_that_changed_has_words_in_stoas_own_form_alone() {
    let (message, sender_name) = (&message(), "Ann");
    let event = |last_message| Event::UnreadChanged {
        seq: 12,
        read_seq: 3,
        unread: UnreadCount::AtLeast(1_000),
        last_message,
    };
    let preview = Preview {
        message,
        sender_name,
    };
    let [native, stoory, lola] = told(&event(Some(preview)));
    assert!(stoory.is_none() && lola.is_none());
    let (name, mut data) = read(Form::Native, &native.unwrap());
    let place = data["conversation_id"].take();
    assert!(place.is_string());
    let wanted = json!({
        "conversation_id": null, "seq": 12, "read_seq": 3, "unread": 1_000, "unread_capped": true,
        "last_message": { "id": message.id, "seq": 9, "title": "Ann", "message": "hello", "deleted_at": null },
    });
    assert_eq!((name.as_str(), data), ("unread_changed", wanted));
    let [native, ..] = told(&event(None));
    let (_, data) = read(Form::Native, &native.unwrap());
    assert_eq!(data["last_message"], Value::Null);
}
