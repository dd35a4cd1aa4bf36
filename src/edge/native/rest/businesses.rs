//! Businesses: what the platform says of them, for whom the caller works, and the conversations of their customers.

use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::conversations::{cursor_of, cursor_text, limit_of};
use crate::domain::access::{BusinessRelation, Privilege};
use crate::domain::business::{Business, BusinessId, StaffRole};
use crate::domain::conversation::ConversationStatus;
use crate::domain::limits;
use crate::domain::object;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::{Call, FromPath};
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure, Query};
use crate::edge::native::instants::instant;
use crate::edge::native::views::ConversationView;
use crate::store::businesses::{self as rows, Described};

impl FromPath for BusinessId {
    type Parts = String;
    fn parse(id: String) -> Result<Self, Refusal> {
        Self::parse(&id, "id")
    }
}

/// A business.
#[derive(Serialize, ToSchema)]
#[schema(as = Business)]
pub struct BusinessView<'a> {
    /// The platform's id
    #[schema(value_type = String)]
    id: &'a BusinessId,
    /// The name to show
    name: &'a str,
    /// The time zone
    zone: Option<&'a str>,
    /// The language
    locale: Option<&'a str>,
    /// What the caller does for it; null if nothing
    my_role: Option<StaffRole>,
    /// The platform's own object; only for its staff
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    settings: Option<&'a Value>,
    /// Rises with each change of the settings; only for its staff
    #[serde(skip_serializing_if = "Option::is_none")]
    settings_version: Option<i64>,
    /// When it was made
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When it was last changed
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
}

impl<'a> BusinessView<'a> {
    fn new(business: &'a Business, role: Option<StaffRole>, relation: BusinessRelation) -> Self {
        let is_staff = relation.must_be_staff().is_ok();
        Self {
            id: &business.id,
            name: &business.name,
            zone: business.zone.as_deref(),
            locale: business.locale.as_deref(),
            my_role: role,
            settings: is_staff.then_some(&business.settings),
            settings_version: is_staff.then_some(business.settings_version),
            created_at: business.created_at,
            updated_at: business.updated_at,
        }
    }
}

/// A business that exists.
pub(super) async fn business_of(server: &AppState, id: &BusinessId) -> Result<Business, Failure> {
    let wanted = id.clone();
    let pool = &server.deps.room.pool;
    let read = pool.run(move |connection| rows::find(connection, &wanted));
    Ok(read
        .await?
        .ok_or_else(|| Refusal::BusinessNotFound(id.to_string()))?)
}

/// A business, and what the caller is to it.
pub(super) async fn relation<P, B>(
    call: &Call<P, B>,
    id: &BusinessId,
) -> Result<(Business, Option<StaffRole>, BusinessRelation), Failure> {
    let business = business_of(&call.server, id).await?;
    let (no, user) = (business.no, call.caller.no);
    let read = call
        .pool()
        .run(move |connection| rows::role_of(connection, no, user));
    let role = read.await?;
    let relation = BusinessRelation::of(call.caller.roles, role);
    Ok((business, role, relation))
}

