//! The requests of the guide's front end over Socket.IO.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

use super::media::attachment;
use crate::domain::command::{Command, Typing};
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::ConversationId;
use crate::domain::limits;
use crate::domain::message::Content;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::requests::{Incoming, first, unknown};
use crate::edge::native::decode::{Request, message_id};

/// The names of all events that a client may send.
pub const EVENTS: [&str; 14] = [
    "join",
    "join_user_room",
    "leave_user_room",
    "join_conversation",
    "leave_conversation",
    "send_message",
    "typing_start",
    "typing_stop",
    "mark_seen",
    "user_status",
    "join_bid_room",
    "join_campaign_room",
    "leave_bid_room",
    "leave_campaign_room",
];

/// The front end's own event for a refusal of an event of this name.
pub(crate) fn refused_as(name: &str) -> Option<&'static str> {
    match name {
        "send_message" => Some("message_error"),
        "mark_seen" => Some("seen_error"),
        _ => None,
    }
}

pub(crate) fn decode(
    name: &str,
    arguments: &[&RawValue],
    hosts: &[String],
) -> Result<Incoming, Refusal> {
    match name {
        "send_message" => send(arguments, hosts),
        "join" => own(Some(id(arguments, "userId")?)),
        "join_user_room" => own(Some(named(arguments, "userId")?)),
        "leave_user_room" => own(arguments
            .first()
            .map(|_| named(arguments, "userId"))
            .transpose()?),
        "join_conversation" => Ok(Incoming::of(Request::Join {
            conversation: place(arguments)?,
            after: None,
        })),
        "leave_conversation" => Ok(Incoming::of(Request::Leave {
            conversation: place(arguments)?,
        })),
        "typing_start" => typing(arguments, Typing::Started),
        "typing_stop" => typing(arguments, Typing::Stopped),
        "mark_seen" => seen(arguments),
        "user_status" => status(arguments),
        "join_bid_room" => watch(arguments, "bid", "bidId"),
        "join_campaign_room" => watch(arguments, "campaign", "campaignId"),
        "leave_bid_room" => unwatch(arguments, "bid", "bidId"),
        "leave_campaign_room" => unwatch(arguments, "campaign", "campaignId"),
        other => Err(unknown(other)),
    }
}

fn id(arguments: &[&RawValue], name: &'static str) -> Result<String, Refusal> {
    let id: Cow<'_, str> = first(arguments, name)
        .map_err(|_| Refusal::invalid(name, "must be the only argument, a string"))?;
    limits::required_text(&id, name, 128)?;
    Ok(id.into_owned())
}

/// An id, alone or as the member of an object.
fn named(arguments: &[&RawValue], name: &'static str) -> Result<String, Refusal> {
    let is_object = arguments
        .first()
        .is_some_and(|first| first.get().starts_with('{'));
    if !is_object {
        return id(arguments, name);
    }
    let mut members: Map<String, Value> = first(arguments, name)?;
    // One of the guides writes `conversation_id`.
    let found = members.remove(name);
    match found.or_else(|| {
        members
            .remove("conversation_id")
            .filter(|_| name == "conversationId")
    }) {
        Some(Value::String(id)) => {
            limits::required_text(&id, name, 128)?;
            Ok(id)
        }
        Some(_) => Err(Refusal::invalid(name, "must be a string")),
        None => Err(Refusal::invalid(name, "is missing")),
    }
}

fn place(arguments: &[&RawValue]) -> Result<ConversationId, Refusal> {
    ConversationId::parse(&named(arguments, "conversationId")?, "conversationId")
}

/// The caller says who they are; their events come to them without it.
fn own(user: Option<String>) -> Result<Incoming, Refusal> {
    Ok(Incoming {
        request: None,
        acting: [user, None],
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(default)]
    sender_id: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    media_url: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
}

fn send(arguments: &[&RawValue], hosts: &[String]) -> Result<Incoming, Refusal> {
    let data: SendData<'_> = first(arguments, "conversationId")?;
    let conversation = ConversationId::parse(&data.conversation_id, "conversationId")?;
    let media = data.media_url.filter(|url| !url.is_empty());
    let media = media.map(|url| attachment(&url, "mediaUrl", hosts));
    let content = Content {
        attachments: media.transpose()?.into_iter().collect(),
        ..Content::text(data.client_id, data.message.unwrap_or_default())
    };
    content.check().map_err(in_the_guides_words)?;
    let command = Command::Send(Arc::new(content));
    let request = Request::Command {
        conversation,
        command,
    };
    Ok(Incoming::of(request).by(data.sender_id))
}

fn in_the_guides_words(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Invalid { field, reason } => {
            let field = match field.as_ref() {
                "body" => "message".into(),
                "client_id" => "clientId".into(),
                _ => field,
            };
            Refusal::Invalid { field, reason }
        }
        other => other,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlaceData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(borrow, default)]
    message_id: Option<Cow<'a, str>>,
}

