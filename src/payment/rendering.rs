//! Writes envelopes from reports: for answers to queries of a gateway, and for the sandbox's webhooks.

use serde_json::{Map, Value, json};

use crate::domain::payment::{PaymentStatus, Report};
use crate::domain::refund::{RefundReport, RefundStatus};

/// An envelope with the contents of a report, and its event's name. `None` for a payment that was only begun.
pub fn write(report: &Report, at: i64) -> Option<(&'static str, String)> {
    let event = match (&report.refund, report.status) {
        (Some(refund), _) => match refund.status {
            RefundStatus::Pending => "refund.created",
            RefundStatus::Failed => "refund.failed",
            RefundStatus::Processed => "refund.processed",
        },
        (None, PaymentStatus::Created) => return None,
        (None, PaymentStatus::Failed) => "payment.failed",
        (None, PaymentStatus::Authorized) => "payment.authorized",
        (None, PaymentStatus::Released) => super::envelope::RELEASED,
        (None, PaymentStatus::Captured | PaymentStatus::Refunded) => "payment.captured",
    };
    Some((event, render(event, report, at)))
}

/// An envelope of the given event about a payment. `at` is in seconds since 1970.
pub(super) fn render(event: &str, report: &Report, at: i64) -> String {
    let order = report.order.as_deref().unwrap_or_default();
    let mut payload = Map::new();
    if let Some(paid) = &report.paid {
        let (amount, currency) = (paid.amount, paid.currency.as_str());
        let is_captured = report.status >= PaymentStatus::Captured;
        payload.insert("payment".to_owned(), json!({ "entity": {
            "id": report.payment, "entity": "payment", "amount": amount, "currency": currency,
            "status": report.status.name(), "captured": is_captured, "order_id": report.order, "amount_refunded": 0, "notes": [],
        } }));
        if event == "order.paid" {
            payload.insert("order".to_owned(), json!({ "entity": {
                "id": order, "entity": "order", "amount": amount, "amount_paid": amount, "amount_due": 0, "currency": currency,
                "status": "paid", "notes": [],
            } }));
        }
    }
    if let Some(refund) = &report.refund {
        payload.insert("refund".to_owned(), rendered(refund, report));
    }
    let contains: Vec<&String> = payload.keys().collect();
    json!({ "entity": "event", "event": event, "contains": contains, "payload": payload, "created_at": at }).to_string()
}

fn rendered(refund: &RefundReport, report: &Report) -> Value {
    let notes = refund
        .asked
        .map_or_else(|| json!([]), |asked| json!({ "stoa_refund": asked }));
    json!({ "entity": {
        "id": refund.id, "entity": "refund", "amount": refund.amount, "payment_id": report.payment,
        "currency": report.paid.as_ref().map(|paid| &paid.currency), "status": refund.status.name(), "notes": notes,
    } })
}
