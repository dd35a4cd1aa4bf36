//! What a client is answered if it asks for an acknowledgement.

use serde::Serialize;
use serde_json::json;
use std::ops::Not;

use super::writing::written;
use crate::domain::answer::Answer;
use crate::domain::ids::{Seq, UserNo};
use crate::domain::room_event::View;
use crate::domain::snapshot::{Recovery, Snapshot};
use crate::edge::dialect::Reader;
use crate::edge::native::sent::SentView;
use crate::edge::native::views::{ConversationView, MessageView};
use crate::presence::Directory;

/// The acknowledgement of an answer. A message that was sent again and was edited or deleted since comes with it as it is now.
pub(crate) fn acknowledgement(answer: &Answer, room: Option<&View>, reader: Reader<'_>) -> String {
    match answer {
        Answer::Sent(message, _) => {
            let id = room.map(|room| room.conversation.id);
            success(SentView::new(message, id))
        }
        Answer::Joined(snapshot) => success(Joined::new(snapshot, reader.no, reader.directory)),
        Answer::Marked(seq) => success(json!({ "seq": seq })),
        Answer::Conversation(conversation, people) => {
            let view = ConversationView::for_all(conversation, people, reader.directory);
            success(json!({ "conversation": view }))
        }
        Answer::Message(_) | Answer::Flow(_) | Answer::Done => success(json!({})),
    }
}

#[derive(Serialize)]
struct Success<T> {
    success: bool,
    #[serde(flatten)]
    with: T,
}

fn success(with: impl Serialize) -> String {
    let success = true;
    written(&Success { success, with }).unwrap_or_default()
}

/// What a join is answered with: the conversation as everybody has it, and what is unread beside it.
#[derive(Serialize)]
struct Joined<'a> {
    conversation: ConversationView<'a>,
    messages: Vec<MessageView<'a>>,
    last_seq: Seq,
    unread: i64,
    #[serde(skip_serializing_if = "Not::not")]
    unread_capped: bool,
    recovered: bool,
}

impl<'a> Joined<'a> {
    fn new(snapshot: &'a Snapshot, reader: UserNo, directory: &Directory) -> Self {
        let conversation = &snapshot.conversation;
        let messages = snapshot.messages.iter();
        Self {
            conversation: ConversationView::for_all(
                conversation,
                &snapshot.participants,
                directory,
            ),
            messages: messages
                .map(|message| MessageView::new(message, conversation.id, reader))
                .collect(),
            last_seq: conversation.last_seq,
            unread: snapshot.unread.number(),
            unread_capped: snapshot.unread.is_capped(),
            recovered: snapshot.recovery == Recovery::Complete,
        }
    }
}
