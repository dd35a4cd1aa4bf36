//! The approximate size of events, by which the queue of a connection is bounded.

use super::{Change, UserNews};
use crate::domain::message::Message;

/// The size of a native event without its texts, in bytes.
const ENVELOPE: usize = 400;
/// The size of a participant in a native conversation, in bytes.
const PARTICIPANT: usize = 300;
/// About the bytes of the links to a file that is stored here.
const FILE_LINKS: usize = 600;

/// The approximate bytes of a native event.
pub(super) fn of(change: &Change) -> usize {
    ENVELOPE
        + match change {
            Change::Message { message, .. } => bytes_of(message),
            Change::Acted { said, .. } | Change::StepPart { said, .. } => {
                said.iter().map(bytes_of).sum()
            }
            Change::ToUser { news, .. } => weight_of_news(news),
            Change::Changed(view) | Change::Created(view) => {
                view.people.iter().count() * PARTICIPANT
            }
            Change::Notice { preview, .. } => bytes_of(&preview.message),
            Change::Reacted(reacted) => reacted.users.iter().map(|id| id.as_str().len()).sum(),
            _ => 0,
        }
}

fn weight_of_news(news: &UserNews) -> usize {
    match news {
        UserNews::Received(message)
        | UserNews::Sent(message)
        | UserNews::Newest { message, .. } => bytes_of(&message.preview.message),
        UserNews::Unread(_) | UserNews::Payment { .. } => 0,
    }
}

fn bytes_of(message: &Message) -> usize {
    let content = &message.content;
    let attachments = content
        .attachments
        .iter()
        .map(|file| file.url().map_or(FILE_LINKS, str::len) + 100);
    let context = content
        .context
        .as_ref()
        .map_or(0, |context| context.get().len());
    let card = message.card.as_ref().map_or(0, |card| card.get().len());
    content.body.len() + attachments.sum::<usize>() + context + card
}