/// What the platform says of a business.
#[derive(Deserialize, ToSchema)]
pub struct PutBusiness {
    /// The name to show
    name: String,
    /// The time zone, such as `Europe/Berlin`
    zone: Option<String>,
    /// The language, such as `en` or `pt-BR`
    locale: Option<String>,
    /// The platform's own object
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

impl PutBusiness {
    fn checked(self) -> Result<Described, Refusal> {
        limits::required_text(&self.name, "name", limits::TITLE_CHARACTERS)?;
        for (text, field, also) in [(&self.zone, "zone", "/_+-"), (&self.locale, "locale", "-")] {
            let Some(text) = text else { continue };
            let is_good = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
            if !(1..=64).contains(&text.len()) || !text.chars().all(is_good) {
                let why = format!("must be 1–64 characters of A–Z a–z 0–9 {also}");
                return Err(Refusal::invalid(field, why));
            }
        }
        let settings = self.settings.map(Value::Object);
        settings.as_ref().map_or(Ok(()), |settings| {
            limits::json(&settings.to_string(), "settings")
        })?;
        Ok(Described {
            name: self.name,
            zone: self.zone,
            locale: self.locale,
            settings,
        })
    }
}

/// Make a business known, or bring it up to date (service tokens)
#[utoipa::path(request_body = PutBusiness, params(("id" = String, Path, description = "The platform's id of the business")), responses((status = 200, body = BusinessView), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "businesses")]
#[put("/businesses/{id}")]
pub async fn put(call: Call<BusinessId, Body>) -> Result<HttpResponse, Failure> {
    if !call.caller.roles.may(Privilege::ManageBusinesses) {
        let why = "Only the platform's own back end may make businesses known";
        return Err(Refusal::Forbidden(why).into());
    }
    let body: PutBusiness = call.body.read()?;
    let (id, described) = (call.path.clone(), body.checked()?);
    let written = call
        .pool()
        .run(move |connection| rows::put(connection, &id, &described));
    let business = written.await?;
    let view = BusinessView::new(&business, None, BusinessRelation::Platform);
    Ok(HttpResponse::Ok().json(view))
}

/// A business; its settings only for its staff
#[utoipa::path(params(("id" = String, Path)), responses((status = 200, body = BusinessView), (status = 404, description = "BUSINESS_NOT_FOUND")), security(("bearer" = [])), tag = "businesses")]
#[get("/businesses/{id}")]
pub async fn show(call: Call<BusinessId>) -> Result<HttpResponse, Failure> {
    let (business, role, relation) = relation(&call, &call.path).await?;
    Ok(HttpResponse::Ok().json(BusinessView::new(&business, role, relation)))
}

/// The businesses for which the caller works
#[utoipa::path(responses((status = 200, description = "`items`: businesses; `next_cursor`: always null", body = Object)), security(("bearer" = [])), tag = "businesses")]
#[get("/me/businesses")]
pub async fn mine(call: Call) -> Result<HttpResponse, Failure> {
    let user = call.caller.no;
    let read = call
        .pool()
        .run(move |connection| rows::of_user(connection, user));
    let found = read.await?;
    let views = found.iter().map(|(business, role)| {
        BusinessView::new(business, Some(*role), BusinessRelation::Staff(*role))
    });
    let items: Vec<_> = views.collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": null })))
}

/// Which conversations of a business.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BusinessListQuery {
    /// Only this status
    status: Option<ConversationStatus>,
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// The conversations in which a business supports its customers, newest activity first; for its staff
#[utoipa::path(params(("id" = String, Path), BusinessListQuery), responses((status = 200, description = "`items`: conversations; `next_cursor`", body = Object), (status = 403, description = "NOT_STAFF"), (status = 404, description = "BUSINESS_NOT_FOUND")), security(("bearer" = [])), tag = "businesses")]
#[get("/businesses/{id}/conversations")]
pub async fn conversations(
    call: Call<BusinessId>,
    query: Query<BusinessListQuery>,
) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    let limit = limit_of(query.limit)?;
    let cursor = query.cursor.as_deref().map(cursor_of).transpose()?;
    let (business, _, relation) = relation(&call, &call.path).await?;
    relation.must_be_staff()?;
    let (user, status) = (call.caller.no, query.status);
    let read = call.pool().run(move |connection| {
        rows::conversations(connection, business.no, user, status, cursor, limit)
    });
    let listed = read.await?;
    let full = listed.len() as i64 == limit;
    let next = listed
        .last()
        .filter(|_| full)
        .map(|last| cursor_text(last.conversation.updated_at, last.conversation.no.0));
    let deps = &call.server.deps;
    let (directory, links) = (&deps.room.directory, &deps.files.links);
    let views = listed
        .iter()
        .map(|one| ConversationView::listed(one, user, directory, links));
    let items: Vec<_> = views.collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}
