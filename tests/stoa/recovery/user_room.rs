//! The room of a user in a script. A client joins and leaves it; while it is inside, it hears of each new message, also after it came back.

use serde_json::Value;
use std::collections::HashSet;
use stoa::domain::dialect::UserRoom;
use stoa::domain::ids::{ConversationNo, MessageId};

use super::client::Client;
use super::fixture::ConversationKey;
use super::script::GROUP;

/// What a client knows of the room of its user.
pub struct KnownUserRoom {
    /// Where it is; `None` where it has asked for one or the other and not heard the answer.
    pub is_in: Option<UserRoom>,
    /// The messages of which it was told there.
    told: HashSet<MessageId>,
}

impl KnownUserRoom {
    /// A client that has just been let in, and was not found, is outside.
    pub fn outside() -> Self {
        Self {
            is_in: Some(UserRoom::Left),
            told: HashSet::new(),
        }
    }

    /// Takes in an event of this room.
    pub fn hear(&mut self, message: MessageId, event: &Value) {
        let outside = Some(UserRoom::Left);
        assert_ne!(self.is_in, outside, "not inside, and told {event}");
        self.told.insert(message);
    }

    /// Fails unless a client that is inside has heard of these newest messages, and one that is outside has not. Messages of groups are not
    /// told here.
    pub fn compare(&self, keys: &[ConversationKey], newest: &[i64], log: &[String]) {
        let Some(is_in) = self.is_in else {
            return;
        };
        for (number, (key, seq)) in keys.iter().zip(newest).enumerate() {
            let conversation = ConversationNo(key.no);
            let message = MessageId {
                conversation,
                seq: *seq,
            };
            assert_eq!(
                self.told.contains(&message),
                is_in == UserRoom::Joined && number != GROUP,
                "message {seq} of conversation {number} in the room of the user, {is_in:?}; {log:?}"
            );
        }
    }
}

/// Joins or leaves, and waits for the answer.
pub async fn go(client: &mut Client, user_room: UserRoom) {
    let Some(request) = ask_for(client, user_room) else {
        return;
    };
    let answer = client.ask(request).await;
    if answer.is_some_and(|answer| answer["success"] == true) {
        client.user_room.is_in = Some(user_room);
    }
}

/// Joins or leaves without waiting for the answer.
pub async fn go_unheard(client: &mut Client, user_room: UserRoom) {
    if let Some(request) = ask_for(client, user_room) {
        client.tell(request).await;
    }
}

/// The request of a client to join or leave, of which the answer is not heard yet.
fn ask_for(client: &mut Client, user_room: UserRoom) -> Option<(&'static str, Value)> {
    let request = client.dialect.user_room(&client.person.id, user_room)?;
    client.user_room.is_in = None;
    Some(request)
}
