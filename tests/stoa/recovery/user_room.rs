//! The room of a user in a script. A client joins and leaves it; while it is inside, it hears of each new message, also after it came back.

use serde_json::Value;
use std::collections::HashSet;
use stoa::domain::ids::{ConversationNo, MessageId};

use super::client::Client;
use super::fixture::ConversationKey;
use super::script::{GROUP, Whereabouts};

/// What a client knows of the room of its user.
pub struct UserRoom {
    /// Where it is; `None` where it has asked for one or the other and not heard the answer.
    pub whereabouts: Option<Whereabouts>,
    /// The messages of which it was told there.
    told: HashSet<MessageId>,
}

impl UserRoom {
    /// A client that has just been let in, and was not found, is outside.
    pub fn outside() -> Self {
        Self {
            whereabouts: Some(Whereabouts::Outside),
            told: HashSet::new(),
        }
    }

    /// Takes in an event of this room.
    pub fn hear(&mut self, message: MessageId, event: &Value) {
        let outside = Some(Whereabouts::Outside);
        assert_ne!(self.whereabouts, outside, "not inside, and told {event}");
        self.told.insert(message);
    }

    /// Fails unless a client that is inside has heard of these newest messages, and one that is outside has not. Messages of groups are not
    /// told here.
    pub fn compare(&self, keys: &[ConversationKey], newest: &[i64], log: &[String]) {
        let Some(whereabouts) = self.whereabouts else {
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
                whereabouts == Whereabouts::Inside && number != GROUP,
                "message {seq} of conversation {number} in the room of the user, {whereabouts:?}; {log:?}"
            );
        }
    }
}

/// Joins or leaves, and waits for the answer.
pub async fn go(client: &mut Client, whereabouts: Whereabouts) {
    let request = client.dialect.user_room(&client.person.id, whereabouts);
    let Some(request) = request else {
        return;
    };
    client.user_room.whereabouts = None;
    let answer = client.ask(request).await;
    if answer.is_some_and(|answer| answer["success"] == true) {
        client.user_room.whereabouts = Some(whereabouts);
    }
}

/// Joins or leaves without waiting for the answer.
pub async fn go_unheard(client: &mut Client, whereabouts: Whereabouts) {
    if let Some(request) = client.dialect.user_room(&client.person.id, whereabouts) {
        client.user_room.whereabouts = None;
        client.tell(request).await;
    }
}
