//! The page's own events are read, and wrong values are named as it writes them.

use super::*;
use crate::domain::emoji::Emoji;
use proptest::prelude::*;
use serde_json::json;

const ID: &str = "0192f0c0-0000-7000-8000-000000000001";
const MESSAGE: &str = "00000000-0001-8234-8000-000000000007";

fn raw(json: &serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).expect("JSON")
}

fn read(name: &str, argument: &serde_json::Value) -> Result<Incoming, Refusal> {
    decode(name, &[&raw(argument)])
}

#[test]
fn an_id_stands_alone_or_in_an_object() {
    for name in [
        "join_conversation",
        "leave_conversation",
        "typing_start",
        "typing_stop",
    ] {
        for argument in [json!(ID), json!({ "conversationId": ID, "userId": "a" })] {
            let incoming = read(name, &argument).expect("a request");
            let ClientRequest::Request(request) = incoming.asks else {
                panic!("{name} is no request");
            };
            let (Request::Join { conversation, .. }
            | Request::Leave { conversation }
            | Request::Command { conversation, .. }) = request
            else {
                panic!("{name} names no conversation");
            };
            assert_eq!(conversation.to_string(), ID, "{name}");
        }
    }
}

#[test]
fn a_send_is_one_that_rest_may_have_stored() {
    let said =
        json!({ "conversationId": ID, "content": "Hello", "messageType": "text", "senderId": "a" });
    let incoming = read("send_message", &said).expect("a send");
    assert_eq!(incoming.acting, [None, Some("a".to_owned())]);
    let ClientRequest::SendOnce {
        content,
        sent_over_rest,
        ..
    } = incoming.asks
    else {
        panic!("no send");
    };
    assert_eq!((content.body.as_str(), sent_over_rest), ("Hello", "rest-"));
    assert!(!content.client_id.starts_with(sent_over_rest));
}

#[test]
fn reactions_and_edits_name_a_message_alone() {
    let reaction = json!({ "messageId": MESSAGE, "reactionType": "thumbs_up" });
    let ClientRequest::ReactAlone(wanted) = read("add_reaction", &reaction).expect("read").asks
    else {
        panic!("no reaction");
    };
    assert_eq!(wanted.emoji.as_str(), "👍");
    assert!((wanted.replaces)(
        &reactions::emoji("like").expect("an emoji")
    ));
    assert!(!(wanted.replaces)(&Emoji::stored("🚀".to_owned())));
    let edit = json!({ "messageId": MESSAGE, "content": "New" });
    let ClientRequest::Edit { message, body } = read("edit_message", &edit).expect("read").asks
    else {
        panic!("no edit");
    };
    assert_eq!(
        (message.to_uuid().to_string().as_str(), body.as_str()),
        (MESSAGE, "New")
    );
}

#[test]
fn what_is_wrong_is_named_as_the_page_names_it() {
    let field = |name: &str, argument: serde_json::Value| match read(name, &argument) {
        Err(Refusal::Invalid { field, .. }) => field.into_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(field("join_conversation", json!({})), "conversationId");
    assert_eq!(field("join_conversation", json!("x")), "conversationId");
    assert_eq!(
        field("send_message", json!({ "content": "x" })),
        "conversationId"
    );
    let here = |more: serde_json::Value| {
        let mut all = json!({ "conversationId": ID, "content": "x" });
        for (name, value) in more.as_object().expect("an object") {
            all[name] = value.clone();
        }
        all
    };
    assert_eq!(
        field("send_message", here(json!({ "content": " " }))),
        "content"
    );
    assert_eq!(
        field("send_message", here(json!({ "messageType": "system" }))),
        "messageType"
    );
    assert_eq!(
        field("send_message", here(json!({ "replyTo": "x" }))),
        "replyTo"
    );
    assert_eq!(
        field(
            "send_message",
            here(json!({ "context": { "jobId": "x".repeat(129) } }))
        ),
        "context.jobId"
    );
    assert_eq!(
        field("add_reaction", json!({ "reactionType": "like" })),
        "messageId"
    );
    assert_eq!(
        field(
            "add_reaction",
            json!({ "messageId": MESSAGE, "reactionType": "🚀" })
        ),
        "reactionType"
    );
    assert_eq!(
        field("edit_message", json!({ "messageId": MESSAGE })),
        "content"
    );
    assert_eq!(field("nonsense", json!(1)), "event");
}

proptest! {
    #[test]
    fn no_argument_makes_it_panic(event in prop::sample::select(EVENTS.to_vec()), text in ".{0,80}") {
        for text in [serde_json::Value::from(text.as_str()).to_string(), text] {
            if let Ok(argument) = RawValue::from_string(text) {
                let _ = decode(event, &[&argument]);
            }
        }
    }
}
