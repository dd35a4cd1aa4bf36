//! The views of a message, a participant and a conversation for each reader.

use serde_json::{Value, json};
use std::sync::Arc;

use super::*;
use crate::domain::conversation::{Membership, Signals};
use crate::domain::ids::{ConversationNo, MessageId, UserId};
use crate::domain::message::{Content, Message, MessageKind};
use chrono::SecondsFormat;

const ALICE: UserNo = UserNo(1);
const BOB: UserNo = UserNo(2);

fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap()
}

fn message(content: Content) -> Message {
    let conversation = ConversationNo(3);
    Message {
        id: MessageId {
            conversation,
            seq: 4,
        },
        sender: ALICE,
        sender_id: UserId::stored("alice".to_owned()),
        actor_id: None,
        content: Arc::new(content),
        card: None,
        created_at: moment(),
        edited_at: None,
        deleted_at: None,
        from_blocked: false,
    }
}

fn shown(message: &Message, reader: UserNo) -> Value {
    let view = MessageView::new(message, ConversationId::fresh(), reader, &Links::of_tests());
    serde_json::to_value(view).unwrap()
}

#[test]
fn the_client_id_is_its_senders_alone() {
    let said = message(Content::text(Some("c-1".to_owned()), "hello".to_owned()));
    let (own, others) = (shown(&said, ALICE), shown(&said, BOB));
    assert_eq!(own["client_id"], "c-1");
    assert_eq!(others.get("client_id"), None);
    assert_eq!(
        (&others["sender_id"], &others["body"]),
        (&json!("alice"), &json!("hello"))
    );
    assert_eq!(others["created_at"], "2023-11-14T22:13:20.123Z");
    assert_eq!(others["id"], said.id.to_uuid().to_string());
    for (name, empty) in [
        ("attachments", json!([])),
        ("reply_to", Value::Null),
        ("context", Value::Null),
        ("edited_at", Value::Null),
        ("deleted_at", Value::Null),
    ] {
        assert_eq!(others.get(name), Some(&empty), "{name}");
    }
}

#[test]
fn what_the_system_says_has_no_sender() {
    for kind in [
        MessageKind::System,
        MessageKind::Automated,
        MessageKind::Audit,
    ] {
        let said = message(Content {
            kind,
            ..Content::text(None, "done".to_owned())
        });
        let shown = shown(&said, BOB);
        assert_eq!(
            (shown.get("sender_id"), shown["kind"].as_str()),
            (Some(&Value::Null), Some(kind.name()))
        );
    }
}

#[test]
fn a_tombstone_keeps_its_place_and_nothing_else() {
    let mut gone = message(Content::text(None, String::new()));
    gone.deleted_at = Some(moment());
    let shown = shown(&gone, BOB);
    assert_eq!(
        (shown["body"].as_str(), shown["seq"].as_i64()),
        (Some(""), Some(4))
    );
    assert_eq!(shown["deleted_at"], "2023-11-14T22:13:20.123Z");
    assert_eq!(shown["attachments"], json!([]));
}

fn person(no: UserNo, membership: Membership) -> Participant {
    Participant {
        no,
        id: UserId::stored(format!("user-{}", no.0)),
        name: None,
        avatar_url: None,
        role: "helper".to_owned(),
        membership,
        muted: false,
        blocked: false,
        sees_from: 0,
        delivered_seq: 2,
        read_seq: 1,
        threads_seq: 0,
        unread_from: None,
        joined_at: moment(),
        signals: Signals::Shown,
    }
}

#[test]
fn only_those_who_take_part_are_shown() {
    let people = [
        person(ALICE, Membership::Present),
        person(BOB, Membership::Left),
    ];
    let shown = serde_json::to_value(participants(
        ConversationNo(1),
        &people,
        &Directory::default(),
    ))
    .unwrap();
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert_eq!(
        (&shown[0]["user_id"], &shown[0]["status"]),
        (&json!("user-1"), &json!("offline"))
    );
    assert_eq!(role_among(&people, ALICE), Some("helper"));
    assert_eq!(role_among(&people, BOB), None);
}

#[test]
fn an_instant_has_milliseconds_and_a_z() {
    #[derive(Serialize)]
    struct One(#[serde(serialize_with = "instant")] DateTime<Utc>);
    for seconds in [
        0,
        951_782_399,
        951_782_400,
        1_700_000_000,
        253_402_300_799,
        253_402_300_800,
        -1,
        -62_167_219_201,
    ] {
        for nanoseconds in [0, 7_999_999, 123_456_789, 999_999_999] {
            let at = DateTime::from_timestamp(seconds, nanoseconds).unwrap();
            let expected = at.to_rfc3339_opts(SecondsFormat::Millis, true);
            assert_eq!(serde_json::to_value(One(at)).unwrap(), expected);
        }
    }
}
