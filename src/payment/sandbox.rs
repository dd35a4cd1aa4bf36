//! The sandbox: a gateway that moves no money. It posts signed webhooks to the same endpoint as Razorpay and
//! stores nothing: an order's id contains the order and a signature.

use std::fmt;
use std::time::Duration;

use super::rendering::render;
use super::{Gateway, GatewayError, NewOrder, NewRefund, signed_by_any};
use crate::config::{PaymentOptions, Secret};
use crate::domain::flow::Money;
use crate::domain::payment::{PaymentStatus, Report};
use crate::domain::refund::{RefundReport, RefundStatus};
use crate::outbound::{Call, Outbound, Reach};
use crate::signing::{hex_signature, is_hex_signature};

/// The sandbox's key id, by which a page recognises it.
pub const KEY_ID: &str = "sandbox";
const TIME_OUT: Duration = Duration::from_secs(5);

/// The outcome that a visitor of the sandbox's checkout chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutEnd {
    /// The payment succeeds.
    Success,
    /// The bank declines it.
    Failure,
}

/// An event that the sandbox posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxEvent {
    /// Its id.
    pub id: String,
    /// The envelope.
    pub body: String,
}

/// A gateway that moves no money.
pub struct Sandbox {
    signing: Secret,
    verifying: Vec<Secret>,
    client: Outbound,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sandbox")
    }
}

impl Sandbox {
    /// A sandbox with the configured secrets, or with secrets derived from `seed`.
    pub fn new(options: &PaymentOptions, seed: &[u8]) -> Self {
        let derived = || Secret(hex_signature(seed, b"the sandbox's webhooks"));
        let verifying = options
            .sandbox_webhook_secret
            .clone()
            .unwrap_or_else(derived);
        let signing = options.sandbox_signing_secret.clone();
        Self {
            signing: signing.unwrap_or_else(|| verifying.clone()),
            verifying: vec![verifying],
            client: Outbound::new(Reach::Anywhere, TIME_OUT),
        }
    }

    fn mark(&self, text: &str) -> String {
        let mut mark = hex_signature(self.signing.0.as_bytes(), text.as_bytes());
        mark.truncate(20);
        mark
    }

    /// The price in an order's id; `None` if this sandbox did not create the order.
    fn order(&self, id: &str) -> Option<Money> {
        let (text, mark) = id.rsplit_once('_')?;
        let mut parts = text.strip_prefix("order_sandbox_")?.splitn(3, '_');
        let (_receipt, currency, amount) = (parts.next()?, parts.next()?, parts.next()?);
        let order = Money {
            amount: amount.parse().ok()?,
            currency: currency.to_owned(),
        };
        (self.mark(text) == mark).then_some(order)
    }

    /// The events of a checkout. Paying an order twice is the same payment; each failure is another attempt,
    /// named by `attempt`.
    pub fn check_out(
        &self,
        order: &str,
        end: CheckoutEnd,
        attempt: &str,
        at: i64,
    ) -> Option<Vec<SandboxEvent>> {
        let paid = self.order(order)?;
        let payment = match end {
            CheckoutEnd::Success => format!("pay_sandbox_{}", self.mark(order)),
            CheckoutEnd::Failure => {
                format!("pay_sandbox_{}", self.mark(&format!("{order} {attempt}")))
            }
        };
        let names: &[(&str, PaymentStatus)] = match end {
            CheckoutEnd::Success => &[
                ("payment.authorized", PaymentStatus::Authorized),
                ("payment.captured", PaymentStatus::Captured),
                ("order.paid", PaymentStatus::Captured),
            ],
            CheckoutEnd::Failure => &[("payment.failed", PaymentStatus::Failed)],
        };
        let event = |(name, status): &(&str, PaymentStatus)| {
            let report = Report {
                payment: payment.clone(),
                order: Some(order.to_owned()),
                paid: Some(paid.clone()),
                status: *status,
                refund: None,
            };
            SandboxEvent {
                id: format!("evt_sandbox_{}", self.mark(&format!("{payment} {name}"))),
                body: render(name, &report, at),
            }
        };
        Some(names.iter().map(event).collect())
    }

    /// Posts a signed event to the webhook endpoint below `base`.
    pub fn post(&self, base: &str, event_id: &str, body: &str) -> Result<(), GatewayError> {
        let signature = hex_signature(self.signing.0.as_bytes(), body.as_bytes());
        let call = Call {
            method: "POST",
            url: &format!("{}/api/v1/webhooks/razorpay", base.trim_end_matches('/')),
            headers: &[
                ("content-type", "application/json".to_owned()),
                ("x-razorpay-signature", signature),
                ("x-razorpay-event-id", event_id.to_owned()),
            ],
            body: body.as_bytes(),
            keep: 1_024,
        };
        let answer = self.client.call(&call).map_err(GatewayError::NoAnswer)?;
        match answer.status {
            200..=299 => Ok(()),
            401 | 403 => Err(GatewayError::KeysRefused),
            status => Err(GatewayError::Busy(status)),
        }
    }
}

impl Gateway for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn key_id(&self) -> &str {
        KEY_ID
    }

    fn create_order(&self, order: &NewOrder) -> Result<String, GatewayError> {
        let Money { amount, currency } = &order.price;
        let text = format!("order_sandbox_{}_{currency}_{amount}", order.receipt());
        Ok(format!("{text}_{}", self.mark(&text)))
    }

    /// The sandbox stores nothing, so it has no payments to report.
    fn payments_of(&self, _: &str) -> Result<Vec<Report>, GatewayError> {
        Ok(Vec::new())
    }

    fn refund(&self, refund: &NewRefund) -> Result<RefundReport, GatewayError> {
        Ok(RefundReport {
            id: format!("rfnd_sandbox_{}", refund.id.simple()),
            asked: Some(refund.id),
            amount: refund.amount,
            status: RefundStatus::Processed,
        })
    }

    fn has_signed(&self, body: &[u8], signature: &str) -> bool {
        signed_by_any(&self.verifying, body, signature)
    }

    fn is_hint(&self, order: &str, payment: &str, signature: &str) -> bool {
        let text = format!("{order}|{payment}");
        is_hex_signature(self.signing.0.as_bytes(), text.as_bytes(), signature)
    }
}
