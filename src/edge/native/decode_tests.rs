//! How native frames are decoded, and the refusals of malformed ones.

use super::*;
use proptest::prelude::*;

const ID: &str = "0192f0c0-0000-7000-8000-000000000001";

#[test]
fn a_send_is_read_whole() {
    let text = format!(
        r#"{{"event":"send_message","id":7,"data":{{"conversation_id":"{ID}","body":"h\u00e9 \"x\"","client_id":"c"}}}}"#
    );
    let incoming = decode(&text).unwrap();
    assert_eq!(incoming.id, FrameId::parse("7"));
    let Ok(Request::Command {
        command: Command::Send(content),
        ..
    }) = incoming.request
    else {
        panic!()
    };
    assert_eq!(
        (content.body.as_str(), content.client_id.as_str()),
        ("hé \"x\"", "c")
    );
}

#[test]
fn what_is_wrong_is_named() {
    let field =
        |event: &str, data: &str| match decode(&format!(r#"{{"event":"{event}","data":{data}}}"#))
            .unwrap()
            .request
        {
            Err(Refusal::Invalid { field, .. }) => field.into_owned(),
            other => panic!("{other:?}"),
        };
    assert_eq!(field("nonsense", "{}"), "event");
    assert_eq!(field("send_message", "{}"), "conversation_id");
    assert_eq!(
        field("join_conversation", r#"{"conversation_id":"x"}"#),
        "conversation_id"
    );
    assert_eq!(
        field(
            "mark_seen",
            &format!(r#"{{"conversation_id":"{ID}","seq":"x"}}"#)
        ),
        "seq"
    );
    assert_eq!(field("user_status", r#"{"status":"offline"}"#), "status");
    assert_eq!(
        field(
            "send_message",
            &format!(r#"{{"conversation_id":"{ID}","body":"a\u0000b"}}"#)
        ),
        "body"
    );
}

#[test]
fn every_listed_event_is_known() {
    for event in EVENTS {
        let refused = decode(&format!(r#"{{"event":"{event}","data":{{}}}}"#))
            .unwrap()
            .request;
        assert!(
            !matches!(refused, Err(Refusal::Invalid { field, .. }) if field == "event"),
            "{event}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,300}", event in prop::sample::select(EVENTS.to_vec()), data in ".{0,100}") {
        let _ = decode(&text);
        let _ = decode(&format!(r#"{{"event":"{event}","data":{data}}}"#));
    }
}
