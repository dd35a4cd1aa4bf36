//! Ends a user's sessions, for a platform that closes an account or takes a role away.

use actix_web::{HttpResponse, post};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::access::Privilege;
use crate::domain::ids::UserId;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;

/// From when on somebody's tokens count again.
#[derive(Serialize, ToSchema)]
pub struct SignedOut<'a> {
    /// The platform's id
    user_id: &'a str,
    /// Tokens with an `iat` before this second, and those without one, are refused; the whole second after the call
    not_before: String,
}

/// End a user's sessions and refuse the tokens issued so far (service tokens)
#[utoipa::path(params(("id" = String, Path, description = "The platform's user id")), responses((status = 200, body = SignedOut), (status = 400, description = "INVALID_REQUEST"), (status = 401, description = "UNAUTHENTICATED"), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "people")]
#[post("/users/{id}/sign-out")]
pub async fn sign_out(call: Call<String>) -> Result<HttpResponse, Failure> {
    if !call.caller.roles.may(Privilege::SignOut) {
        return Err(
            Refusal::Forbidden("Only the platform's own back end may sign users out").into(),
        );
    }
    let id = UserId::parse(&call.path, "id")?;
    let (id, not_before) = call.server.deps.people.sign_out(id).await?;
    Ok(HttpResponse::Ok().json(SignedOut {
        user_id: id.as_str(),
        not_before: not_before.to_string(),
    }))
}
