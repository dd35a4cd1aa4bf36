//! Notifications, as the front end reads them.

use bytestring::ByteString;
use chrono::SecondsFormat;
use serde_json::json;
use socketio::packet::encode_one;

use super::NAMESPACE;
use crate::domain::notice::NoticeNews;

/// The event for a new notification. The front end has none for what becomes of it.
pub(super) fn notice(news: &NoticeNews) -> Option<ByteString> {
    let NoticeNews::Shown(notice) = news else {
        return None;
    };
    let data = json!({
        "id": notice.no.to_uuid(),
        "title": notice.title,
        "body": notice.message,
        "priority": notice.priority.name(),
        "action_url": notice.action.as_ref().map(|action| &action.url),
        "payload": notice.data,
        "created_at": notice.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
    });
    let document = json!({ "type": notice.kind, "data": data });
    Some(encode_one(NAMESPACE, "notification", &document))
}
