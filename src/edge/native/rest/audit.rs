//! The audit log: what staff did and looked at, and what rules note.

use actix_web::{HttpResponse, get};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::conversations::limit_of;
use super::webhook_events::{cursor_of, next_cursor};
use crate::domain::access::Privilege;
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::{Failure, Query};
use crate::edge::native::instants::instant_text;
use crate::store::audit::{self as rows, Filter, LineRow};

/// A line of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLine)]
pub struct LineView<'a> {
    /// Its number
    id: i64,
    /// When
    at: String,
    /// Who did it; null where the platform acted
    actor_id: Option<&'a str>,
    /// What was done
    action: &'a str,
    /// The type of what it was done to
    object_type: &'a str,
    /// Its id
    object_id: &'a str,
    /// The conversation, if it was in one
    conversation_id: Option<Uuid>,
    /// What else is to be known
    #[schema(value_type = Object)]
    data: &'a Value,
}

impl<'a> LineView<'a> {
    fn new(row: &'a LineRow) -> Self {
        let actor = row.actor.as_str();
        Self {
            id: row.no,
            at: instant_text(row.at),
            actor_id: Some(actor).filter(|actor| !actor.is_empty()),
            action: &row.action,
            object_type: &row.object_type,
            object_id: &row.object_id,
            conversation_id: row.conversation_id,
            data: &row.data,
        }
    }
}

/// What the log is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only what was done to things of this type; needs `object_id`
    object_type: Option<String>,
    /// Only what was done to the thing with this id; needs `object_type`
    object_id: Option<String>,
    /// Where the last page ended
    cursor: Option<String>,
    /// 1–100
    limit: Option<i64>,
}

/// The audit log, newest first (admin and service tokens)
#[utoipa::path(params(AuditQuery), responses((status = 200, description = "`items`: lines; `next_cursor`", body = Object), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "audit")]
#[get("/audit")]
pub async fn list(call: Call, query: Query<AuditQuery>) -> Result<HttpResponse, Failure> {
    if !call.caller.roles.may(Privilege::SeeAuditLog) {
        return Err(
            Refusal::Forbidden("Only admins and the platform may see the audit log").into(),
        );
    }
    let Query(query) = query;
    let limit = limit_of(query.limit)?;
    let filter = Filter {
        object: object_of(query.object_type, query.object_id)?,
        before: cursor_of(query.cursor.as_deref())?,
    };
    let find = move |connection: &mut _| rows::list(connection, &filter, limit);
    let found = call.pool().run(find).await?;
    let next = next_cursor(found.len(), limit, found.last().map(|row| row.no));
    let items: Vec<_> = found.iter().map(LineView::new).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_cursor": next })))
}

fn object_of(
    kind: Option<String>,
    id: Option<String>,
) -> Result<Option<(String, String)>, Refusal> {
    match (kind, id) {
        (Some(kind), Some(id)) => {
            limits::required_text(&kind, "object_type", 64)?;
            limits::required_text(&id, "object_id", 256)?;
            Ok(Some((kind, id)))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(Refusal::invalid("object_id", "is missing")),
        (None, Some(_)) => Err(Refusal::invalid("object_type", "is missing")),
    }
}
