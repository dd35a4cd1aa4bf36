//! Payment gateways: Razorpay, and the sandbox in its place. They know neither the database nor deals. Their
//! calls block.

pub mod checkout;
pub mod envelope;
pub mod razorpay;
pub mod rendering;
pub mod sandbox;

use std::sync::Arc;
use uuid::Uuid;

use crate::config::{PaymentOptions, Secret};
use crate::domain::flow::Money;
use crate::domain::payment::Report;
use crate::domain::refund::RefundReport;
use crate::outbound::Trouble;

pub use razorpay::Razorpay;
pub use sandbox::Sandbox;

/// An order to create.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Stoa's id of it, the idempotency key: a repeated request creates one order.
    pub receipt: Uuid,
    /// The amount and currency.
    pub price: Money,
}

impl NewOrder {
    /// The receipt in the form that gateways accept, at most 40 characters.
    fn receipt(&self) -> String {
        self.receipt.simple().to_string()
    }
}

/// A refund to make.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// Stoa's id of it, the idempotency key: a repeated request makes one refund.
    pub id: Uuid,
    /// The gateway's id of the payment.
    pub payment: String,
    /// The amount in the smallest unit of the payment's currency.
    pub amount: i64,
    /// The reason.
    pub reason: String,
}

/// Why a request to a gateway failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayError {
    /// No response.
    NoAnswer(Trouble),
    /// Status 429 or 5xx.
    Busy(u16),
    /// The gateway rejects the key.
    KeysRefused,
    /// Another error status.
    Refused(u16),
    /// The response does not have the documented form.
    Unreadable,
    /// No gateway is configured.
    NotConfigured,
}

impl GatewayError {
    /// Whether a retry may succeed. A rejected key counts as temporary, because the operator can correct it.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::NoAnswer(_)
            | Self::Busy(_)
            | Self::KeysRefused
            | Self::Unreadable
            | Self::NotConfigured => true,
            Self::Refused(_) => false,
        }
    }

    /// The stable code.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoAnswer(trouble) => trouble.name(),
            Self::Busy(_) => "gateway_busy",
            Self::KeysRefused => "gateway_keys_refused",
            Self::Refused(_) => "gateway_refused",
            Self::Unreadable => "gateway_unreadable",
            Self::NotConfigured => "gateway_not_configured",
        }
    }
}

/// A payment gateway.
pub trait Gateway: Send + Sync {
    /// Its name in the database.
    fn name(&self) -> &'static str;

    /// The public part of its key, for the checkout.
    fn key_id(&self) -> &str;

    /// Creates an order, or finds the one with this receipt, and returns the gateway's id of it.
    fn create_order(&self, order: &NewOrder) -> Result<String, GatewayError>;

    /// Reports on all payments of an order and on all their refunds.
    fn payments_of(&self, order: &str) -> Result<Vec<Report>, GatewayError>;

    /// Sends money back.
    fn refund(&self, refund: &NewRefund) -> Result<RefundReport, GatewayError>;

    /// Whether the signature of a webhook matches any of the current secrets.
    fn has_signed(&self, body: &[u8], signature: &str) -> bool;

    /// Whether the signature that a browser presents proves that this order was paid. It is a hint to show
    /// "confirming", no more.
    fn is_hint(&self, order: &str, payment: &str, signature: &str) -> bool;
}

/// Whether any of these secrets has signed a text. Tries all of them, so that the time does not depend on which
/// one matches.
fn signed_by_any(secrets: &[Secret], body: &[u8], signature: &str) -> bool {
    let signs =
        |secret: &Secret| crate::signing::is_hex_signature(secret.0.as_bytes(), body, signature);
    secrets
        .iter()
        .filter(|secret| !secret.0.is_empty())
        .fold(false, |found, secret| found | signs(secret))
}

/// The gateway of a server, if it has one.
#[derive(Clone)]
pub enum PaymentGateway {
    /// Real money.
    Razorpay(Arc<Razorpay>),
    /// A gateway that moves no money.
    Sandbox(Arc<Sandbox>),
    /// No gateway: deals cannot ask for money.
    Closed,
}

impl PaymentGateway {
    /// Razorpay if its keys are configured, the sandbox if it is switched on, otherwise none. `seed` must be
    /// secret and the same after a restart.
    pub fn new(options: &PaymentOptions, seed: &[u8]) -> Self {
        match (&options.razorpay_key_id, &options.razorpay_key_secret) {
            (Some(id), Some(secret)) => {
                Self::Razorpay(Arc::new(Razorpay::new(id, secret.clone(), options)))
            }
            _ if options.wants_sandbox() => Self::Sandbox(Arc::new(Sandbox::new(options, seed))),
            _ => Self::Closed,
        }
    }

    /// Logs a warning if no money moves, where an operator might expect it to.
    pub fn warn(&self) {
        match self {
            Self::Razorpay(_) => {}
            Self::Sandbox(_) => {
                log::warn!(
                    event = "sandbox_payments";
                    "The sandbox moves no money: the visitor of a checkout chooses its outcome. Set --razorpay-key-id for real payments"
                );
            }
            Self::Closed => {
                log::warn!(
                    event = "no_gateway";
                    "Deals that ask for money cannot begin: set --razorpay-key-id, or --sandbox for payments that move no money"
                );
            }
        }
    }

    /// The gateway, if there is one.
    pub fn gateway(&self) -> Option<&dyn Gateway> {
        match self {
            Self::Razorpay(razorpay) => Some(razorpay.as_ref()),
            Self::Sandbox(sandbox) => Some(sandbox.as_ref()),
            Self::Closed => None,
        }
    }

    /// Its name in the database.
    pub fn name(&self) -> Option<&'static str> {
        self.gateway().map(Gateway::name)
    }

    /// The sandbox, if it is the gateway.
    pub fn sandbox(&self) -> Option<&Arc<Sandbox>> {
        match self {
            Self::Sandbox(sandbox) => Some(sandbox),
            Self::Razorpay(_) | Self::Closed => None,
        }
    }
}
