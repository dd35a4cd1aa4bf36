//! A message as a document: its sides, its types, how far it has come; and the law that no id is lost or invented.

use super::*;
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, Membership, Participant, Signals,
};
use crate::domain::ids::{ConversationNo, MessageId, UserId, UserNo};
use crate::domain::message::{Content, SYSTEM};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

fn person(no: i64, role: &str, read_seq: Seq) -> Participant {
    Participant {
        no: UserNo(no),
        id: UserId::stored(format!("user-{no}")),
        name: (no % 2 == 0).then(|| format!("Person {no}")),
        avatar_url: None,
        role: role.to_owned(),
        membership: Membership::Present,
        muted: false,
        blocked: false,
        sees_from: 0,
        delivered_seq: read_seq.max(2),
        read_seq,
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
        kind: ConversationKind::Support,
        title: None,
        status: ConversationStatus::Open,
        subject: None,
        created_by: UserId::stored("user-1".to_owned()),
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

fn said(sender: i64, seq: Seq, content: Content) -> Message {
    let is_person = content.kind == MessageKind::UserInput;
    let (no, id) = match is_person {
        true => (UserNo(sender), format!("user-{sender}")),
        false => (SYSTEM.0, SYSTEM.1.to_owned()),
    };
    Message {
        id: MessageId {
            conversation: ConversationNo(3),
            seq,
        },
        sender: no,
        sender_id: UserId::stored(id),
        actor_id: None,
        content: Arc::new(content),
        card: None,
        created_at: DateTime::UNIX_EPOCH,
        edited_at: None,
        deleted_at: None,
        from_blocked: false,
    }
}

fn text(text: &str) -> Content {
    Content::text(None, text.to_owned())
}

fn shown(message: &Message, people: &[Participant]) -> Value {
    let conversation = conversation();
    let room = RoomPeople::new(&conversation, people);
    serde_json::to_value(MessageDocument::new(
        message,
        &room,
        &crate::edge::links::Links::of_tests(),
    ))
    .unwrap()
}

#[test]
fn a_document_is_flat_and_has_its_id_under_both_names() {
    let people = [person(1, "member", 0), person(2, "agent", 0)];
    let hello = said(1, 4, text("Hello"));
    let document = shown(&hello, &people);
    let id = json!(hello.id);
    assert_eq!((&document["id"], &document["_id"]), (&id, &id));
    assert_eq!(document["content"], "Hello");
    assert_eq!(document["messageType"], "text");
    assert_eq!(document["senderId"], "user-1");
    assert_eq!(document["senderName"], "user-1", "nobody said a name");
    assert_eq!(document["senderType"], "customer");
    assert_eq!(document["attachments"], json!([]));
    assert_eq!(document["isFAQ"], false);
    let metadata = json!({ "deliveryStatus": "sent", "language": null });
    assert_eq!(document["metadata"], metadata);
}

#[test]
fn a_sender_is_a_customer_staff_the_system_or_a_bot() {
    let people = [person(1, "member", 0), person(2, "agent", 0)];
    let side = |sender, kind| {
        let content = Content { kind, ..text("x") };
        let document = shown(&said(sender, 4, content), &people);
        let name = document["senderName"].as_str().unwrap().to_owned();
        (document["senderType"].as_str().unwrap().to_owned(), name)
    };
    let is = |side: &str, name: &str| (side.to_owned(), name.to_owned());
    assert_eq!(side(1, MessageKind::UserInput), is("customer", "user-1"));
    assert_eq!(side(2, MessageKind::UserInput), is("staff", "Person 2"));
    assert_eq!(
        side(7, MessageKind::UserInput),
        is("staff", "user-7"),
        "from outside"
    );
    assert_eq!(side(0, MessageKind::Automated), is("bot", "System"));
    assert_eq!(side(0, MessageKind::System), is("system", "System"));
}

#[test]
fn it_is_read_when_somebody_else_has_read_it() {
    let status = |own: Seq, other: Seq| {
        let people = [person(1, "member", own), person(2, "agent", other)];
        let document = shown(&said(1, 4, text("x")), &people);
        let status = document["metadata"]["deliveryStatus"].clone();
        assert_eq!(document["isRead"], status == "read");
        status
    };
    assert_eq!(status(9, 0), "sent", "its own sender does not count");
    assert_eq!(status(0, 3), "sent");
    assert_eq!(status(0, 4), "read");
    let mut other = person(2, "agent", 0);
    other.delivered_seq = 4;
    let delivered = shown(&said(1, 4, text("x")), &[other]);
    assert_eq!(delivered["metadata"]["deliveryStatus"], "delivered");
}

#[test]
fn what_a_message_is_follows_from_its_sender_its_files_and_its_kind() {
    let file = |media_type: Option<&str>| Attachment {
        media_type: media_type.map(str::to_owned),
        ..Attachment::at("https://example.com/a")
    };
    let of = |files: Vec<Attachment>, context: Option<&str>, kind| {
        let content = Content {
            attachments: files,
            context: context.map(|json| RawValue::from_string(json.to_owned()).unwrap()),
            kind,
            ..text("x")
        };
        shown(&said(1, 4, content), &[])["messageType"].clone()
    };
    let person = MessageKind::UserInput;
    assert_eq!(of(vec![file(Some("image/png"))], None, person), "image");
    assert_eq!(of(vec![file(None)], None, person), "file");
    let declared = Some(r#"{"messageType":"audio"}"#);
    assert_eq!(of(vec![file(None)], declared, person), "audio");
    let forged = Some(r#"{"messageType":"system"}"#);
    assert_eq!(of(vec![], forged, person), "text");
    assert_eq!(of(vec![], None, MessageKind::Audit), "system");
    assert_eq!(of(vec![], None, MessageKind::Automated), "text");
}

/// Every text in a document that has the form of an id, and under which names it stands.
fn ids_in(document: &Value) -> BTreeSet<(String, String)> {
    let members = document.as_object().unwrap().iter();
    let id = |(name, value): (&String, &Value)| {
        let is_one = name == "id" || name == "_id" || name.ends_with("Id");
        let told = value.as_str().filter(|_| is_one)?;
        Some((name.clone(), told.to_owned()))
    };
    members.filter_map(id).collect()
}

proptest! {
    #[test]
    fn no_id_is_lost_or_invented(
        sender in 1i64..6,
        seq in 1i64..9_999,
        reply in prop::option::of(1i64..9_999),
        kind in prop::sample::select(vec![MessageKind::UserInput, MessageKind::Automated, MessageKind::System, MessageKind::Audit]),
        present in 0i64..5,
        read in 0i64..9_999,
        body in ".{0,20}",
    ) {
        let conversation = conversation();
        let people: Vec<Participant> = (1..=present).map(|no| person(no, "member", read)).collect();
        let reply_to = reply.map(|seq| MessageId { conversation: ConversationNo(3), seq });
        let message = said(sender, seq, Content { reply_to, kind, ..text(&body) });
        let room = RoomPeople::new(&conversation, &people);
        let document = serde_json::to_value(MessageDocument::new(&message, &room, &crate::edge::links::Links::of_tests())).unwrap();
        let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
        let mut has = |name: &str, id: String| wanted.insert((name.to_owned(), id));
        has("id", message.id.to_uuid().to_string());
        has("_id", message.id.to_uuid().to_string());
        has("roomId", conversation.id.to_string());
        if kind == MessageKind::UserInput {
            has("senderId", message.sender_id.to_string());
        }
        if let Some(reply) = reply_to {
            has("replyToMessageId", reply.to_uuid().to_string());
        }
        prop_assert_eq!(ids_in(&document), wanted);
        let named = document["id"].as_str().unwrap();
        prop_assert_eq!(MessageId::parse(named, "id"), Ok(Some(message.id)));
    }
}