fn typing(arguments: &[&RawValue], typing: Typing) -> Result<Incoming, Refusal> {
    let data: PlaceData<'_> = first(arguments, "conversationId")?;
    let request = Request::Command {
        conversation: ConversationId::parse(&data.conversation_id, "conversationId")?,
        command: Command::Type(typing),
    };
    Ok(Incoming::of(request).by(data.user_id))
}

fn seen(arguments: &[&RawValue]) -> Result<Incoming, Refusal> {
    let data: PlaceData<'_> = first(arguments, "messageId")?;
    let missing = || Refusal::invalid("messageId", "is missing");
    let message = data.message_id.ok_or_else(missing)?;
    let message = message_id(&message, "messageId")?;
    let request = Request::Command {
        conversation: ConversationId::parse(&data.conversation_id, "conversationId")?,
        command: Command::See { message },
    };
    Ok(Incoming::of(request).by(data.user_id))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusData<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(default)]
    user_id: Option<String>,
}

fn status(arguments: &[&RawValue]) -> Result<Incoming, Refusal> {
    let data: StatusData<'_> = first(arguments, "status")?;
    match PresenceStatus::named(&data.status) {
        Some(PresenceStatus::Offline) | None => {
            Err(Refusal::invalid("status", "must be online, away or busy"))
        }
        Some(status) => Ok(Incoming::of(Request::Status(status)).by(data.user_id)),
    }
}

fn watch(arguments: &[&RawValue], kind: &str, name: &'static str) -> Result<Incoming, Refusal> {
    let subject = (kind.to_owned(), named(arguments, name)?);
    Ok(Incoming::of(Request::Watch(subject)))
}

fn unwatch(arguments: &[&RawValue], kind: &str, name: &'static str) -> Result<Incoming, Refusal> {
    let subject = (kind.to_owned(), named(arguments, name)?);
    Ok(Incoming::of(Request::Unwatch(subject)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    const ID: &str = "0192f0c0-0000-7000-8000-000000000001";

    #[test]
    fn the_guides_own_calls_are_read() {
        let place = raw(&format!("\"{ID}\""));
        let joined = decode("join_conversation", &[&place], &[]).unwrap();
        assert!(matches!(joined.request, Some(Request::Join { .. })));
        let said = raw(&format!(
            r#"{{"conversationId":"{ID}","senderId":"a","receiverId":"b","message":"hi","mediaUrl":null}}"#
        ));
        let sent = decode("send_message", &[&said], &[]).unwrap();
        assert_eq!(sent.acting[0].as_deref(), Some("a"));
        let joined = decode("join", &[&raw("\"a\"")], &[]).unwrap();
        assert!(joined.request.is_none() && joined.acting[0].as_deref() == Some("a"));
    }

    #[test]
    fn what_is_wrong_is_named_as_the_guide_names_it() {
        let field = |name: &str, json: &str| match decode(name, &[&raw(json)], &[]) {
            Err(Refusal::Invalid { field, .. }) => field.into_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(field("join_conversation", "{}"), "conversationId");
        assert_eq!(field("send_message", "{}"), "conversationId");
        let empty = format!(r#"{{"conversationId":"{ID}","message":" "}}"#);
        assert_eq!(field("send_message", &empty), "message");
        let insecure =
            format!(r#"{{"conversationId":"{ID}","message":"x","mediaUrl":"http://a.b/c"}}"#);
        assert_eq!(field("send_message", &insecure), "mediaUrl");
        assert_eq!(field("user_status", r#"{"status":"offline"}"#), "status");
        assert_eq!(field("nonsense", "1"), "event");
        assert!(decode("join_bid_room", &[], &[]).is_err());
    }

    #[test]
    fn every_listed_event_is_known() {
        for event in EVENTS {
            let refused = decode(event, &[&raw("{}")], &[]);
            assert!(
                !matches!(refused, Err(Refusal::Invalid { field, .. }) if field == "event"),
                "{event}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_argument_makes_it_panic(event in prop::sample::select(EVENTS.to_vec()), text in ".{0,80}", json in prop::bool::ANY) {
            let text = match json {
                true => serde_json::Value::from(text).to_string(),
                false => text,
            };
            if let Ok(argument) = RawValue::from_string(text) {
                let _ = decode(event, &[&argument], &[]);
            }
        }
    }
}
