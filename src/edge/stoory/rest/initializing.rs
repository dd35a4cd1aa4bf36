//! Beginning a deal about a bid or a campaign: the brand owner, who alone pays in it, begins it with an influencer.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

use super::answers::With;
use super::reading::Opened;
use crate::domain::access::Privilege;
use crate::domain::access::policies::Begun;
use crate::domain::conversation::{ConversationKind, Subject};
use crate::domain::flow::Money;
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::limits;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::rest::creating::make;
use crate::edge::native::rest::flows::WantedDeal;
use crate::edge::native::rest::found::Wish;
use crate::edge::stoory::money;
use crate::edge::stoory::rows::ConversationRow;
use crate::edge::stoory::sides::{BRAND_OWNER, INFLUENCER};
use crate::store::creation::NewConversation;
use crate::store::users;

/// The currency of amounts that the front end names without one.
const CURRENCY: &str = "INR";

/// A deal to begin; the caller is the brand owner.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryInitialize)]
pub struct InitializeBody {
    /// The bid that it is about
    bid_id: Option<String>,
    /// The campaign that it is about
    campaign_id: Option<String>,
    /// With whom
    influencer_id: Option<String>,
    /// What the influencer asks for, in rupees
    #[schema(value_type = Option<f64>)]
    proposed_amount: Option<Value>,
}

/// What the deal was begun with.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryDealRequest)]
pub struct DealRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    bid_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_id: Option<String>,
    influencer_id: String,
    /// In rupees, as the deal has it; null if the deal has none
    #[schema(value_type = Option<f64>)]
    proposed_amount: Option<Value>,
}

/// A deal that has begun.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryInitialized)]
pub struct Initialized<'a> {
    /// What was done, in words
    message: &'static str,
    /// The conversation
    conversation: ConversationRow<'a>,
    /// What the deal was begun with
    request: DealRequest,
    /// The state
    flow_state: &'a str,
    /// Whose turn it is
    awaiting_role: Option<&'a str>,
}

/// Begins the deal of a flow about a subject of the same name; if it has begun already, finds it.
pub(super) async fn initialize(
    call: &Call<(), Body>,
    flow: &'static str,
) -> Result<HttpResponse, Failure> {
    let work = async {
        let owner = call.named_sender().await?;
        let asked: InitializeBody = call.body.read()?;
        let (subject_id, field) = match flow {
            "campaign" => (&asked.campaign_id, "campaign_id"),
            _ => (&asked.bid_id, "bid_id"),
        };
        let subject_id = given(subject_id, field)?;
        limits::required_text(&subject_id, field, 128)?;
        let influencer = UserId::parse(
            &given(&asked.influencer_id, "influencer_id")?,
            "influencer_id",
        )?;
        let context = context(asked.proposed_amount.as_ref())?;
        let subject = Subject {
            kind: flow.to_owned(),
            id: subject_id,
            card: Value::Null,
        };
        let id = begin(call, &owner, &influencer, subject, context).await?;
        let opened = Opened::find(&call.server, &owner, id).await?;
        answer(&opened, asked, influencer)
    };
    call.once(work).await
}

fn given(value: &Option<String>, field: &'static str) -> Result<String, Refusal> {
    let value = value.clone().filter(|value| !value.is_empty());
    value.ok_or_else(|| Refusal::invalid(field, "is missing"))
}

/// The context with which a deal begins: what the influencer asks for.
fn context(proposed: Option<&Value>) -> Result<Map<String, Value>, Refusal> {
    let amount = match proposed {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Number(number)) => money::of_number(number, Money::digits(CURRENCY)),
        Some(Value::String(text)) => money::of_text(text, CURRENCY),
        Some(_) => None,
    };
    let wrong = || Refusal::invalid("proposed_amount", money::NOT_AN_AMOUNT);
    let amount = amount.ok_or_else(wrong)?;
    let proposed = json!({ "amount": amount, "currency": CURRENCY });
    Ok([("proposed_amount".to_owned(), proposed)]
        .into_iter()
        .collect())
}

async fn begin(
    call: &Call<(), Body>,
    owner: &Arc<Principal>,
    influencer: &UserId,
    subject: Subject,
    context: Map<String, Value>,
) -> Result<ConversationId, Failure> {
    let server = &call.server;
    let is_platform = call.caller.roles.may(Privilege::StayOutside) && owner.no == call.caller.no;
    if is_platform || owner.is_named(influencer.as_str()) {
        let two = "A deal has two people: a brand owner and an influencer";
        return Err(Refusal::Unprocessable(two).into());
    }
    if owner.platform_role.as_deref() == Some(INFLUENCER) {
        return Err(Refusal::Forbidden(
            "A brand owner begins a deal, and the token names an influencer",
        )
        .into());
    }
    let deal = WantedDeal::as_payer(server, owner, (&subject.kind, BRAND_OWNER), context)?;
    let influencer = number_of(server, influencer.clone()).await?;
    let mut new = NewConversation {
        id: ConversationId::fresh(),
        kind: ConversationKind::Group,
        title: None,
        subject: Some(subject),
        creator: owner.no,
        inviter: server.deps.room.policies.inviter(owner.roles, Begun::Deal),
        participants: vec![
            (owner.no, BRAND_OWNER.to_owned()),
            (influencer, INFLUENCER.to_owned()),
        ],
        max_participants: None,
        external_id: None,
        business: None,
        first_message: None,
        first_step: None,
    };
    let now = server.deps.room.pool.clock().now();
    new.first_step = Some(deal.first_step(&new.as_new(owner, now), owner, now)?.step);
    let wish = Wish {
        sides: vec![(owner.no, BRAND_OWNER), (influencer, INFLUENCER)],
        deal: Some(deal),
        ..Wish::default()
    };
    Ok(make(server, owner, new, wish).await?.id)
}

async fn number_of(server: &AppState, user: UserId) -> Result<UserNo, Failure> {
    let wanted = user.clone();
    let pool = &server.deps.room.pool;
    let found = pool.run(move |connection| users::find(connection, wanted.as_str()));
    let row = found
        .await?
        .ok_or_else(|| Refusal::UserNotFound(user.to_string()))?;
    Ok(UserNo(row.no))
}

fn answer(
    opened: &Opened,
    asked: InitializeBody,
    influencer: UserId,
) -> Result<StoredResponse, Failure> {
    let conversation = opened.row();
    let proposed = opened.particulars.context.get("proposed_amount");
    let initialized = Initialized {
        message: "Automated conversation initialized successfully",
        flow_state: conversation.context.flow.flow_state,
        awaiting_role: conversation.context.flow.awaiting_role,
        conversation,
        request: DealRequest {
            bid_id: asked.bid_id,
            campaign_id: asked.campaign_id,
            influencer_id: influencer.to_string(),
            proposed_amount: proposed.and_then(money::in_units),
        },
    };
    StoredResponse::json(200, &With::new(initialized))
}
