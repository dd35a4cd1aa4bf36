//! Events as readers see them who are apart from some of the people.

use std::sync::Arc;

use super::{Change, MessageNews, RoomEvent, UserNews, View};
use crate::domain::access::blocks::Apart;

impl View {
    /// The same for a reader who is apart from some of the people.
    pub fn masked(&self, apart: &Apart) -> Self {
        Self {
            people: self.people.masked(apart),
            ..self.clone()
        }
    }
}

impl UserNews {
    /// The same, of which nothing is encoded yet: what others are told must not be told here.
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
    /// The event for a reader who is apart from some of the people: it shows no signals of theirs, and says which
    /// messages are of users whom the reader has blocked.
    pub fn seen_by(&self, apart: &Apart) -> Arc<Self> {
        let mut change = self.change.clone();
        match &mut change {
            Change::Message { message, view, .. } => {
                apart.mark([message]);
                *view = view.masked(apart);
            }
            Change::ToUser { news, view } => {
                *news = news.unshared();
                *view = view.masked(apart);
            }
            Change::Stepped { view, .. }
            | Change::Acted { view, .. }
            | Change::StepPart { view, .. }
            | Change::Notice { view, .. }
            | Change::Changed(view)
            | Change::Created(view) => *view = view.masked(apart),
            Change::Lost { .. }
            | Change::Marked { .. }
            | Change::Typing { .. }
            | Change::Attendance { .. }
            | Change::Presence { .. }
            | Change::Mine(_)
            | Change::UnreadChanged { .. } => {}
        }
        Self::new(self.conversation, self.seq, change)
    }
}
