//! Threads as a client counts them: from a join or a page, and then from events.

use serde_json::{Value, json};
use std::collections::HashMap;

/// Users whom a thread names.
const NAMED: usize = 5;

type Messages = HashMap<String, (i64, Value)>;

/// Counts a reply that an event told, for the message whose thread it is in.
pub fn count(messages: &mut Messages, name: &str, reply: &Value, seq: i64) {
    let root = reply["thread_id"].as_str();
    let Some((_, root)) = root.and_then(|id| messages.get_mut(id)) else {
        return;
    };
    let was_counted = root["thread"]["as_of"].as_i64() >= Some(seq);
    match name {
        "new_message" if !was_counted => add(root, reply, seq),
        "message_deleted" if !was_counted => {
            let thread = &mut root["thread"];
            thread["replies"] = (thread["replies"].as_i64().expect("a number") - 1).into();
            thread["as_of"] = seq.into();
        }
        _ => {}
    }
}

fn add(root: &mut Value, reply: &Value, seq: i64) {
    if root["thread"].is_null() {
        root["thread"] = json!({ "replies": 0, "participants": [] });
    }
    let thread = &mut root["thread"];
    thread["replies"] = (thread["replies"].as_i64().expect("a number") + 1).into();
    thread["last_seq"] = seq.into();
    thread["as_of"] = seq.into();
    let people = thread["participants"].as_array_mut().expect("people");
    let sender = &reply["sender_id"];
    if !sender.is_null() && people.len() < NAMED && !people.contains(sender) {
        people.push(sender.clone());
    }
}

/// What of a thread every reader of a message sees alike.
pub fn settled(message: &mut Value) {
    let thread = &message["thread"];
    let kept = json!({
        "replies": thread["replies"], "last_seq": thread["last_seq"], "participants": thread["participants"],
    });
    let fields = message.as_object_mut().expect("a message");
    if fields.remove("thread").is_some_and(|it| !it.is_null()) {
        fields.insert("thread".to_owned(), kept);
    }
}

/// Whether the main line shows a message.
pub fn is_in_main_line(message: &Value) -> bool {
    message.get("thread_id").is_none() || message["also_in_conversation"] == true
}

/// How many of these are unread replies in threads that somebody follows, who has read all up to a seq.
pub fn unread(messages: &[Value], me: &str, read: i64) -> usize {
    let roots = messages.iter().filter(|it| it.get("thread_id").is_none());
    roots.map(|root| unread_of(root, messages, me, read)).sum()
}

/// Who wrote the first message follows from there on, whoever replies from their first reply on.
fn unread_of(root: &Value, messages: &[Value], me: &str, read: i64) -> usize {
    let replies = || messages.iter().filter(|it| it["thread_id"] == root["id"]);
    let is_own = |message: &&Value| message["sender_id"] == me;
    let begun = Some(root).filter(is_own).or(replies().find(is_own));
    let Some(begun) = begun.and_then(|it| it["seq"].as_i64()) else {
        return 0;
    };
    let is_unread = |reply: &&Value| {
        reply["seq"].as_i64() > Some(begun.max(read))
            && !is_own(reply)
            && !is_in_main_line(reply)
            && reply["kind"] != "audit"
            && reply["deleted_at"].is_null()
    };
    replies().filter(is_unread).count()
}
