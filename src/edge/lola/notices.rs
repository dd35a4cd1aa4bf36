//! Notifications, as these front ends read them.

use bytestring::ByteString;
use chrono::SecondsFormat;
use serde_json::json;
use socketio::packet::encode_one;

use super::NAMESPACE;
use crate::domain::notice::NoticeNews;

/// The event for a new notification. The front ends have none for what becomes of it.
pub(super) fn notice(news: &NoticeNews) -> Option<ByteString> {
    let NoticeNews::Shown(notice) = news else {
        return None;
    };
    let (kind, subtype) = notice.kind.split_once('.').unwrap_or((&notice.kind, ""));
    let subtype = Some(subtype).filter(|subtype| !subtype.is_empty());
    let document = json!({
        "_id": notice.no.to_uuid(),
        "id": notice.no.to_uuid(),
        "type": kind,
        "subType": subtype,
        "title": notice.title,
        "message": notice.message,
        "priority": notice.priority.name(),
        "data": notice.data,
        "actionUrl": notice.action.as_ref().map(|action| &action.url),
        "timestamp": notice.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
    });
    Some(encode_one(NAMESPACE, "notification:new", &document))
}
