//! The requests of Stoory's front end over Socket.IO.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

use super::media::attachment;
use crate::domain::command::{Command, Typing};
use crate::domain::conversation::PresenceStatus;
use crate::domain::dialect::UserRoom;
use crate::domain::ids::ConversationId;
use crate::domain::limits;
use crate::domain::message::Content;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::requests::{ClientRequest, Incoming, first, unknown};
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
        "join" | "join_user_room" => {
            let named = NamedId::read(arguments, "userId")?;
            Ok(named.asking(UserRoom::Joined))
        }
        "leave_user_room" => match arguments {
            [] => Ok(Incoming {
                asks: ClientRequest::UserRoom(UserRoom::Left),
                acting: [None, None],
            }),
            _ => Ok(NamedId::read(arguments, "userId")?.asking(UserRoom::Left)),
        },
        "join_conversation" => {
            let (conversation, acting) = conversation_and_acting(arguments)?;
            let after = None;
            Ok(acting.asking(Request::Join {
                conversation,
                after,
            }))
        }
        "leave_conversation" => {
            let (conversation, acting) = conversation_and_acting(arguments)?;
            Ok(acting.asking(Request::Leave { conversation }))
        }
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

/// The acting users whom a payload names.
#[derive(Debug, Default)]
struct Acting([Option<String>; 2]);

impl Acting {
    fn asking(self, request: Request) -> Incoming {
        Incoming {
            asks: ClientRequest::Request(request),
            acting: self.0,
        }
    }
}

/// An id that stands alone or in an object, and whom the object names beside it.
struct NamedId {
    id: String,
    acting: Acting,
}

impl NamedId {
    fn read(arguments: &[&RawValue], name: &'static str) -> Result<Self, Refusal> {
        let wrong = || Refusal::invalid(name, "must be a string, alone or in an object");
        let argument = arguments.first();
        let is_object = argument.is_some_and(|first| first.get().starts_with('{'));
        let argument: Value = match first(arguments, name) {
            Err(Refusal::Invalid { field, .. }) if field != name && !is_object => {
                return Err(wrong());
            }
            read => read?,
        };
        let (id, acting) = match argument {
            Value::String(id) => (id, Acting::default()),
            Value::Object(members) => Self::in_object(members, name)?,
            _ => return Err(wrong()),
        };
        limits::required_text(&id, name, 128)?;
        Ok(Self { id, acting })
    }

    fn in_object(
        mut members: Map<String, Value>,
        name: &'static str,
    ) -> Result<(String, Acting), Refusal> {
        // One of Stoory's two published APIs writes `conversation_id`.
        let other = (name == "conversationId").then_some("conversation_id");
        let id = members.remove(name);
        let id = id.or_else(|| members.remove(other?));
        let id = match id {
            Some(Value::String(id)) => id,
            Some(_) => return Err(Refusal::invalid(name, "must be a string")),
            None => return Err(Refusal::invalid(name, "is missing")),
        };
        let mut acting = |name: &'static str| match members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(id)) => Ok(Some(id)),
            Some(_) => Err(Refusal::invalid(name, "must be a string")),
        };
        Ok((id, Acting([acting("userId")?, acting("senderId")?])))
    }

    /// The caller says who they are, and joins or leaves the room of their user.
    fn asking(self, room: UserRoom) -> Incoming {
        let Acting([_, other]) = self.acting;
        Incoming {
            asks: ClientRequest::UserRoom(room),
            acting: [Some(self.id), other],
        }
    }
}

fn conversation_and_acting(arguments: &[&RawValue]) -> Result<(ConversationId, Acting), Refusal> {
    let NamedId { id, acting } = NamedId::read(arguments, "conversationId")?;
    Ok((ConversationId::parse(&id, "conversationId")?, acting))
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
struct TargetData<'a> {
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(borrow, default)]
    message_id: Option<Cow<'a, str>>,
}

fn typing(arguments: &[&RawValue], typing: Typing) -> Result<Incoming, Refusal> {
    let data: TargetData<'_> = first(arguments, "conversationId")?;
    let request = Request::Command {
        conversation: ConversationId::parse(&data.conversation_id, "conversationId")?,
        command: Command::Type(typing),
    };
    Ok(Incoming::of(request).by(data.user_id))
}

fn seen(arguments: &[&RawValue]) -> Result<Incoming, Refusal> {
    let data: TargetData<'_> = first(arguments, "messageId")?;
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
    let NamedId { id, acting } = NamedId::read(arguments, name)?;
    Ok(acting.asking(Request::Watch((kind.to_owned(), id))))
}

fn unwatch(arguments: &[&RawValue], kind: &str, name: &'static str) -> Result<Incoming, Refusal> {
    let NamedId { id, acting } = NamedId::read(arguments, name)?;
    Ok(acting.asking(Request::Unwatch((kind.to_owned(), id))))
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
        let conversation = raw(&format!("\"{ID}\""));
        let joined = decode("join_conversation", &[&conversation], &[]).unwrap();
        assert!(matches!(
            joined.asks,
            ClientRequest::Request(Request::Join { .. })
        ));
        let said = raw(&format!(
            r#"{{"conversationId":"{ID}","senderId":"a","receiverId":"b","message":"hi","mediaUrl":null}}"#
        ));
        let sent = decode("send_message", &[&said], &[]).unwrap();
        assert_eq!(sent.acting[0].as_deref(), Some("a"));
        for argument in ["\"a\"", r#"{"userId":"a"}"#] {
            let joined = decode("join", &[&raw(argument)], &[]).unwrap();
            assert!(matches!(
                joined.asks,
                ClientRequest::UserRoom(UserRoom::Joined)
            ));
            assert_eq!(joined.acting[0].as_deref(), Some("a"));
        }
    }

    #[test]
    fn the_user_that_a_payload_names_is_the_acting_one() {
        let with =
            |name: &str, id: &str| format!(r#"{{"{name}":"{id}","userId":"b","senderId":"c"}}"#);
        for (event, name) in [
            ("join_conversation", "conversationId"),
            ("join_conversation", "conversation_id"),
            ("leave_conversation", "conversationId"),
            ("join_bid_room", "bidId"),
            ("leave_bid_room", "bidId"),
            ("join_campaign_room", "campaignId"),
            ("leave_campaign_room", "campaignId"),
        ] {
            let incoming = decode(event, &[&raw(&with(name, ID))], &[]).unwrap();
            let acting = incoming.acting.map(Option::unwrap_or_default);
            assert_eq!(acting, ["b", "c"], "{event} {name}");
        }
        let own = raw(r#"{"userId":"b","senderId":"c"}"#);
        for event in ["join", "join_user_room", "leave_user_room"] {
            let incoming = decode(event, &[&own], &[]).unwrap();
            let acting = incoming.acting.map(Option::unwrap_or_default);
            assert_eq!(acting, ["b", "c"], "{event}");
        }
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
