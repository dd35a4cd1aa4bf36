//! Notifications: made by the platform; listed, counted, read and put away by those who get them.

mod making;
pub mod preferences;

use actix_web::{HttpResponse, delete, get, patch, post};
use notices::Priority;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::conversations::limit_of;
use super::webhook_events::{cursor_of, next_cursor};
use crate::domain::access::Privilege;
use crate::domain::ids::{NoticeNo, UserId, UserNo};
use crate::domain::limits;
use crate::domain::notice::{About, KEY, Notice};
use crate::domain::refusal::Refusal;
use crate::edge::http::call::{Call, FromPath};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::edge::native::notices::{CountView, NoticeView};
use crate::store::notices::{self as rows, Change, Changed, Filter, Shown, Which, Withdrawn};
use crate::store::users;

pub use making::NewNoticeBody;

impl FromPath for NoticeNo {
    type Parts = String;
    fn parse(id: String) -> Result<Self, Refusal> {
        Self::parse(&id, "id")?.ok_or(Refusal::NotificationNotFound)
    }
}

/// Make notifications, one for each recipient (service and admin tokens; support for the type `support`)
#[utoipa::path(request_body = NewNoticeBody, responses((status = 201, description = "For one recipient the notification; for several `items`: each with its `user_id`", body = Object), (status = 200, description = "All were made before under this `client_id`"), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN"), (status = 404, description = "NOTIFICATION_TYPE_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "notifications")]
#[post("/notifications")]
pub async fn create(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    call.once(making::make(&call)).await
}

/// What a list is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoticeQuery {
    /// `true`: those that were not read
    unread: Option<bool>,
    /// `true`: those that were put away
    archived: Option<bool>,
    /// Only this type
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only of this module of the platform
    module: Option<String>,
    /// Only at least this urgent: `low`, `normal`, `high` or `urgent`
    priority: Option<String>,
    /// Only about things of this type; needs `subject_id`
    subject_type: Option<String>,
    /// Only about the thing with this id; needs `subject_type`
    subject_id: Option<String>,
    /// Whose; by default the caller's (service and admin tokens)
    user_id: Option<String>,
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// The caller's notifications, newest first
#[utoipa::path(params(NoticeQuery), responses((status = 200, description = "`items`: notifications; `next_cursor`", body = Object), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "notifications")]
#[get("/notifications")]
pub async fn list(call: Call, query: Query<NoticeQuery>) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    let limit = limit_of(query.limit)?;
    let user = whose(&call, query.user_id.as_deref()).await?;
    let filter = filter(query)?;
    let find = move |connection: &mut _| rows::list(connection, user, &filter, limit);
    let found = call.pool().run(find).await?;
    let next = next_cursor(found.len(), limit, found.last().map(|notice| notice.no.0));
    let items: Vec<NoticeView<'_>> = found.iter().map(NoticeView::from).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}

/// The user whose notifications are meant: the caller, or another one whom the platform names.
async fn whose<P, B>(call: &Call<P, B>, named: Option<&str>) -> Result<UserNo, Failure> {
    let Some(named) = named.filter(|named| *named != call.caller.id.as_str()) else {
        return Ok(call.caller.no);
    };
    if !call.caller.roles.may(Privilege::MakeNotifications) {
        let why = "Only the platform and admins see the notifications of others";
        return Err(Refusal::Forbidden(why).into());
    }
    let id = UserId::parse(named, "user_id")?;
    let find = move |connection: &mut _| users::find(connection, id.as_str());
    let row = call.pool().run(find).await?;
    let row = row.ok_or_else(|| Refusal::UserNotFound(named.to_owned()))?;
    Ok(UserNo(row.no))
}

fn filter(query: NoticeQuery) -> Result<Filter, Refusal> {
    let short = |text: &Option<String>, field: &'static str| {
        text.as_deref()
            .map_or(Ok(()), |text| limits::required_text(text, field, 128))
    };
    short(&query.kind, "type")?;
    short(&query.module, "module")?;
    let priority = query.priority.as_deref().map(priority_of).transpose()?;
    let shown = match (query.unread, query.archived) {
        (Some(true), Some(true)) => {
            return Err(Refusal::invalid("unread", "does not go with archived"));
        }
        (Some(true), _) => Shown::Unread,
        (_, Some(true)) => Shown::Archived,
        _ => Shown::Current,
    };
    Ok(Filter {
        shown,
        kind: query.kind,
        module: query.module,
        priority: priority.map(Priority::number),
        about: about_of(query.subject_type, query.subject_id)?,
        before: cursor_of(query.cursor.as_deref())?,
    })
}

fn priority_of(name: &str) -> Result<Priority, Refusal> {
    let why = "must be low, normal, high or urgent";
    Priority::named(name).ok_or_else(|| Refusal::invalid("priority", why))
}

