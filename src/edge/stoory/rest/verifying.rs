//! What the browser reports after a checkout. It is a hint: the deal moves when the gateway's webhook has come, and only then.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::answers::With;
use super::reading::Opened;
use crate::domain::ids::ConversationId;
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::native::instants::instant;
use crate::edge::stoory::about::ConversationType;
use crate::edge::stoory::cards::ActionData;
use crate::edge::stoory::rows::{ConversationContext, FlowUpdate};
use crate::store::orders::{self, OrderRow};

/// What the checkout gave the browser.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryVerifyPayment)]
pub struct VerifyBody {
    /// The order
    razorpay_order_id: String,
    /// The payment
    razorpay_payment_id: String,
    /// The gateway's signature of both
    razorpay_signature: String,
    /// Where
    conversation_id: String,
}

/// How a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StooryPaymentStatusName)]
enum Verification {
    /// The gateway's webhook has not come yet.
    Confirming,
    /// The gateway's webhook has come.
    Verified,
}

/// A payment.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryPaymentStatus)]
struct PaymentStatus {
    /// `confirming` until the gateway's webhook has come, then `verified`
    status: Verification,
    razorpay_payment_id: String,
    razorpay_order_id: String,
    /// In paise
    amount: i64,
    currency: String,
}

/// A wallet. Stoa keeps none, so nothing is known of it.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = StooryWallet)]
struct Wallet {
    balance_paise: Option<i64>,
    frozen_balance_paise: Option<i64>,
}

/// The wallets of both sides.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = StooryWallets)]
struct Wallets {
    brand_owner: Wallet,
    influencer: Wallet,
}

/// The conversation of a payment.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryPaidConversation)]
struct PaidConversation<'a> {
    #[schema(value_type = Uuid)]
    id: ConversationId,
    conversation_type: ConversationType,
    #[serde(flatten)]
    flow: FlowUpdate<'a>,
    #[schema(value_type = Option<Object>)]
    flow_data: Option<Value>,
    current_action_data: Option<ActionData>,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
}

/// The answer.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryVerified)]
pub struct Verified<'a> {
    message: &'static str,
    conversation: PaidConversation<'a>,
    payment_status: PaymentStatus,
    wallet_updates: Wallets,
}

/// Checks what the browser reports, and answers how the payment stands. Changes nothing.
pub(super) async fn verify(call: &Call<(), Body>) -> Result<HttpResponse, Failure> {
    let payer = call.named_presser().await?;
    let reported: VerifyBody = call.body.read()?;
    for (value, field) in [
        (&reported.razorpay_order_id, "razorpay_order_id"),
        (&reported.razorpay_payment_id, "razorpay_payment_id"),
        (&reported.razorpay_signature, "razorpay_signature"),
    ] {
        limits::required_text(value, field, 255)?;
    }
    let id = ConversationId::parse(&reported.conversation_id, "conversation_id")?;
    let server = &call.server;
    let opened = Opened::find(server, &payer, id).await?;
    let gateway = server
        .payments
        .gateway()
        .ok_or(Refusal::PaymentsUnavailable)?;
    let (order, payment) = (&reported.razorpay_order_id, &reported.razorpay_payment_id);
    if !gateway.is_hint(order, payment, &reported.razorpay_signature) {
        let wrong = "is not the gateway's";
        return Err(Refusal::invalid("razorpay_signature", wrong).into());
    }
    let (name, order) = (gateway.name(), order.clone());
    let read = call
        .pool()
        .run(move |connection| orders::by_gateway_id(connection, name, &order));
    let here = opened.loaded.conversation.no;
    let order = read.await?.filter(|order| order.conversation() == here);
    let order = order.ok_or(Refusal::OrderNotFound)?;
    let answer = StoredResponse::json(200, &With::new(verified(&opened, reported, order)))?;
    Ok(answer.respond())
}

fn verified(opened: &Opened, reported: VerifyBody, order: OrderRow) -> Verified<'_> {
    let has_come = order.paid_by.as_ref() == Some(&reported.razorpay_payment_id);
    let (status, message) = match has_come {
        true => (Verification::Verified, "The payment has arrived"),
        false => (Verification::Confirming, "The payment is being confirmed"),
    };
    let conversation = &opened.loaded.conversation;
    let ConversationContext {
        flow,
        flow_data,
        current_action_data,
        conversation_type,
        ..
    } = opened.row().context;
    Verified {
        message,
        conversation: PaidConversation {
            id: conversation.id,
            conversation_type,
            flow,
            flow_data,
            current_action_data,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        },
        payment_status: PaymentStatus {
            status,
            razorpay_payment_id: reported.razorpay_payment_id,
            razorpay_order_id: reported.razorpay_order_id,
            amount: order.amount,
            currency: order.currency,
        },
        wallet_updates: Wallets::default(),
    }
}
