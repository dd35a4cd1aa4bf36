//! Profiles: the caller's own, and those that the platform registers.

use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::access::Privilege;
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::{UserId, UserNo};
use crate::domain::limits;
use crate::domain::principal::{Profile, Roles};
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::instants::maybe_instant;
use crate::store::blocks;
use crate::store::users::{self, Acquaintance};

/// A person.
#[derive(Serialize, ToSchema)]
pub struct UserView<'a> {
    /// The platform's id
    user_id: &'a str,
    /// The name to show
    name: Option<&'a str>,
    /// The e-mail address; only in one's own profile, and for the platform
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// A picture
    avatar_url: Option<&'a str>,
    /// Another id that is accepted wherever theirs is; only in one's own profile, and for the platform
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    /// What the caller's token makes of the caller; only in one's own profile
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<&'static str>>,
    /// Whether they are here
    status: PresenceStatus,
    /// When their last connection ended; null while they are here
    #[serde(serialize_with = "maybe_instant")]
    last_seen_at: Option<DateTime<Utc>>,
}

fn view<'a>(
    server: &AppState,
    no: UserNo,
    id: &'a UserId,
    profile: &'a Profile,
    roles: Option<Roles>,
) -> UserView<'a> {
    UserView {
        user_id: id.as_str(),
        name: profile.name.as_deref(),
        email: profile.email.as_deref(),
        avatar_url: profile.avatar_url.as_deref(),
        alias: profile.alias.as_ref().map(UserId::as_str),
        roles: roles.map(Roles::names),
        status: server.deps.room.directory.status(no),
        last_seen_at: None,
    }
}

/// The caller's profile, as the token and earlier tokens say
#[utoipa::path(responses((status = 200, body = UserView), (status = 401, description = "UNAUTHENTICATED")), security(("bearer" = [])), tag = "people")]
#[get("/me")]
pub async fn show(call: Call) -> HttpResponse {
    let caller = &call.caller;
    HttpResponse::Ok().json(view(
        &call.server,
        caller.no,
        &caller.id,
        &caller.profile,
        Some(caller.roles),
    ))
}

/// A profile that the platform makes known.
#[derive(Deserialize, ToSchema)]
pub struct PutUser {
    /// The name to show
    name: Option<String>,
    /// The e-mail address
    email: Option<String>,
    /// A picture; https
    avatar_url: Option<String>,
    /// Another id of theirs, which is accepted wherever their id is: nobody's id, and nobody else's alias
    alias: Option<String>,
}

/// Make a user known, or bring the profile up to date (service tokens)
#[utoipa::path(request_body = PutUser, params(("id" = String, Path, description = "The platform's user id")), responses((status = 200, body = UserView), (status = 403, description = "FORBIDDEN"), (status = 409, description = "CONFLICT: the alias is another user's")), security(("bearer" = [])), tag = "people")]
#[put("/users/{id}")]
pub async fn put_user(call: Call<String, Body>) -> Result<HttpResponse, Failure> {
    if !call.caller.roles.may(Privilege::MakeUsersKnown) {
        return Err(
            Refusal::Forbidden("Only the platform's own back end may make users known").into(),
        );
    }
    let id = UserId::parse(&call.path, "id")?;
    let PutUser {
        name,
        email,
        avatar_url,
        alias,
    } = call.body.read()?;
    for (text, field) in [(&name, "name"), (&email, "email")] {
        text.as_deref().map_or(Ok(()), |text| {
            limits::required_text(text, field, limits::TITLE_CHARACTERS)
        })?;
    }
    avatar_url
        .as_deref()
        .map_or(Ok(()), |url| limits::https_url(url, "avatar_url"))?;
    let profile = Profile {
        name,
        email,
        avatar_url,
        alias: alias.map(|id| UserId::parse(&id, "alias")).transpose()?,
    };
    let people = &call.server.deps.people;
    let (no, id, profile) = people.remember(id, profile).await?;
    Ok(HttpResponse::Ok().json(view(&call.server, no, &id, &profile, None)))
}

/// A profile, without the e-mail address, of somebody in a conversation that the caller may read. Of somebody who took part there and does not any more: their name and picture, and `offline`
#[utoipa::path(params(("id" = String, Path, description = "The platform's user id")), responses((status = 200, body = UserView), (status = 404, description = "USER_NOT_FOUND")), security(("bearer" = [])), tag = "people")]
#[get("/users/{id}")]
pub async fn show_user(call: Call<UserId>) -> Result<HttpResponse, Failure> {
    let (caller, id) = (&call.caller, &call.path);
    let (wanted, asking) = (id.clone(), caller.no);
    let sees_all = caller.roles.may(Privilege::SeeEveryUser);
    let found = call.pool().run(move |connection| {
        let Some(row) = users::find(connection, wanted.as_str())? else {
            return Ok(None);
        };
        let no = UserNo(row.no);
        let seen = match sees_all || no == asking {
            true => Some(Acquaintance::Present),
            false => users::acquaintance(connection, asking, no)?,
        };
        let is_blocked = !blocks::between(connection, asking, &[no.0])?.is_empty();
        let seen = seen.map(|seen| match is_blocked {
            true => Acquaintance::Past,
            false => seen,
        });
        let last_seen = users::last_seen(connection, &[no.0])?.remove(&no);
        Ok(seen.map(|seen| (row, seen, last_seen)))
    });
    let (row, seen, last_seen) = found
        .await?
        .ok_or_else(|| Refusal::UserNotFound(id.to_string()))?;
    let (no, id, mut profile) = row.into_parts();
    if !caller.roles.may(Privilege::SeeEmailAddresses) {
        profile.email = None;
        profile.alias = None;
    }
    let mut shown = view(&call.server, no, &id, &profile, None);
    match seen {
        Acquaintance::Past => shown.status = PresenceStatus::Offline,
        Acquaintance::Present if shown.status == PresenceStatus::Offline => {
            shown.last_seen_at = last_seen;
        }
        Acquaintance::Present => {}
    }
    Ok(HttpResponse::Ok().json(shown))
}