fn about_of(kind: Option<String>, id: Option<String>) -> Result<Option<About>, Refusal> {
    match (kind, id) {
        (Some(kind), Some(id)) => {
            limits::required_text(&kind, "subject_type", 64)?;
            limits::required_text(&id, "subject_id", 128)?;
            Ok(Some(About { kind, id }))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(Refusal::invalid("subject_id", "is missing")),
        (None, Some(_)) => Err(Refusal::invalid("subject_type", "is missing")),
    }
}

/// How many notifications the caller has to look at
#[utoipa::path(responses((status = 200, body = CountView)), security(("bearer" = [])), tag = "notifications")]
#[get("/notifications/count")]
pub async fn unread(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let read = move |connection: &mut _| rows::count(connection, user);
    let count = call.pool().run(read).await?;
    Ok(HttpResponse::Ok().json(CountView::from(count)))
}

/// A notification of the caller; the platform and admins see each
#[utoipa::path(params(("id" = String, Path)), responses((status = 200, body = NoticeView), (status = 404, description = "NOTIFICATION_NOT_FOUND")), security(("bearer" = [])), tag = "notifications")]
#[get("/notifications/{id}")]
pub async fn show(call: Call<NoticeNo>) -> Result<HttpResponse, Failure> {
    let no = call.path;
    let find = move |connection: &mut _| rows::find(connection, no);
    let found = call.pool().run(find).await?;
    let sees_all = call.caller.roles.may(Privilege::MakeNotifications);
    let found = found.filter(|notice| sees_all || notice.user == call.caller.no);
    let found = found.ok_or(Refusal::NotificationNotFound)?;
    Ok(HttpResponse::Ok().json(NoticeView::from(&found)))
}

/// A change of one's own notification.
#[derive(Deserialize, ToSchema)]
#[schema(as = NotificationChange)]
pub struct NoticeChangeBody {
    /// Whether it counts as read
    read: Option<bool>,
    /// Whether it is put away
    archived: Option<bool>,
}

/// Mark a notification as read or unread, put it away or take it out again
#[utoipa::path(params(("id" = String, Path)), request_body = NoticeChangeBody, responses((status = 200, body = NoticeView), (status = 400, description = "INVALID_REQUEST"), (status = 404, description = "NOTIFICATION_NOT_FOUND")), security(("bearer" = [])), tag = "notifications")]
#[patch("/notifications/{id}")]
pub async fn update(call: Call<NoticeNo, Body>) -> Result<HttpResponse, Failure> {
    let body: NoticeChangeBody = call.body.read()?;
    let read = body.read.map(|read| match read {
        true => Change::Read,
        false => Change::Unread,
    });
    let archived = body.archived.map(|archived| match archived {
        true => Change::Archive,
        false => Change::Restore,
    });
    let changes: Vec<Change> = read.into_iter().chain(archived).collect();
    if changes.is_empty() {
        return Err(Refusal::invalid("body", "must have read or archived").into());
    }
    let mut stands = None;
    for change in changes {
        stands = Some(changed(&call, change).await?);
    }
    let stands = stands.ok_or(Refusal::NotificationNotFound)?;
    Ok(HttpResponse::Ok().json(NoticeView::from(&stands)))
}

/// Put a notification away
#[utoipa::path(params(("id" = String, Path)), responses((status = 204, description = "It is put away"), (status = 404, description = "NOTIFICATION_NOT_FOUND")), security(("bearer" = [])), tag = "notifications")]
#[delete("/notifications/{id}")]
pub async fn archive(call: Call<NoticeNo>) -> Result<HttpResponse, Failure> {
    changed(&call, Change::Archive).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes a notification of the caller, and informs their sessions if that changed anything.
async fn changed<B>(call: &Call<NoticeNo, B>, change: Change) -> Result<Notice, Failure> {
    let (user, no) = (call.caller.no, call.path);
    let write = move |connection: &mut _| rows::change(connection, user, no, change);
    match call.pool().run(write).await? {
        Some(Changed::Now(notice)) => {
            call.server.deps.room.notifier.tell(vec![notice.clone()]);
            Ok(notice)
        }
        Some(Changed::Before(notice)) => Ok(notice),
        None => Err(Refusal::NotificationNotFound.into()),
    }
}

/// Which notifications are read: all of the caller's, unless something is said.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = ReadNotifications)]
pub struct ReadBody {
    /// Only these, at most 1,000
    ids: Option<Vec<String>>,
    /// Only with this key
    key: Option<String>,
    /// Only of this type
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// How many.
#[derive(Serialize, ToSchema)]
#[schema(as = Updated)]
pub struct UpdatedView {
    /// How many notifications changed
    updated: usize,
}

/// Mark notifications as read
#[utoipa::path(request_body = ReadBody, responses((status = 200, body = UpdatedView), (status = 400, description = "INVALID_REQUEST")), security(("bearer" = [])), tag = "notifications")]
#[post("/notifications/read")]
pub async fn mark_read(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let body: ReadBody = call.body.read()?;
        let which = which(body)?;
        let user = call.caller.no;
        let mut updated = 0;
        loop {
            let which = which.clone();
            let mark = move |connection: &mut _| rows::mark_read(connection, user, &which);
            match call.pool().run(mark).await? {
                0 => break,
                some => updated += some,
            }
        }
        if updated > 0 {
            call.server.deps.room.notifier.tell_count(user);
        }
        StoredResponse::json(200, &UpdatedView { updated })
    };
    call.once(work).await
}

fn which(body: ReadBody) -> Result<Which, Refusal> {
    let ids = body.ids.as_deref();
    if ids.is_some_and(|ids| ids.len() > crate::domain::notice::RECIPIENTS) {
        return Err(Refusal::invalid("ids", "must be at most 1000"));
    }
    let numbers = ids.map(|ids| {
        let ids = ids.iter().map(|id| NoticeNo::parse(id, "ids"));
        ids.map(|no| no.map(|no| no.map_or(0, |no| no.0))).collect()
    });
    body.key
        .as_deref()
        .map_or(Ok(()), |key| limits::required_text(key, "key", KEY))?;
    body.kind
        .as_deref()
        .map_or(Ok(()), |kind| limits::required_text(kind, "type", 64))?;
    Ok(Which {
        numbers: numbers.transpose()?,
        key: body.key,
        kind: body.kind,
    })
}

/// Note that the caller has opened the list: what they have not read is no longer new to them
#[utoipa::path(responses((status = 200, body = UpdatedView)), security(("bearer" = [])), tag = "notifications")]
#[post("/notifications/seen")]
pub async fn mark_seen(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let work = async {
        let mut updated = 0;
        loop {
            match call
                .pool()
                .run(move |connection| rows::mark_seen(connection, user))
                .await?
            {
                0 => break,
                some => updated += some,
            }
        }
        if updated > 0 {
            call.server.deps.room.notifier.tell_count(user);
        }
        StoredResponse::json(200, &UpdatedView { updated })
    };
    call.once(work).await
}

/// What is withdrawn: one of the three.
#[derive(Deserialize, ToSchema)]
#[schema(as = WithdrawNotifications)]
pub struct WithdrawBody {
    /// One notification
    id: Option<String>,
    /// What `user_id` has not read with this key
    key: Option<String>,
    /// Whose notification with `key`
    user_id: Option<String>,
    /// What nobody has read about a thing of this type; needs `subject_id`
    subject_type: Option<String>,
    /// Its id
    subject_id: Option<String>,
}

/// Withdraw notifications that have become pointless (service and admin tokens)
#[utoipa::path(request_body = WithdrawBody, responses((status = 200, body = UpdatedView), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "notifications")]
#[post("/notifications/withdraw")]
pub async fn withdraw(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    if !call.caller.roles.may(Privilege::MakeNotifications) {
        let why = "Only the platform and admins withdraw notifications";
        return Err(Refusal::Forbidden(why).into());
    }
    let work = async {
        let body: WithdrawBody = call.body.read()?;
        let what = withdrawn(&call, body).await?;
        let mut updated = 0;
        loop {
            let what = what.clone();
            let write = move |connection: &mut _| rows::withdraw(connection, &what);
            let gone = call.pool().run(write).await?;
            if gone.is_empty() {
                break;
            }
            updated += gone.len();
            call.server.deps.room.notifier.tell(gone);
        }
        StoredResponse::json(200, &UpdatedView { updated })
    };
    call.once(work).await
}

async fn withdrawn(call: &Call<(), Body>, body: WithdrawBody) -> Result<Withdrawn, Failure> {
    let about = about_of(body.subject_type, body.subject_id)?;
    match (body.id, body.key, about) {
        (Some(id), None, None) => {
            let no = NoticeNo::parse(&id, "id")?;
            Ok(Withdrawn::One(no.ok_or(Refusal::NotificationNotFound)?))
        }
        (None, Some(key), None) => {
            limits::required_text(&key, "key", KEY)?;
            let named = body
                .user_id
                .ok_or_else(|| Refusal::invalid("user_id", "is missing"))?;
            let user = whose(call, Some(&named)).await?;
            Ok(Withdrawn::Keyed(user, key))
        }
        (None, None, Some(about)) => Ok(Withdrawn::About(about)),
        _ => Err(Refusal::invalid("body", "must name an id, a key or a subject").into()),
    }
}
