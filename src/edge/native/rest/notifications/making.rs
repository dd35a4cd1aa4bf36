//! Makes notifications over REST.

use chrono::{DateTime, Utc};
use notices::{Action, NoticeType, is_link};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::domain::access::Privilege;
use crate::domain::ids::{UserId, UserNo};
use crate::domain::limits;
use crate::domain::notice::{ACTION_TEXT, KEY, MESSAGE, METADATA, NoticeSpec, RECIPIENTS, TITLE};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::notices::NoticeView;
use crate::error::Error;
use crate::store::notices::{self as rows, Made, NewNotices, Novelty};
use crate::store::users;

/// The type that support staff may make too.
const SUPPORT: &str = "support";

/// Who gets a notification: one of the two.
#[derive(Deserialize, ToSchema)]
#[schema(as = NotificationRecipients)]
pub struct Recipients {
    /// One user
    user_id: Option<String>,
    /// At most 1,000 users
    user_ids: Option<Vec<String>>,
}

/// What can be done about a notification.
#[derive(Deserialize, ToSchema)]
#[schema(as = NotificationAction)]
pub struct ActionBody {
    /// A path of the platform, or an https URL
    url: String,
    /// The text of the button, of at most 100 characters
    text: String,
}

/// What a notification is about.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewNotificationSubject)]
pub struct AboutBody {
    /// The type of the thing
    #[serde(rename = "type")]
    kind: String,
    /// The platform's id of it
    id: String,
}

/// Notifications to make.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewNotification)]
pub struct NewNoticeBody {
    /// Who gets it
    to: Recipients,
    /// Its type
    #[serde(rename = "type")]
    kind: String,
    /// The type's data
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
    /// A title in place of the type's, of at most 255 characters
    title: Option<String>,
    /// A message in place of the type's, of at most 4,000 characters
    message: Option<String>,
    /// `low`, `normal`, `high` or `urgent`; otherwise the type's
    priority: Option<String>,
    /// The module of the platform; otherwise the type's
    module: Option<String>,
    /// What it is about
    subject: Option<AboutBody>,
    /// What can be done about it; otherwise the type's
    action: Option<ActionBody>,
    /// A newer notification takes the place of an unread older one with the same key; otherwise the type's
    key: Option<String>,
    /// By which a repeat is recognised: 1–64 visible ASCII characters
    client_id: Option<String>,
    /// Until when it is shown; otherwise as long as the type says
    expires_at: Option<DateTime<Utc>>,
    /// What the platform adds: a JSON object of at most 8 KiB
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
}

/// Makes the notifications that a body describes.
pub(super) async fn make(call: &Call<(), Body>) -> Result<StoredResponse, Failure> {
    let body: NewNoticeBody = call.body.read()?;
    let server = &call.server;
    may_make(&call.caller, &body.kind)?;
    let of = type_of(server, &body.kind)?.clone();
    let (ids, is_one) = recipients(&body.to)?;
    let now = server.deps.room.pool.clock().now();
    let spec = spec(body, &of, now)?;
    let maker = call.caller.no;
    let make = move |connection: &mut _| {
        let recipients = numbers_of(connection, &ids)?;
        let new = NewNotices {
            spec,
            of,
            maker,
            recipients,
        };
        rows::create(connection, &new).map(|made| (ids, made))
    };
    let (ids, made) = call.pool().run(make).await?;
    let answer = answered(&ids, &made, is_one)?;
    let Made { notices, replaced } = made;
    let new = notices
        .into_iter()
        .filter(|(_, novelty)| *novelty == Novelty::New);
    let told = replaced.into_iter().chain(new.map(|(notice, _)| notice));
    server.deps.room.notifier.tell(told.collect());
    Ok(answer)
}

fn may_make(caller: &Principal, kind: &str) -> Result<(), Refusal> {
    let roles = caller.roles;
    let may = roles.may(Privilege::MakeNotifications) || (roles.support && kind == SUPPORT);
    let why = "Only the platform and admins make notifications, and support staff those of the type support";
    may.then_some(()).ok_or(Refusal::Forbidden(why))
}

fn type_of<'a>(server: &'a AppState, kind: &str) -> Result<&'a NoticeType, Refusal> {
    let found = server.notices.get(kind);
    found.ok_or_else(|| Refusal::NotificationTypeNotFound {
        name: kind.to_owned(),
        near: server.notices.nearest(kind).map(str::to_owned),
    })
}

