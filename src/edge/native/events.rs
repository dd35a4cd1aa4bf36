//! Stoa's own words: a message is a little more for its sender, and a step is something else for each role.

use crate::domain::command::Mark;
use crate::domain::ids::UserNo;
use crate::edge::dialect::{Event, Scene, Words};
use crate::edge::native::encode;

/// Nobody has this number, the system neither: for bytes that are for everybody but the sender.
const NOBODY: UserNo = UserNo(-1);

pub(in crate::edge) fn words(
    event: &Event<'_>,
    scene: &Scene<'_>,
    role: Option<&str>,
) -> Option<Words> {
    let (conversation, place) = (scene.conversation, scene.conversation.id);
    let for_all = match *event {
        Event::Message { kind, seq, message } => {
            let for_all = encode::message(kind, place, seq, message, NOBODY);
            let own = encode::message_to_sender(&for_all, &message.draft.client_id);
            return Some(Words {
                own: Some((message.sender, own)),
                ..Words::for_everybody(for_all)
            });
        }
        Event::Step { entry, stepped } => {
            return Some(Words::for_side(encode::step(place, entry, stepped, role)));
        }
        Event::Act { .. } => return None,
        Event::Changed { seq } => {
            encode::conversation_updated(seq, conversation, &scene.everybody(), scene.directory)
        }
        Event::Created => {
            encode::conversation_created(conversation, &scene.everybody(), scene.directory)
        }
        Event::Lost { seq, membership } => encode::conversation_lost(place, seq, membership),
        Event::Marked {
            mark, user, seq, ..
        } => encode::watermark(mark_name(mark), place, user, seq),
        Event::Typing { user, is_typing } => encode::typing(place, user, is_typing),
        Event::Presence { user, status } => encode::presence(user, status),
        Event::Notice {
            message,
            sender_name,
            unread,
        } => encode::notification(place, message, sender_name, unread),
        Event::UnreadChanged {
            seq,
            read_seq,
            unread,
            last_message,
        } => encode::unread_changed(place, seq, read_seq, unread, last_message),
    };
    Some(Words::for_everybody(for_all))
}

fn mark_name(mark: Mark) -> &'static str {
    match mark {
        Mark::Seen => "message_seen",
        Mark::Delivered => "message_delivered",
    }
}
