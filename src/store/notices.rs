//! Notifications: made, listed, counted, read and withdrawn.

mod creating;
mod listing;
mod marking;
pub mod preferences;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use notices::{Action, Priority};
use serde_json::Value;

use super::schema::notifications as table;
use crate::domain::ids::{NoticeNo, UserNo};
use crate::domain::notice::{About, Notice, NoticeState};

pub use creating::{Made, NewNotices, Novelty, create};
pub use listing::{Filter, Shown, count, find, list, with_numbers};
pub use marking::{
    Change, Changed, Which, Withdrawn, change, expire, forget, mark_read, mark_seen, withdraw,
};

/// A row.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub(super) struct NoticeRow {
    no: i64,
    user_no: i64,
    kind: String,
    version: i32,
    module: Option<String>,
    priority: i16,
    title: String,
    message: String,
    action_url: Option<String>,
    action_text: Option<String>,
    subject_type: Option<String>,
    subject_id: Option<String>,
    data: Value,
    metadata: Option<Value>,
    key: Option<String>,
    fingerprint: i64,
    state: String,
    end_reason: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    seen_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    archived_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<NoticeRow> for Notice {
    fn from(row: NoticeRow) -> Self {
        let action = row.action_url.map(|url| Action {
            url,
            text: row.action_text.unwrap_or_default(),
        });
        let about = row.subject_type.zip(row.subject_id);
        Self {
            no: NoticeNo(row.no),
            user: UserNo(row.user_no),
            kind: row.kind,
            version: row.version,
            module: row.module,
            priority: Priority::numbered(row.priority).unwrap_or(Priority::Normal),
            title: row.title,
            message: row.message,
            action,
            about: about.map(|(kind, id)| About { kind, id }),
            data: row.data,
            metadata: row.metadata,
            key: row.key,
            // A state that a later release has written.
            state: NoticeState::named(&row.state).unwrap_or(NoticeState::Withdrawn),
            end_reason: row.end_reason,
            expires_at: row.expires_at,
            seen_at: row.seen_at,
            read_at: row.read_at,
            archived_at: row.archived_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
