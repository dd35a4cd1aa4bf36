//! The two dialects' words for the same things.

use serde_json::{Value, json};
use stoa::domain::dialect::UserRoom;
use stoa::domain::ids::MessageId;

use super::knowledge::Event;

/// Which dialect a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Stoory,
    Lola,
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn message_id(value: &Value) -> MessageId {
    let id = uuid::Uuid::parse_str(&text(value)).expect("a UUID");
    MessageId::from_uuid(id).expect("a message's id")
}

impl Dialect {
    pub const ALL: [Self; 2] = [Self::Stoory, Self::Lola];

    /// What stands before each packet, behind its type.
    pub fn head(self) -> &'static str {
        match self {
            Self::Stoory => "",
            Self::Lola => "/realtime,",
        }
    }

    /// Whether a step is told by two events.
    pub fn has_acts(self) -> bool {
        self == Self::Stoory
    }

    pub fn join(self, conversation: &str) -> (&'static str, Value) {
        match self {
            Self::Stoory => ("join_conversation", json!(conversation)),
            Self::Lola => ("chat:join-room", json!({ "conversationId": conversation })),
        }
    }

    pub fn leave(self, conversation: &str) -> (&'static str, Value) {
        match self {
            Self::Stoory => ("leave_conversation", json!(conversation)),
            Self::Lola => ("chat:leave-room", json!({ "conversationId": conversation })),
        }
    }

    /// Whether a user has a room.
    fn has_user_room(self) -> bool {
        self == Self::Stoory
    }

    /// How a client joins or leaves the room of its user, in a dialect that has one.
    pub fn user_room(self, user: &str, user_room: UserRoom) -> Option<(&'static str, Value)> {
        let event = match user_room {
            UserRoom::Joined => "join_user_room",
            UserRoom::Left => "leave_user_room",
        };
        self.has_user_room().then(|| (event, json!(user)))
    }

    /// The message that an event tells in the room of its user.
    pub fn read_user_room(self, event: &Value) -> Option<MessageId> {
        let is_told = self.has_user_room() && event[0] == "conversation_list_updated";
        is_told.then(|| message_id(&event[1]["message"]["id"]))
    }

    pub fn send(self, conversation: &str, body: &str) -> (&'static str, Value) {
        match self {
            Self::Stoory => (
                "send_message",
                json!({ "conversationId": conversation, "message": body }),
            ),
            Self::Lola => (
                "chat:send-message",
                json!({ "conversationId": conversation, "body": body }),
            ),
        }
    }

    /// Where an event happened, by the conversation's id or number, and what it tells. `None` for what leaves no trace.
    pub fn read(self, event: &Value) -> Option<(Result<String, i64>, Event)> {
        let (name, data) = (event[0].as_str().expect("a name"), &event[1]);
        match self {
            Self::Stoory => stoory(name, data),
            Self::Lola => lola(name, data),
        }
    }

    /// The events of a change, as texts. A change whose event has no seq has none here.
    pub fn numbered(self, what: &str, seq: i64) -> String {
        match self {
            Self::Stoory => what.to_owned(),
            Self::Lola => format!("{what} at {seq}"),
        }
    }
}

fn stoory(name: &str, data: &Value) -> Option<(Result<String, i64>, Event)> {
    let said = |what| {
        let (id, message) = (
            message_id(&data["message"]["id"]),
            &data["message"]["message"],
        );
        Event::Message(what, id.seq, text(message))
    };
    let told = match name {
        "new_message" => said("said"),
        "message_updated" => said("edited"),
        "message_deleted" => said("deleted"),
        "conversation_state_changed" => Event::Step(format!("step {}", text(&data["new_state"]))),
        "button_action" => Event::Act(format!("act {}", text(&data["button_id"]))),
        "text_input" => Event::Act(format!("act {}", text(&data["input_type"]))),
        "conversation_updated" if data["conversation_context"].is_null() => Event::Lost,
        // The first of a step's events: `socketio_chat/returning.rs` tests that it is told again with them.
        "conversation_updated" if data["reason"].is_string() => return None,
        "conversation_updated" => Event::Changed("changed".to_owned()),
        "message_seen" => {
            let message = message_id(&data["messageId"]);
            let read = Event::Read(text(&data["userId"]), message.seq);
            return Some((Err(message.conversation.0), read));
        }
        "error" => panic!("refused: {data}"),
        _ => return None,
    };
    let camel = ["button_action", "text_input"].contains(&name);
    let conversation = &data[if camel {
        "conversationId"
    } else {
        "conversation_id"
    }];
    Some((Ok(text(conversation)), told))
}

fn lola(name: &str, data: &Value) -> Option<(Result<String, i64>, Event)> {
    let seq = data["seq"].as_i64();
    let said = |what| {
        let born = data["seq"].as_i64().expect("a seq");
        assert_eq!(message_id(&data["id"]).seq, born);
        assert_eq!(data["_id"], data["id"]);
        Event::Message(what, born, text(&data["content"]))
    };
    let numbered = |what: &str| Dialect::Lola.numbered(what, seq.expect("a seq"));
    let told = match name {
        "chat:new-message" => said("said"),
        "chat:message-updated" => said("edited"),
        "chat:message-deleted" => said("deleted"),
        "chat:state-changed" => Event::Step(numbered(&format!("step {}", text(&data["newState"])))),
        "chat:conversation-updated" if !data["conversation"]["membership"].is_null() => Event::Lost,
        "chat:conversation-updated" => Event::Changed(numbered("changed")),
        "chat:messages-read" => Event::Read(text(&data["userId"]), seq.expect("a seq")),
        "error" => panic!("refused: {data}"),
        _ => return None,
    };
    Some((Ok(text(&data["roomId"])), told))
}
