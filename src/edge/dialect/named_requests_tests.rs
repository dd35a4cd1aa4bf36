//! The requests of each dialect that name ids.

use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::{ALL, ClientRequest};
use crate::domain::command::Command;
use crate::edge::native::decode::{Request, decode};

/// The requests of each dialect that name a conversation, a message, a subject or the acting user.
pub(super) fn requests_with(
    id: &str,
    message: &str,
    (user, subject): (&str, &str),
) -> Vec<(&'static str, &'static str, Value)> {
    let of = |dialect, requests: Vec<(&'static str, Value)>| {
        let named = move |(name, request)| (dialect, name, request);
        requests.into_iter().map(named)
    };
    of("native", native_requests(id, message, (user, subject)))
        .chain(of("stoory", stoory_requests(id, message, (user, subject))))
        .chain(of("lola", lola_requests(id, message, user)))
        .chain(of("parttimepays", parttimepays_requests(id, message, user)))
        .collect()
}

fn native_requests(
    id: &str,
    message: &str,
    (user, subject): (&str, &str),
) -> Vec<(&'static str, Value)> {
    let there = json!({ "conversation_id": id });
    let send =
        json!({ "conversation_id": id, "body": "x", "sender_id": user, "reply_to": message });
    let edit = json!({ "conversation_id": id, "message_id": message, "body": "x" });
    let delete = json!({ "conversation_id": id, "message_id": message });
    vec![
        ("join_conversation", there.clone()),
        ("leave_conversation", there),
        ("send_message", send),
        ("edit_message", edit),
        ("delete_message", delete),
        ("typing_start", json!({ "conversation_id": id })),
        ("typing_stop", json!({ "conversation_id": id })),
        ("watch_subject", json!({ "type": "bid", "id": subject })),
    ]
}

fn stoory_requests(
    id: &str,
    message: &str,
    (user, subject): (&str, &str),
) -> Vec<(&'static str, Value)> {
    let typing = json!({ "conversationId": id, "userId": user });
    let send = json!({ "conversationId": id, "senderId": user, "message": "x" });
    let seen = json!({ "conversationId": id, "messageId": message, "userId": user });
    let bid = json!({ "bidId": subject, "userId": user });
    let campaign = json!({ "campaignId": subject, "userId": user });
    let me = json!({ "userId": user });
    vec![
        ("join", json!(user)),
        ("join", me.clone()),
        ("join_user_room", json!(user)),
        ("join_user_room", me.clone()),
        ("leave_user_room", me),
        ("join_conversation", json!(id)),
        ("join_conversation", typing.clone()),
        ("leave_conversation", json!(id)),
        ("leave_conversation", typing.clone()),
        ("user_status", json!({ "status": "away", "userId": user })),
        ("join_bid_room", json!(subject)),
        ("join_bid_room", bid.clone()),
        ("leave_bid_room", bid),
        ("join_campaign_room", campaign.clone()),
        ("leave_campaign_room", campaign),
        ("send_message", send),
        ("typing_start", typing.clone()),
        ("typing_stop", typing),
        ("mark_seen", seen),
    ]
}

fn lola_requests(id: &str, message: &str, user: &str) -> Vec<(&'static str, Value)> {
    let send =
        json!({ "roomId": id, "content": "x", "senderId": user, "replyToMessageId": message });
    let typing = json!({ "roomId": id, "isTyping": true, "userId": user });
    let read = json!({ "roomId": id, "messageIds": [message], "userId": user });
    vec![
        ("chat:join-room", json!({ "roomId": id })),
        ("chat:leave-room", json!({ "roomId": id })),
        ("chat:send-message", send),
        ("chat:typing", typing),
        ("chat:read-messages", read),
    ]
}

fn parttimepays_requests(id: &str, message: &str, user: &str) -> Vec<(&'static str, Value)> {
    let there = json!({ "conversationId": id, "userId": user });
    let send =
        json!({ "conversationId": id, "content": "x", "senderId": user, "replyTo": message });
    let reaction = json!({ "messageId": message, "reactionType": "like" });
    let edit = json!({ "messageId": message, "content": "x" });
    vec![
        ("join_conversation", json!(id)),
        ("join_conversation", there.clone()),
        ("leave_conversation", json!(id)),
        ("leave_conversation", there.clone()),
        ("typing_start", json!(id)),
        ("typing_start", there.clone()),
        ("typing_stop", json!(id)),
        ("typing_stop", there),
        ("send_message", send),
        ("add_reaction", reaction),
        ("edit_message", edit),
    ]
}

/// Whether a request names a message and neither its conversation nor a user.
pub(super) fn names_a_message_alone(dialect: &str, event: &str) -> bool {
    dialect == "parttimepays" && ["add_reaction", "edit_message"].contains(&event)
}

/// The request, and the acting users whom it names.
pub(super) fn decoded(
    dialect: &str,
    event: &str,
    argument: &Value,
) -> (Option<Request>, Vec<String>) {
    if dialect == "native" {
        let frame = json!({ "event": event, "id": 1, "data": argument }).to_string();
        return (Some(decode(&frame).unwrap().request.unwrap()), Vec::new());
    }
    let spec = ALL.into_iter().find(|spec| spec.name == dialect).unwrap();
    let argument = to_raw_value(argument).unwrap();
    let socketio = spec.socketio.as_ref().unwrap();
    let incoming = (socketio.read)(event, &[&argument], &[]).unwrap();
    let acting = incoming.acting.into_iter().flatten();
    let request = match incoming.asks {
        ClientRequest::Request(request) => Some(request),
        ClientRequest::SendOnce {
            conversation,
            content,
            ..
        } => Some(Request::Command {
            conversation,
            command: Command::Send(content),
        }),
        ClientRequest::UserRoom(_)
        | ClientRequest::Nothing
        | ClientRequest::Edit { .. }
        | ClientRequest::ReactAlone(_) => None,
    };
    (request, acting.collect())
}

#[test]
fn every_event_of_a_socket_io_dialect_is_tried() {
    let tried = requests_with("a id", "a message", ("a user", "a subject"));
    for spec in ALL {
        let events = spec.socketio.iter().flat_map(|socketio| socketio.requests);
        for event in events {
            let mut of_dialect = tried.iter().filter(|(dialect, ..)| *dialect == spec.name);
            let is_tried = of_dialect.any(|(_, name, _)| name == event);
            assert!(is_tried, "{} {event}", spec.name);
        }
    }
}
