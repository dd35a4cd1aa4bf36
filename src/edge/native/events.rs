//! Stoa's own events: a message is a little more for its sender, and a step is something else for each role.

use crate::domain::command::Mark;
use crate::domain::encoded::Encoded;
use crate::domain::ids::UserNo;
use crate::domain::room_event::{Change, RoomEvent};
use crate::edge::dialect::EncodeContext;
use crate::edge::native::encode;

/// Nobody has this number, the system neither: for bytes that are for everybody but the sender.
const NOBODY: UserNo = UserNo(-1);

/// Writes an event for people with this role, or for staff; `None` for what has no native event.
pub fn encode(
    event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let (place, seq) = (event.conversation, event.seq.unwrap_or_default());
    let directory = context.directory;
    let for_all = match &event.change {
        Change::Message { kind, message, .. } => {
            let for_all = encode::message(*kind, place, seq, message, NOBODY);
            let own = encode::message_to_sender(&for_all, &message.content.client_id);
            return Some(Encoded {
                own: Some((message.sender, own)),
                ..Encoded::for_everybody(for_all)
            });
        }
        Change::Stepped { at, stepped, .. } => {
            let step = encode::step(place, (seq, *at), stepped, role);
            return Some(Encoded::for_role(step));
        }
        Change::Acted { .. } => return None,
        Change::Changed(view) => encode::conversation_updated(seq, view, directory),
        Change::Created(view) => encode::conversation_created(view, directory),
        Change::Lost { seq, membership } => encode::conversation_lost(place, *seq, membership),
        Change::Marked {
            mark, user, seq, ..
        } => encode::watermark(mark_name(*mark), place, user, *seq),
        Change::Typing { user, is_typing } => encode::typing(place, user, *is_typing),
        Change::Presence { user, status } => encode::presence(user, *status),
        Change::Notice { preview, unread } => encode::notification(place, preview, *unread),
        Change::UnreadChanged {
            seq,
            read_seq,
            unread,
            last_message,
        } => encode::unread_changed(place, *seq, *read_seq, *unread, last_message.as_ref()),
    };
    Some(Encoded::for_everybody(for_all))
}

fn mark_name(mark: Mark) -> &'static str {
    match mark {
        Mark::Seen => "message_seen",
        Mark::Delivered => "message_delivered",
    }
}
