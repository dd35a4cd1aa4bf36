//! What requests are read from what these clients send.

use super::*;
use crate::domain::ids::ConversationNo;
use crate::domain::message::Content;
use proptest::prelude::*;
use serde_json::json;

const ID: &str = "0192f0c0-0000-7000-8000-000000000001";

fn read(name: &str, json: &str) -> Result<Incoming, Refusal> {
    let argument = RawValue::from_string(json.to_owned()).unwrap();
    decode(name, &[&argument])
}

fn command(name: &str, mut asked: Value) -> Result<Option<Command>, Refusal> {
    asked["roomId"] = json!(ID);
    let read = read(name, &asked.to_string())?;
    Ok(match read.asks {
        ClientRequest::Request(Request::Command { command, .. }) => Some(command),
        ClientRequest::Nothing => None,
        other => panic!("{other:?}"),
    })
}

fn sent(asked: Value) -> Result<Arc<Content>, Refusal> {
    match command("chat:send-message", asked)? {
        Some(Command::Send(content)) => Ok(content),
        other => panic!("{other:?}"),
    }
}

fn message(conversation: i64, seq: Seq) -> MessageId {
    let conversation = ConversationNo(conversation);
    MessageId { conversation, seq }
}

#[test]
fn a_room_is_named_in_three_ways() {
    for json in [
        format!("\"{ID}\""),
        format!(r#"{{"roomId":"{ID}"}}"#),
        format!(r#"{{"conversationId":"{ID}"}}"#),
    ] {
        let joined = read("chat:join-room", &json).unwrap();
        assert!(matches!(
            joined.asks,
            ClientRequest::Request(Request::Join { .. })
        ));
    }
    assert!(read("chat:join-room", "{}").is_err());
    assert!(read("chat:join-room", "7").is_err());
}

#[test]
fn joining_by_business_is_refused_with_a_sentence_of_its_own() {
    let by_business = read("chat:join-room", r#"{"businessId":"b","userName":"Ann"}"#);
    assert_eq!(by_business.unwrap_err(), BY_BUSINESS);
    let elsewhere = read("chat:typing", r#"{"businessId":"b"}"#).unwrap_err();
    assert_eq!(elsewhere, Refusal::invalid("roomId", "is missing"));
}

#[test]
fn who_acts_is_told() {
    let json = format!(r#"{{"roomId":"{ID}","userId":"a","isTyping":false}}"#);
    let typing = read("chat:typing", &json).unwrap();
    assert_eq!(typing.acting[1].as_deref(), Some("a"));
    assert!(matches!(
        typing.asks,
        ClientRequest::Request(Request::Command {
            command: Command::Type(Typing::Stopped),
            ..
        })
    ));
}

#[test]
fn a_text_has_three_names_and_a_file_is_an_address_or_more() {
    for name in ["content", "body", "message"] {
        assert_eq!(sent(json!({ name: "Hello" })).unwrap().body, "Hello");
    }
    let url = "https://example.com/a.png";
    let files = json!([url, { "url": url, "type": "image/png" }]);
    let content = sent(json!({ "attachments": files })).unwrap();
    assert_eq!(content.attachments[0].url(), Some(url));
    assert_eq!(
        content.attachments[1].media_type.as_deref(),
        Some("image/png")
    );
    assert!(sent(json!({ "attachments": [7] })).is_err());
    assert!(sent(json!({ "attachments": ["http://example.com/a"] })).is_err());
    assert!(sent(json!({ "content": " " })).is_err());
}

#[test]
fn what_a_message_is_said_to_be_is_kept_unless_its_files_tell() {
    let context = |asked| {
        let content = sent(asked).unwrap();
        content
            .context
            .as_ref()
            .map(|context| context.get().to_owned())
    };
    assert_eq!(
        context(json!({ "content": "x", "messageType": "text" })),
        None
    );
    let image = json!({ "content": "x", "messageType": "image", "context": { "a": 1 } });
    assert_eq!(
        context(image).as_deref(),
        Some(r#"{"a":1,"messageType":"image"}"#)
    );
    let file = json!({ "attachments": ["https://example.com/a"], "messageType": "file" });
    assert_eq!(context(file), None);
    for name in ["system", "faq-response", "nonsense", ""] {
        assert!(
            sent(json!({ "content": "x", "messageType": name })).is_err(),
            "{name}"
        );
    }
}

#[test]
fn the_newest_of_the_messages_is_read() {
    let read = |ids: &[MessageId]| command("chat:read-messages", json!({ "messageIds": ids }));
    let seen = read(&[message(3, 4), message(3, 9), message(3, 7)]).unwrap();
    let Some(Command::See { message: newest }) = seen else {
        panic!("{seen:?}");
    };
    assert_eq!(newest, message(3, 9));
    assert!(read(&[]).unwrap().is_none(), "nothing is to be done");
    assert!(read(&[message(3, 4), message(5, 9)]).is_err());
    assert!(command("chat:read-messages", json!({ "messageIds": ["x"] })).is_err());
    let many = vec![message(3, 4); MOST_READ + 1];
    assert!(read(&many).is_err());
    let all = command("chat:read-messages", json!({})).unwrap();
    assert!(matches!(all, Some(Command::Mark { seq: Seq::MAX, .. })));
}

proptest! {
    #[test]
    fn no_argument_makes_it_panic(event in prop::sample::select(EVENTS.to_vec()), text in ".{0,80}") {
        let _ = read(event, &Value::from(text).to_string());
    }
}
