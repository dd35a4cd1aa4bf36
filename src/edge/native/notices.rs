//! Notifications as JSON, in answers and in events.

use bytestring::ByteString;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::encode::event;
use super::instants::{instant, maybe_instant};
use crate::domain::notice::{Notice, NoticeCount, NoticeNews};

/// What something is about.
#[derive(Serialize, ToSchema)]
#[schema(as = NotificationSubject)]
pub struct AboutView<'a> {
    /// The type of the thing
    #[serde(rename = "type")]
    kind: &'a str,
    /// The platform's id of it
    id: &'a str,
}

/// A notification.
#[derive(Serialize, ToSchema)]
#[schema(as = Notification)]
pub struct NoticeView<'a> {
    /// Its id
    id: Uuid,
    /// Its type
    #[serde(rename = "type")]
    kind: &'a str,
    /// The module of the platform that it belongs to
    module: Option<&'a str>,
    /// `low`, `normal`, `high` or `urgent`
    priority: &'static str,
    /// Its title
    title: &'a str,
    /// Its message
    message: &'a str,
    /// Where it leads: a path of the platform, or an https URL
    action_url: Option<&'a str>,
    /// The text of the button
    action_text: Option<&'a str>,
    /// What it is about
    subject: Option<AboutView<'a>>,
    /// The type's data
    #[schema(value_type = Object)]
    data: &'a Value,
    /// What the platform has added
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a Value>,
    /// A newer notification takes the place of an unread older one with the same key
    key: Option<&'a str>,
    /// `shown`, `skipped` (the receiver does not want it), `withdrawn` or `expired`
    status: &'static str,
    /// Why it is not shown
    reason: Option<&'a str>,
    /// When it was made
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When its receiver opened the list that it is in
    #[serde(serialize_with = "maybe_instant")]
    seen_at: Option<DateTime<Utc>>,
    /// When they read it
    #[serde(serialize_with = "maybe_instant")]
    read_at: Option<DateTime<Utc>>,
    /// When they put it away
    #[serde(serialize_with = "maybe_instant")]
    archived_at: Option<DateTime<Utc>>,
    /// Until when it is shown
    #[serde(serialize_with = "maybe_instant")]
    expires_at: Option<DateTime<Utc>>,
}

impl<'a> From<&'a Notice> for NoticeView<'a> {
    fn from(notice: &'a Notice) -> Self {
        let (action, about) = (notice.action.as_ref(), notice.about.as_ref());
        Self {
            id: notice.no.to_uuid(),
            kind: &notice.kind,
            module: notice.module.as_deref(),
            priority: notice.priority.name(),
            title: &notice.title,
            message: &notice.message,
            action_url: action.map(|action| action.url.as_str()),
            action_text: action.map(|action| action.text.as_str()),
            subject: about.map(|about| AboutView {
                kind: &about.kind,
                id: &about.id,
            }),
            data: &notice.data,
            metadata: notice.metadata.as_ref(),
            key: notice.key.as_deref(),
            status: notice.state.name(),
            reason: notice.end_reason.as_deref(),
            created_at: notice.created_at,
            seen_at: notice.seen_at,
            read_at: notice.read_at,
            archived_at: notice.archived_at,
            expires_at: notice.expires_at,
        }
    }
}

/// How many notifications there are to look at.
#[derive(Serialize, ToSchema)]
#[schema(as = NotificationCount)]
pub struct CountView {
    /// Those that the caller has not read
    unread: i64,
    /// Those of them that were not in a list that the caller opened
    unseen: i64,
}

impl From<NoticeCount> for CountView {
    fn from(count: NoticeCount) -> Self {
        let NoticeCount { unread, unseen } = count;
        Self { unread, unseen }
    }
}

/// The event for a user's sessions.
pub fn notice_event(news: &NoticeNews) -> ByteString {
    match news {
        NoticeNews::Shown(notice) => event("notification", NoticeView::from(notice.as_ref())),
        NoticeNews::Updated(notice) => {
            event("notification_updated", NoticeView::from(notice.as_ref()))
        }
        NoticeNews::Removed(notice) => {
            let removed = json!({ "id": notice.no.to_uuid(), "status": notice.state.name(), "reason": notice.end_reason });
            event("notification_removed", removed)
        }
        NoticeNews::Counted(count) => event("notification_count", CountView::from(*count)),
    }
}
