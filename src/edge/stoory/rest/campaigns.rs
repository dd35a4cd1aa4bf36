//! The deals about campaigns: the front end's endpoints under `/api/campaigns`, in both generations of their names.

use actix_web::{HttpResponse, post};

use super::answers::With;
use super::automated::{ActionBody, ReviewBody, WorkBody, action, review, submission};
use super::deal_view::Side;
use super::initializing::{InitializeBody, Initialized, initialize};
use super::outcome::{Acted, Worked};
use super::speaking::InConversation;
use super::verifying::{Verified, VerifyBody, verify};
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::refusals::Body;
use crate::edge::stoory::about::CAMPAIGN;

/// Begin the deal about a campaign, as the brand owner, with an influencer; or find it
#[utoipa::path(request_body = InitializeBody, responses((status = 200, body = With<Initialized>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED, IDENTITY_MISMATCH"), (status = 404, description = "USER_NOT_FOUND"), (status = 409, description = "CONFLICT, PAYMENTS_UNAVAILABLE"), (status = 422, description = "UNPROCESSABLE")), security(("bearer" = [])), tag = "stoory")]
#[post("/automated/initialize")]
pub async fn begin(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    initialize(&call, CAMPAIGN).await
}

/// Begin the deal about a campaign, as the brand owner, with an influencer; or find it
#[utoipa::path(request_body = InitializeBody, responses((status = 200, body = With<Initialized>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED, IDENTITY_MISMATCH"), (status = 404, description = "USER_NOT_FOUND"), (status = 409, description = "CONFLICT, PAYMENTS_UNAVAILABLE"), (status = 422, description = "UNPROCESSABLE")), security(("bearer" = [])), tag = "stoory")]
#[post("/initialize-conversation")]
pub async fn begin_at_first(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    initialize(&call, CAMPAIGN).await
}

/// Act in a deal as the brand owner
#[utoipa::path(request_body = ActionBody, responses((status = 200, body = With<Acted>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED, FLOW_STATE_INVALID"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/automated/brand-owner-action")]
pub async fn brand_owner_action(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    action(&call, Side::BrandOwner).await
}

/// Act in a deal as the brand owner
#[utoipa::path(request_body = ActionBody, responses((status = 200, body = With<Acted>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED, FLOW_STATE_INVALID"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/handle-brand-owner-action")]
pub async fn brand_owner_action_at_first(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    action(&call, Side::BrandOwner).await
}

/// Act in a deal as the influencer
#[utoipa::path(request_body = ActionBody, responses((status = 200, body = With<Acted>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED, FLOW_STATE_INVALID"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/automated/influencer-action")]
pub async fn influencer_action(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    action(&call, Side::Influencer).await
}

/// Act in a deal as the influencer
#[utoipa::path(request_body = ActionBody, responses((status = 200, body = With<Acted>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED, FLOW_STATE_INVALID"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/handle-influencer-action")]
pub async fn influencer_action_at_first(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    action(&call, Side::Influencer).await
}

/// Report what a checkout gave the browser; the deal moves when the gateway's webhook has come, and only then
#[utoipa::path(request_body = VerifyBody, responses((status = 200, body = With<Verified>), (status = 400, description = "INVALID_REQUEST: also a signature that is not the gateway's"), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, ORDER_NOT_FOUND"), (status = 409, description = "PAYMENTS_UNAVAILABLE")), security(("bearer" = [])), tag = "stoory")]
#[post("/automated/verify-payment")]
pub async fn verify_payment(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    verify(&call).await
}

/// Hand in work, as the influencer
#[utoipa::path(request_body = WorkBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Worked>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED, FLOW_STATE_INVALID"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/{id}/automated/submit-work")]
pub async fn submit_work(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    submission(&call).await
}

/// Hand in work, as the influencer
#[utoipa::path(request_body = WorkBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Worked>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED, FLOW_STATE_INVALID"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/{id}/submit-work")]
pub async fn submit_work_at_first(
    call: Call<InConversation, Body>,
) -> Result<HttpResponse, Failure> {
    submission(&call).await
}

/// Approve work or request a revision, as the brand owner
#[utoipa::path(request_body = ReviewBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Worked>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED, FLOW_STATE_INVALID"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/{id}/automated/review-work")]
pub async fn review_work(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    review(&call).await
}

/// Approve work or request a revision, as the brand owner
#[utoipa::path(request_body = ReviewBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Worked>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED, FLOW_STATE_INVALID"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/{id}/review-work")]
pub async fn review_work_at_first(
    call: Call<InConversation, Body>,
) -> Result<HttpResponse, Failure> {
    review(&call).await
}
