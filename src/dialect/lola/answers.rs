//! What a client is answered where it asks for an acknowledgement.

use serde_json::json;

use super::views::{At, ConversationView, MessageView};
use crate::dialect::Reader;
use crate::domain::snapshot::Recovery;
use crate::wire::answer::Answer;

pub(crate) fn acknowledgement(answer: &Answer, reader: Reader<'_>) -> String {
    let data = match answer {
        Answer::Sent(message, _) => json!({
            "success": true, "id": message.id, "seq": message.seq(), "createdAt": At(message.created_at), "clientId": message.draft.client_id,
        }),
        Answer::Joined(snapshot) => {
            let conversation = &snapshot.conversation;
            let view =
                ConversationView::new(conversation, &snapshot.participants, reader.directory);
            let messages: Vec<_> = snapshot
                .messages
                .iter()
                .map(|message| MessageView::new(message, conversation.id))
                .collect();
            json!({
                "success": true, "conversation": view, "messages": messages, "lastSeq": conversation.last_seq, "unread": snapshot.unread,
                "recovered": snapshot.recovery == Recovery::Complete,
            })
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
