//! The requests of each dialect that name ids.

use serde_json::{Value, json};

/// The requests of each dialect that name a conversation, a message or the acting user.
pub(super) fn requests_with(
    place: &str,
    message: &str,
    user: &str,
) -> Vec<(&'static str, &'static str, Value)> {
    let of = |dialect, requests: Vec<(&'static str, Value)>| {
        let named = move |(name, request)| (dialect, name, request);
        requests.into_iter().map(named)
    };
    of("native", native_requests(place, message, user))
        .chain(of("stoory", stoory_requests(place, message, user)))
        .chain(of("lola", lola_requests(place, message, user)))
        .collect()
}

fn native_requests(place: &str, message: &str, user: &str) -> Vec<(&'static str, Value)> {
    let there = json!({ "conversation_id": place });
    let send = json!({ "conversation_id": place, "body": "x", "sender_id": user });
    let edit = json!({ "conversation_id": place, "message_id": message, "body": "x" });
    let delete = json!({ "conversation_id": place, "message_id": message });
    vec![
        ("join_conversation", there.clone()),
        ("leave_conversation", there),
        ("send_message", send),
        ("edit_message", edit),
        ("delete_message", delete),
    ]
}

fn stoory_requests(place: &str, message: &str, user: &str) -> Vec<(&'static str, Value)> {
    let typing = json!({ "conversationId": place, "userId": user });
    let send = json!({ "conversationId": place, "senderId": user, "message": "x" });
    let seen = json!({ "conversationId": place, "messageId": message, "userId": user });
    vec![
        ("join", json!(user)),
        ("join_conversation", json!(place)),
        ("leave_conversation", json!(place)),
        ("send_message", send),
        ("typing_start", typing.clone()),
        ("typing_stop", typing),
        ("mark_seen", seen),
    ]
}

fn lola_requests(place: &str, message: &str, user: &str) -> Vec<(&'static str, Value)> {
    let send = json!({ "roomId": place, "content": "x", "senderId": user });
    let typing = json!({ "roomId": place, "isTyping": true, "userId": user });
    let read = json!({ "roomId": place, "messageIds": [message], "userId": user });
    vec![
        ("chat:join-room", json!({ "roomId": place })),
        ("chat:leave-room", json!({ "roomId": place })),
        ("chat:send-message", send),
        ("chat:typing", typing),
        ("chat:read-messages", read),
    ]
}
