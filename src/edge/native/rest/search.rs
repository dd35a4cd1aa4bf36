//! Search over REST.

use actix_web::{HttpResponse, get};

use crate::edge::http::call::Call;
use crate::edge::http::{Failure, Query};
use crate::edge::native::searching::{FoundView, SearchData};

/// Search the messages of the caller's conversations. Staff may search any conversation (`conversation_id`) or all (`scope=all`); both are
/// written to the audit log
#[utoipa::path(params(SearchData), responses((status = 200, description = "`items`: `message`, `conversation` (`id`, `title`, `subject`) and `highlights` (start and length in the body, in code points); `next_cursor`; `total`, null where not everything was read; `behind_seconds` for staff", body = Object), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED, FORBIDDEN"), (status = 404, description = "CONVERSATION_NOT_FOUND"), (status = 409, description = "SEARCH_UNAVAILABLE"), (status = 422, description = "SEARCH_TOO_BROAD"), (status = 429, description = "RATE_LIMITED")), security(("bearer" = [])), tag = "messages")]
#[get("/search")]
pub async fn search(call: Call, query: Query<SearchData>) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    let found = call
        .server
        .deps
        .search(&call.caller, query.request()?)
        .await?;
    let view = FoundView::new(&found, call.caller.no, &call.server.deps.files.links);
    Ok(HttpResponse::Ok().json(view))
}
