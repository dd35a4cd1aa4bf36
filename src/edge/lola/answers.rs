//! What a client is answered where it asks for an acknowledgement.

use serde_json::{Map, Value, json};

use super::views::{At, ConversationView, MessageView};
use crate::domain::answer::Answer;
use crate::domain::message::Message;
use crate::domain::room_event::View;
use crate::domain::snapshot::Recovery;
use crate::edge::dialect::Reader;

pub(crate) fn acknowledgement(answer: &Answer, room: Option<&View>, reader: Reader<'_>) -> String {
    let data = match answer {
        Answer::Sent(message, _) => sent(message, room),
        Answer::Joined(snapshot) => {
            let conversation = &snapshot.conversation;
            let view =
                ConversationView::new(conversation, &snapshot.participants, reader.directory);
            let messages: Vec<_> = snapshot
                .messages
                .iter()
                .map(|message| MessageView::new(message, conversation.id))
                .collect();
            let mut joined = json!({
                "success": true, "conversation": view, "messages": messages, "lastSeq": conversation.last_seq,
                "unread": snapshot.unread.number(), "recovered": snapshot.recovery == Recovery::Complete,
            });
            snapshot.unread.note_cap(&mut joined, "unreadCapped");
            joined
        }
        Answer::Marked(seq) => json!({ "success": true, "seq": seq }),
        Answer::Conversation(conversation, people) => {
            let view = ConversationView::new(conversation, people, reader.directory);
            json!({ "success": true, "conversation": view })
        }
        Answer::Message(_) | Answer::Flow(_) | Answer::Done => json!({ "success": true }),
    };
    data.to_string()
}

/// A message that was sent again is told as it is now, where it was edited or deleted since.
fn sent(message: &Message, room: Option<&View>) -> Value {
    let mut data = Map::from_iter([
        ("success".to_owned(), json!(true)),
        ("id".to_owned(), json!(message.id)),
        ("seq".to_owned(), json!(message.seq())),
        ("createdAt".to_owned(), json!(At(message.created_at))),
        ("clientId".to_owned(), json!(message.content.client_id)),
    ]);
    let changed = message.edited_at.is_some() || message.deleted_at.is_some();
    if let Some(room) = room.filter(|_| changed) {
        let now = MessageView::new(message, room.conversation.id);
        data.insert("message".to_owned(), json!(now));
    }
    Value::Object(data)
}