/// Who gets it, each once, and whether one user was named.
fn recipients(to: &Recipients) -> Result<(Vec<UserId>, bool), Refusal> {
    let (named, is_one) = match (&to.user_id, &to.user_ids) {
        (Some(one), None) => (std::slice::from_ref(one), true),
        (None, Some(many)) => (many.as_slice(), false),
        _ => return Err(Refusal::invalid("to", "must have user_id or user_ids")),
    };
    if named.is_empty() || named.len() > RECIPIENTS {
        let reason = format!("must name from 1 to {RECIPIENTS} users");
        return Err(Refusal::invalid("to.user_ids", reason));
    }
    let mut ids: Vec<UserId> = Vec::with_capacity(named.len());
    let mut seen = std::collections::HashSet::new();
    for id in named {
        let id = UserId::parse(id, "to")?;
        if seen.insert(id.clone()) {
            ids.push(id);
        }
    }
    Ok((ids, is_one))
}

fn numbers_of(
    connection: &mut diesel::pg::PgConnection,
    ids: &[UserId],
) -> Result<Vec<UserNo>, Error> {
    let texts: Vec<&str> = ids.iter().map(UserId::as_str).collect();
    let rows = users::find_all(connection, &texts)?;
    let numbers: std::collections::HashMap<&str, i64> =
        rows.iter().map(|row| (row.id.as_str(), row.no)).collect();
    let number = |id: &UserId| {
        let found = numbers.get(id.as_str()).map(|no| UserNo(*no));
        found.ok_or_else(|| Refusal::UserNotFound(id.to_string()).into())
    };
    ids.iter().map(number).collect()
}

fn spec(body: NewNoticeBody, of: &NoticeType, now: DateTime<Utc>) -> Result<NoticeSpec, Refusal> {
    let bounded = |text: &Option<String>, field: &'static str, most: usize| {
        text.as_deref()
            .map_or(Ok(()), |text| limits::required_text(text, field, most))
    };
    bounded(&body.title, "title", TITLE)?;
    bounded(&body.message, "message", MESSAGE)?;
    bounded(&body.key, "key", KEY)?;
    bounded(&body.module, "module", 64)?;
    body.client_id
        .as_deref()
        .map_or(Ok(()), limits::client_id)?;
    let data = of.check(&body.data.unwrap_or_default());
    let data = data.map_err(|wrong| Refusal::invalid(wrong.field, wrong.reason))?;
    if !of.has_words() && (body.title.is_none() || body.message.is_none()) {
        let field = if body.title.is_none() {
            "title"
        } else {
            "message"
        };
        return Err(Refusal::invalid(
            field,
            "is missing: the type has no words of its own",
        ));
    }
    let priority = body
        .priority
        .as_deref()
        .map(super::priority_of)
        .transpose()?;
    let expires_at = body
        .expires_at
        .or_else(|| of.expires.map(|span| now + span));
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Refusal::invalid("expires_at", "must be in the future"));
    }
    let (kind, id) = body.subject.map(|about| (about.kind, about.id)).unzip();
    Ok(NoticeSpec {
        kind: body.kind,
        module: body.module.or_else(|| of.module.clone()),
        priority: priority.unwrap_or(of.priority),
        data,
        title: body.title,
        message: body.message,
        action: body.action.map(action).transpose()?,
        about: super::about_of(kind, id)?,
        metadata: body.metadata.map(|raw| metadata(&raw)).transpose()?,
        key: body.key,
        client_id: body.client_id,
        expires_at,
    })
}

fn action(body: ActionBody) -> Result<Action, Refusal> {
    limits::required_text(&body.text, "action.text", ACTION_TEXT)?;
    if !is_link(&body.url) {
        let why = "must be a path that begins with one slash, or an https URL";
        return Err(Refusal::invalid("action.url", why));
    }
    Ok(Action {
        url: body.url,
        text: body.text,
    })
}

fn metadata(raw: &RawValue) -> Result<Value, Refusal> {
    limits::json(raw.get(), "metadata")?;
    if raw.get().len() > METADATA {
        return Err(Refusal::invalid(
            "metadata",
            format!("must be at most {METADATA} bytes"),
        ));
    }
    let read: Result<Value, _> = serde_json::from_str(raw.get());
    let object = read.ok().filter(Value::is_object);
    object.ok_or_else(|| Refusal::invalid("metadata", "must be a JSON object"))
}

/// The notification of one recipient, or the list of those of several; 201 where one of them is new.
fn answered(ids: &[UserId], made: &Made, is_one: bool) -> Result<StoredResponse, Failure> {
    let is_new = made
        .notices
        .iter()
        .any(|(_, novelty)| *novelty == Novelty::New);
    let status = if is_new { 201 } else { 200 };
    if let (true, Some((notice, _))) = (is_one, made.notices.first()) {
        return StoredResponse::json(status, &NoticeView::from(notice));
    }
    let item = |(id, (notice, _)): (&UserId, &(_, Novelty))| json!({ "user_id": id, "notification": NoticeView::from(notice) });
    let items: Vec<Value> = ids.iter().zip(&made.notices).map(item).collect();
    StoredResponse::json(status, &json!({ "items": items }))
}
