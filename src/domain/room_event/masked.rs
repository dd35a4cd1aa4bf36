//! Events as readers see them who have blocked participants, or whom participants have blocked.

use std::sync::Arc;

use super::{Change, MessageNews, RoomEvent, UserNews, View};
use crate::domain::access::blocks::ReaderBlocks;

impl View {
    /// The same, without the signals that blocks hide from a reader.
    pub fn masked(&self, reader_blocks: &ReaderBlocks) -> Self {
        Self {
            people: self.people.masked(reader_blocks),
            ..self.clone()
        }
    }
}

impl UserNews {
    /// A copy without stored encodings: those of the original are for other readers.
    fn unshared(&self) -> Self {
        let unshared = |news: &MessageNews| MessageNews::new(news.preview.clone());
        match self {
            Self::Received(message) => Self::Received(unshared(message)),
            Self::Sent(message) => Self::Sent(unshared(message)),
            Self::Newest { message, is_own } => Self::Newest {
                message: unshared(message),
                is_own: *is_own,
            },
            Self::Unread(_) | Self::Payment { .. } => self.clone(),
        }
    }
}

impl RoomEvent {
    /// The event for a reader whom blocks concern: it shows no signals that they hide, and says which
    /// messages are of users whom the reader has blocked.
    pub fn seen_by(&self, reader_blocks: &ReaderBlocks) -> Arc<Self> {
        let mut change = self.change.clone();
        match &mut change {
            Change::Message { message, view, .. } => {
                reader_blocks.mark([message]);
                *view = view.masked(reader_blocks);
            }
            Change::ToUser { news, view } => {
                *news = news.unshared();
                *view = view.masked(reader_blocks);
            }
            Change::Stepped { view, .. }
            | Change::Acted { view, .. }
            | Change::StepPart { view, .. }
            | Change::Notice { view, .. }
            | Change::Changed(view)
            | Change::Created(view) => *view = view.masked(reader_blocks),
            Change::Reacted(_)
            | Change::Pinned(_)
            | Change::Lost { .. }
            | Change::Marked { .. }
            | Change::Typing { .. }
            | Change::Attendance { .. }
            | Change::Presence { .. }
            | Change::Mine(_)
            | Change::Thread(..)
            | Change::UnreadChanged { .. } => {}
        }
        Self::new(self.conversation, self.seq, change)
    }
}
