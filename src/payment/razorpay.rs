//! Razorpay: orders, payments and refunds over its API, and verification of signatures. docs/payments.md says
//! how to set it up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

use super::envelope::{Payment, Refund};
use super::{Gateway, GatewayError, NewOrder, NewRefund, signed_by_any};
use crate::config::{PaymentOptions, Secret};
use crate::domain::payment::Report;
use crate::domain::refund::RefundReport;
use crate::domain::whole;
use crate::outbound::{Call, Outbound, Reach};
use crate::signing::is_hex_signature;

/// The most bytes of a response that are read; the payments of an order need far fewer.
const ANSWER_LIMIT: u64 = 1 << 20;

/// A client of Razorpay's API.
pub struct Razorpay {
    key_id: String,
    key_secret: Secret,
    webhook_secrets: Vec<Secret>,
    base: String,
    client: Outbound,
}

impl fmt::Debug for Razorpay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Razorpay at {}", self.base)
    }
}

#[derive(Deserialize)]
struct MadeOrder {
    id: String,
    #[serde(deserialize_with = "whole::required")]
    amount: i64,
    currency: String,
    #[serde(default)]
    receipt: Option<String>,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

impl Razorpay {
    /// A client with these options.
    pub fn new(key_id: &str, key_secret: Secret, options: &PaymentOptions) -> Self {
        let time_out = Duration::from_millis(options.razorpay_timeout_ms);
        Self {
            key_id: key_id.to_owned(),
            key_secret,
            webhook_secrets: options.razorpay_webhook_secrets.clone(),
            base: options.razorpay_base_url.trim_end_matches('/').to_owned(),
            client: Outbound::new(Reach::Anywhere, time_out),
        }
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, GatewayError> {
        self.ask("GET", path, &[], None)
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        path: &str,
        more: &[(&'static str, String)],
        body: Option<&Value>,
    ) -> Result<T, GatewayError> {
        let keys = STANDARD.encode(format!("{}:{}", self.key_id, self.key_secret.0));
        let mut headers = vec![
            ("authorization", format!("Basic {keys}")),
            ("content-type", "application/json".to_owned()),
        ];
        headers.extend_from_slice(more);
        let body = body.map(Value::to_string).unwrap_or_default();
        let call = Call {
            method,
            url: &format!("{}{path}", self.base),
            headers: &headers,
            body: body.as_bytes(),
            keep: ANSWER_LIMIT,
        };
        let answer = self.client.call(&call).map_err(GatewayError::NoAnswer)?;
        match answer.status {
            200..=299 => serde_json::from_slice(&answer.body).map_err(|_| GatewayError::Unreadable),
            401 | 403 => Err(GatewayError::KeysRefused),
            408 | 409 | 425 | 429 | 500.. => Err(GatewayError::Busy(answer.status)),
            status => Err(GatewayError::Refused(status)),
        }
    }

    /// The refunds of a payment. If the gateway does not list them, uses the payment's own status.
    fn refunds_of(&self, payment: &Payment) -> Result<Vec<RefundReport>, GatewayError> {
        let listed = self.get(&format!("/v1/payments/{}/refunds", payment.id));
        let listed: Items<Refund> = match listed {
            Err(GatewayError::Refused(_)) => {
                return Ok(payment.whole_refund().into_iter().collect());
            }
            other => other?,
        };
        let read = listed.items.into_iter().map(|refund| refund.of_api(None));
        read.collect::<Result<_, _>>()
            .map_err(|_| GatewayError::Unreadable)
    }

    /// The order that was created earlier with this receipt, if the response to that request was lost.
    fn find_order(&self, order: &NewOrder) -> Result<Option<String>, GatewayError> {
        let receipt = order.receipt();
        let found: Items<MadeOrder> = self.get(&format!("/v1/orders?receipt={receipt}"))?;
        let same = |made: &MadeOrder| {
            made.receipt.as_deref() == Some(&receipt)
                && made.amount == order.price.amount
                && made.currency == order.price.currency
        };
        let same = found.items.into_iter().find(same);
        Ok(same.map(|made| made.id))
    }
}

impl Gateway for Razorpay {
    fn name(&self) -> &'static str {
        "razorpay"
    }

    fn key_id(&self) -> &str {
        &self.key_id
    }

    fn create_order(&self, order: &NewOrder) -> Result<String, GatewayError> {
        let wanted = json!({
            "amount": order.price.amount,
            "currency": order.price.currency,
            "receipt": order.receipt(),
            "notes": { "stoa_order": order.receipt() },
        });
        let made: Result<MadeOrder, _> = self.ask("POST", "/v1/orders", &[], Some(&wanted));
        match made {
            Ok(made) => Ok(made.id),
            // Razorpay accepts a receipt once, so a refusal may mean that an earlier response was lost.
            Err(GatewayError::Refused(status)) => {
                self.find_order(order)?.ok_or(GatewayError::Refused(status))
            }
            Err(error) => Err(error),
        }
    }

    fn payments_of(&self, order: &str) -> Result<Vec<Report>, GatewayError> {
        let found: Items<Payment> = self.get(&format!("/v1/orders/{order}/payments"))?;
        let mut reports = Vec::new();
        for payment in found.items {
            let refunds = match payment.goes_back() {
                true => self.refunds_of(&payment)?,
                false => Vec::new(),
            };
            let mut report = payment.report().map_err(|_| GatewayError::Unreadable)?;
            report.order.get_or_insert_with(|| order.to_owned());
            let told = |refund| Report {
                refund: Some(refund),
                ..report.clone()
            };
            let refunds: Vec<Report> = refunds.into_iter().map(told).collect();
            reports.push(report);
            reports.extend(refunds);
        }
        Ok(reports)
    }

    fn refund(&self, refund: &NewRefund) -> Result<RefundReport, GatewayError> {
        let wanted = json!({
            "amount": refund.amount,
            "notes": { "stoa_refund": refund.id, "reason": refund.reason },
        });
        let key = [("x-refund-idempotency", refund.id.to_string())];
        let path = format!("/v1/payments/{}/refund", refund.payment);
        let made: Refund = self.ask("POST", &path, &key, Some(&wanted))?;
        made.of_api(Some(refund.amount))
            .map_err(|_| GatewayError::Unreadable)
    }

    fn has_signed(&self, body: &[u8], signature: &str) -> bool {
        signed_by_any(&self.webhook_secrets, body, signature)
    }

    fn is_hint(&self, order: &str, payment: &str, signature: &str) -> bool {
        let text = format!("{order}|{payment}");
        is_hex_signature(self.key_secret.0.as_bytes(), text.as_bytes(), signature)
    }
}
