//! The staff of a business: rows that its owners, its managers and the platform keep.

use actix_web::{HttpResponse, delete, get, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::businesses::relation;
use crate::domain::access::BusinessRelation;
use crate::domain::business::{BusinessId, StaffChange, StaffMember, StaffRole};
use crate::domain::ids::{BusinessNo, UserId, UserNo};
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, FromPath};
use crate::edge::http::refusals::Body;
use crate::edge::native::instants::instant;
use crate::store::businesses::{self as rows, ListedMember};
use crate::store::users;

impl FromPath for (BusinessId, UserId) {
    type Parts = (String, String);
    fn parse((business, user): (String, String)) -> Result<Self, Refusal> {
        let business = BusinessId::parse(&business, "id")?;
        Ok((business, UserId::parse(&user, "user_id")?))
    }
}

/// Somebody who works for a business.
#[derive(Serialize, ToSchema)]
#[schema(as = Staff)]
pub struct StaffView<'a> {
    /// The platform's id
    user_id: &'a str,
    /// The platform's name
    name: Option<&'a str>,
    /// What they do
    role: Option<StaffRole>,
    /// The name that customers see
    display_name: Option<&'a str>,
    /// Since when
    #[serde(serialize_with = "instant")]
    added_at: DateTime<Utc>,
}

impl<'a> StaffView<'a> {
    fn new(listed: &'a ListedMember) -> Self {
        Self {
            user_id: listed.id.as_str(),
            name: listed.name.as_deref(),
            role: listed.member.role,
            display_name: listed.member.display_name.as_deref(),
            added_at: listed.added_at,
        }
    }
}

/// Who works for a business; for its staff
#[utoipa::path(params(("id" = String, Path)), responses((status = 200, description = "`items`: staff; `next_cursor`: always null", body = Object), (status = 403, description = "NOT_STAFF"), (status = 404, description = "BUSINESS_NOT_FOUND")), security(("bearer" = [])), tag = "businesses")]
#[get("/businesses/{id}/staff")]
pub async fn list(call: Call<BusinessId>) -> Result<HttpResponse, Failure> {
    let (business, _, relation) = relation(&call, &call.path).await?;
    relation.must_be_staff()?;
    let staff = staff_of(&call, business.no).await?;
    let items: Vec<_> = staff.iter().map(StaffView::new).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": null })))
}

async fn staff_of<P, B>(call: &Call<P, B>, no: BusinessNo) -> Result<Vec<ListedMember>, Failure> {
    let read = call
        .pool()
        .run(move |connection| rows::staff(connection, no));
    Ok(read.await?)
}

/// What somebody does for a business.
#[derive(Deserialize, ToSchema)]
pub struct PutStaff {
    /// `viewer`, `agent`, `manager` or `owner`
    role: StaffRole,
    /// The name that customers see
    display_name: Option<String>,
}

/// Make somebody staff of a business, or change what they do (its managers and owners, and the platform)
#[utoipa::path(request_body = PutStaff, params(("id" = String, Path), ("user_id" = String, Path)), responses((status = 200, body = StaffView), (status = 403, description = "NOT_STAFF, FORBIDDEN"), (status = 404, description = "BUSINESS_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONFLICT: the last owner")), security(("bearer" = [])), tag = "businesses")]
#[put("/businesses/{id}/staff/{user_id}")]
pub async fn put(call: Call<(BusinessId, UserId), Body>) -> Result<HttpResponse, Failure> {
    let PutStaff { role, display_name } = call.body.read()?;
    display_name.as_deref().map_or(Ok(()), |name| {
        limits::required_text(name, "display_name", limits::TITLE_CHARACTERS)
    })?;
    let (business, member) = set(&call, Some(role), display_name).await?;
    let staff = staff_of(&call, business).await?;
    let listed = staff.iter().find(|one| one.member.user == member.user);
    let listed = listed.ok_or_else(|| Refusal::UserNotFound(call.path.1.to_string()))?;
    Ok(HttpResponse::Ok().json(StaffView::new(listed)))
}

/// Let somebody be staff no more; oneself: leave
#[utoipa::path(params(("id" = String, Path), ("user_id" = String, Path)), responses((status = 204, description = "No staff any more"), (status = 403, description = "NOT_STAFF, FORBIDDEN"), (status = 404, description = "BUSINESS_NOT_FOUND, USER_NOT_FOUND"), (status = 409, description = "CONFLICT: the last owner")), security(("bearer" = [])), tag = "businesses")]
#[delete("/businesses/{id}/staff/{user_id}")]
pub async fn remove(call: Call<(BusinessId, UserId)>) -> Result<HttpResponse, Failure> {
    set(&call, None, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes what somebody does for a business, and tells the rooms of this server.
async fn set<B>(
    call: &Call<(BusinessId, UserId), B>,
    role: Option<StaffRole>,
    display_name: Option<String>,
) -> Result<(BusinessNo, StaffMember), Failure> {
    let (id, user) = &call.path;
    let (business, _, relation) = relation(call, id).await?;
    relation.must_be_staff()?;
    let (no, caller, user) = (business.no, call.caller.no, user.clone());
    let write = call.pool().run(move |connection| {
        let Some(row) = users::find(connection, user.as_str())? else {
            return Err(Refusal::UserNotFound(user.to_string()).into());
        };
        let user = UserNo(row.no);
        let wanted = (role, display_name.as_deref());
        rows::set_staff(connection, no, user, wanted, |connection, before| {
            if role.is_none() && before.is_none() {
                return Err(Refusal::UserNotFound(row.id.clone()).into());
            }
            let leaves = user == caller && role.is_none();
            if !leaves {
                relation.may_change(before, role)?;
            }
            let ends_owner = before == Some(StaffRole::Owner) && role != before;
            let is_last = ends_owner && rows::owners(connection, no)? <= 1;
            match is_last && relation != BusinessRelation::Platform {
                true => Err(Refusal::Conflict("The last owner of a business stays").into()),
                false => Ok(()),
            }
        })
    });
    let member = write.await?;
    call.server.deps.room.staff.note(StaffChange {
        business: no,
        member: member.clone(),
    });
    log::info!(event = "staff_changed", business_id:% = id, user_id:% = call.path.1, by:% = call.caller.id, role = role.map_or("none", StaffRole::name); "");
    Ok((no, member))
}
