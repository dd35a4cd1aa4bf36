//! What a message is shown as: its type, its sender, what it is about, whether it was read.

use super::*;
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, Membership, Participant, Signals,
};
use crate::domain::ids::{ConversationNo, MessageId, UserId, UserNo};
use crate::domain::message::{Content, SYSTEM};
use serde_json::json;
use std::sync::Arc;

fn person(no: i64, read_seq: i64) -> Participant {
    Participant {
        no: UserNo(no),
        id: UserId::stored(format!("user-{no}")),
        name: (no == 1).then(|| "Ann".to_owned()),
        avatar_url: None,
        role: "member".to_owned(),
        membership: Membership::Present,
        muted: false,
        blocked: false,
        sees_from: 0,
        delivered_seq: read_seq,
        read_seq,
        threads_seq: 0,
        unread_from: None,
        joined_at: DateTime::UNIX_EPOCH,
        signals: Signals::Shown,
    }
}

fn conversation(subject: Option<Subject>) -> Conversation {
    Conversation {
        no: ConversationNo(3),
        id: ConversationId::fresh(),
        kind: ConversationKind::Group,
        title: None,
        status: ConversationStatus::Open,
        subject: subject.map(Arc::new),
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

fn said(seq: i64, content: Content) -> Message {
    let by_person = content.kind == MessageKind::UserInput;
    let (sender, id) = match by_person {
        true => (UserNo(1), "user-1"),
        false => SYSTEM,
    };
    Message {
        id: MessageId {
            conversation: ConversationNo(3),
            seq,
        },
        sender,
        sender_id: UserId::stored(id.to_owned()),
        actor_id: None,
        content: Arc::new(content),
        card: None,
        created_at: DateTime::UNIX_EPOCH,
        edited_at: None,
        deleted_at: None,
        from_blocked: false,
    }
}

fn text(body: &str) -> Content {
    Content::text(Some("c".to_owned()), body.to_owned())
}

fn with_context(context: &serde_json::Value) -> Content {
    Content {
        context: Some(serde_json::value::to_raw_value(context).expect("JSON")),
        ..text("x")
    }
}

/// The document of a message among two people, of whom the second has read up to seq 5.
fn shown(message: &Message, conversation: &Conversation) -> serde_json::Value {
    let people = [person(1, 9), person(2, 5)];
    let place = Place::new(conversation, &people, "system");
    let document = MessageDocument::new(message, &place, &Links::of_tests());
    serde_json::to_value(document).expect("JSON")
}

#[test]
fn the_type_is_what_the_sender_says_else_what_the_files_are() {
    let place = conversation(None);
    let of = |content| shown(&said(1, content), &place)["messageType"].clone();
    let file = |media_type: &str| Content {
        attachments: vec![Attachment {
            media_type: Some(media_type.to_owned()),
            ..Attachment::at("https://a.b/c")
        }],
        ..text("")
    };
    assert_eq!(of(text("x")), "text");
    assert_eq!(of(file("image/png")), "image");
    assert_eq!(of(file("audio/ogg")), "voice");
    assert_eq!(of(file("application/pdf")), "file");
    assert_eq!(
        of(with_context(&json!({ "type": "job_context" }))),
        "job_context"
    );
    for nothing in [
        json!({ "type": "system" }),
        json!({ "type": "order_update" }),
        json!({ "type": 1 }),
    ] {
        assert_eq!(of(with_context(&nothing)), "text", "{nothing}");
    }
    for kind in [
        MessageKind::System,
        MessageKind::Audit,
        MessageKind::Automated,
    ] {
        assert_eq!(of(Content { kind, ..text("x") }), "system");
    }
}

#[test]
fn a_sender_is_a_participant_the_system_or_an_id() {
    let place = conversation(None);
    let ann = shown(&said(1, text("x")), &place);
    assert_eq!(ann["sender"]["_id"], "user-1");
    assert_eq!(ann["sender"]["fullName"], "Ann");
    let kind = MessageKind::System;
    let system = shown(&said(1, Content { kind, ..text("x") }), &place);
    assert_eq!(system["sender"]["_id"], "system");
    let mut staff = said(1, text("x"));
    staff.sender = UserNo(77);
    staff.sender_id = UserId::stored("agent-7".to_owned());
    let staff = shown(&staff, &place);
    assert_eq!(staff["sender"]["fullName"], "agent-7");
    assert_eq!(staff["sender"]["email"], serde_json::Value::Null);
}

#[test]
fn it_is_read_when_somebody_else_has_read_it() {
    let place = conversation(None);
    assert_eq!(shown(&said(5, text("x")), &place)["isRead"], true);
    assert_eq!(shown(&said(6, text("x")), &place)["isRead"], false);
}

#[test]
fn a_link_has_the_title_where_the_conversation_is_about_it() {
    let about = Subject {
        kind: JOB.to_owned(),
        id: "job-1".to_owned(),
        card: json!({ "title": "Barista", "data": { "company": "Cafe" } }),
    };
    let place = conversation(Some(about));
    let linked = |links: serde_json::Value| {
        let context = json!({ "links": links });
        shown(&said(1, with_context(&context)), &place)["context"].clone()
    };
    let job = linked(json!({ "jobId": "job-1", "connectionId": "c-1" }));
    let wanted = json!({ "jobId": { "_id": "job-1", "title": "Barista", "company": "Cafe" }, "connectionId": "c-1" });
    assert_eq!(job, wanted);
    let other = linked(json!({ "jobId": "job-2" }));
    assert_eq!(other["jobId"]["title"], serde_json::Value::Null);
    assert_eq!(linked(json!({})), serde_json::Value::Null);
    assert_eq!(linked(json!({ "jobId": 7 })), serde_json::Value::Null);
}
