//! Gateways, which take money: Razorpay, and the sandbox in its place. They know neither the database nor any deal. Their
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

/// An order to be made.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Our id of it: a gateway that is asked twice makes it once.
    pub receipt: Uuid,
    /// How much.
    pub price: Money,
}

impl NewOrder {
    /// The receipt as gateways take it, 40 characters at most.
    fn receipt(&self) -> String {
        self.receipt.simple().to_string()
    }
}

/// Money to be sent back.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// Our id of it: a gateway that is asked twice sends it once.
    pub id: Uuid,
    /// The gateway's id of the payment.
    pub payment: String,
    /// How much, in the payment's currency.
    pub amount: i64,
    /// Why.
    pub reason: String,
}

/// Why a gateway did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayError {
    /// There was no answer.
    NoAnswer(Trouble),
    /// It is busy, or broken.
    Busy(u16),
    /// It does not take our keys.
    KeysRefused,
    /// It says no.
    Refused(u16),
    /// Its answer is not of the documented form.
    Unreadable,
    /// There is none.
    NotConfigured,
}

impl GatewayError {
    /// Whether the same may go well later. Wrong keys can be mended by whoever runs the server.
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

/// Somebody who takes money.
pub trait Gateway: Send + Sync {
    /// Its name in the database.
    fn name(&self) -> &'static str;

    /// The public half of its keys, for the checkout.
    fn key_id(&self) -> &str;

    /// Makes an order, or finds the one of that receipt; answers the gateway's id of it.
    fn create_order(&self, order: &NewOrder) -> Result<String, GatewayError>;

    /// What it says of all payments of an order, and of what went back of each.
    fn payments_of(&self, order: &str) -> Result<Vec<Report>, GatewayError>;

    /// Sends money back.
    fn refund(&self, refund: &NewRefund) -> Result<RefundReport, GatewayError>;

    /// Whether it has signed this webhook, with any of the secrets that are live.
    fn has_signed(&self, body: &[u8], signature: &str) -> bool;

    /// Whether a browser's word that an order of ours was paid is the gateway's: a hint to show "confirming", no more.
    fn is_hint(&self, order: &str, payment: &str, signature: &str) -> bool;
}

/// Whether any of these secrets has signed a text. All are tried, whichever fits.
fn signed_by_any(secrets: &[Secret], body: &[u8], signature: &str) -> bool {
    let signs =
        |secret: &Secret| crate::signing::is_hex_signature(secret.0.as_bytes(), body, signature);
    secrets
        .iter()
        .filter(|secret| !secret.0.is_empty())
        .fold(false, |found, secret| found | signs(secret))
}

/// The gateway of a server: one, or none.
#[derive(Clone)]
pub enum PaymentGateway {
    /// Real money.
    Razorpay(Arc<Razorpay>),
    /// A gateway that moves no money.
    Sandbox(Arc<Sandbox>),
    /// Nobody takes payments.
    Closed,
}

impl PaymentGateway {
    /// Razorpay where its keys are given, the sandbox where it is asked for, else nobody; `seed` is secret and the same after a restart.
    pub fn new(options: &PaymentOptions, seed: &[u8]) -> Self {
        match (&options.razorpay_key_id, &options.razorpay_key_secret) {
            (Some(id), Some(secret)) => {
                Self::Razorpay(Arc::new(Razorpay::new(id, secret.clone(), options)))
            }
            _ if options.wants_sandbox() => Self::Sandbox(Arc::new(Sandbox::new(options, seed))),
            _ => Self::Closed,
        }
    }

    /// Says in the log that no money moves, where somebody might expect it to.
    pub fn warn(&self) {
        match self {
            Self::Razorpay(_) => {}
            Self::Sandbox(_) => {
                log::warn!(event = "sandbox_payments"; "Payments move no money: whoever opens a checkout says how it ends. Give --razorpay-key-id for real ones");
            }
            Self::Closed => {
                log::warn!(event = "no_gateway"; "Deals that ask for money cannot begin: give --razorpay-key-id, or --sandbox for payments that move no money");
            }
        }
    }

    /// The gateway, where there is one.
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

    /// The sandbox, where it is the gateway.
    pub fn sandbox(&self) -> Option<&Arc<Sandbox>> {
        match self {
            Self::Sandbox(sandbox) => Some(sandbox),
            Self::Razorpay(_) | Self::Closed => None,
        }
    }
}
