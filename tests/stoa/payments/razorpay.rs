//! A Razorpay of the tests: the documented API over HTTP, as far as Stoa uses it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use super::listener::{Heard, Listener, Said};

pub const KEY_ID: &str = "rzp_test_1";
pub const KEY_SECRET: &str = "key_secret_demo";
pub const WEBHOOK_SECRET: &str = "whsec_demo_1";
pub const OLD_SECRET: &str = "whsec_demo_0";

/// What Razorpay has.
#[derive(Default)]
struct Ledger {
    orders: Vec<Value>,
    payments: Vec<Value>,
    refunds: Vec<(String, Value)>,
    /// Answers given instead of the next ones; the books are kept all the same.
    instead: Vec<Said>,
    refund_status: Option<&'static str>,
}

/// Razorpay.
pub struct Razorpay {
    pub listener: Listener,
    ledger: Arc<Mutex<Ledger>>,
}

impl Razorpay {
    pub async fn start() -> Self {
        let ledger = Arc::<Mutex<Ledger>>::default();
        let kept = Arc::clone(&ledger);
        let listener = Listener::start(move |heard| {
            let mut ledger = kept.lock().expect("a lock");
            let said = answer(&mut ledger, heard);
            match ledger.instead.is_empty() {
                true => said,
                false => ledger.instead.remove(0),
            }
        });
        Self {
            listener: listener.await,
            ledger,
        }
    }

    /// The options of a server that uses it.
    pub fn options(&self) -> Vec<String> {
        let url = self.listener.url();
        let secrets = format!("{WEBHOOK_SECRET},{OLD_SECRET}");
        [
            ["--razorpay-key-id", KEY_ID],
            ["--razorpay-key-secret", KEY_SECRET],
            ["--razorpay-webhook-secrets", &secrets],
            ["--razorpay-base-url", &url],
            ["--razorpay-timeout-ms", "1000"],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
    }

    /// Answers the next requests so.
    pub fn say_instead(&self, answers: Vec<Said>) {
        self.ledger.lock().expect("a lock").instead = answers;
    }

    /// Refunds take time, or fail.
    pub fn refunds_are(&self, status: &'static str) {
        self.ledger.lock().expect("a lock").refund_status = Some(status);
    }

    /// Somebody pays, and no webhook says so.
    pub fn pay_silently(&self, order: &str, payment: &str, amount: i64, status: &str) {
        let payment = payment_entity(order, payment, amount, status);
        self.ledger.lock().expect("a lock").payments.push(payment);
    }

    /// A payment is there as it is, and no webhook says so.
    pub fn keep_payment(&self, payment: Value) {
        self.ledger.lock().expect("a lock").payments.push(payment);
    }

    /// Somebody sends money back in the dashboard, and no webhook says so.
    pub fn refund_silently(&self, payment: &str, refund: &str, amount: i64, status: &str) {
        let refund = json!({ "id": refund, "entity": "refund", "amount": amount, "currency": "INR", "payment_id": payment,
            "notes": [], "status": status });
        let mut ledger = self.ledger.lock().expect("a lock");
        ledger.refunds.push(("dashboard".to_owned(), refund));
    }

    pub fn orders(&self) -> Vec<Value> {
        self.ledger.lock().expect("a lock").orders.clone()
    }

    pub fn refunds(&self) -> Vec<Value> {
        let ledger = self.ledger.lock().expect("a lock");
        ledger
            .refunds
            .iter()
            .map(|(_, refund)| refund.clone())
            .collect()
    }
}

pub fn payment_entity(order: &str, payment: &str, amount: i64, status: &str) -> Value {
    json!({ "id": payment, "entity": "payment", "amount": amount, "currency": "INR", "status": status, "order_id": order,
        "amount_refunded": 0, "notes": [] })
}

fn answer(ledger: &mut Ledger, heard: &Heard) -> Said {
    let keys = STANDARD.encode(format!("{KEY_ID}:{KEY_SECRET}"));
    if heard.header("authorization") != format!("Basic {keys}") {
        return Said::status(401);
    }
    let asked: Value = serde_json::from_str(&heard.body).unwrap_or_default();
    let parts: Vec<&str> = heard.path.split(['/', '?']).collect();
    match (heard.method.as_str(), &parts[1..]) {
        ("POST", ["v1", "orders"]) => make_order(ledger, &asked),
        ("GET", ["v1", "orders", query]) => {
            let receipt = query.strip_prefix("receipt=").expect("a receipt");
            let found = ledger
                .orders
                .iter()
                .filter(|order| order["receipt"] == receipt);
            list(found)
        }
        ("GET", ["v1", "orders", order, "payments"]) => list(
            ledger
                .payments
                .iter()
                .filter(|payment| payment["order_id"] == *order),
        ),
        ("GET", ["v1", "payments", payment, "refunds"]) => {
            let refunds = ledger.refunds.iter().map(|(_, refund)| refund);
            list(refunds.filter(|refund| refund["payment_id"] == *payment))
        }
        ("POST", ["v1", "payments", payment, "refund"]) => {
            let key = heard.header("x-refund-idempotency").to_owned();
            make_refund(ledger, &asked, payment, key)
        }
        _ => Said::status(404),
    }
}

fn list<'a>(found: impl Iterator<Item = &'a Value>) -> Said {
    let items: Vec<&Value> = found.collect();
    Said::json(&json!({ "entity": "collection", "count": items.len(), "items": items }))
}

fn make_order(ledger: &mut Ledger, asked: &Value) -> Said {
    let (amount, receipt) = (asked["amount"].as_i64(), asked["receipt"].as_str());
    let taken = ledger
        .orders
        .iter()
        .any(|order| order["receipt"].as_str() == receipt);
    if taken || amount < Some(100) || receipt.is_none_or(|receipt| receipt.len() > 40) {
        return Said::status(400);
    }
    let order = json!({ "id": format!("order_{}", ledger.orders.len()), "entity": "order", "amount": amount, "amount_paid": 0,
        "amount_due": amount, "currency": asked["currency"], "receipt": receipt, "status": "created", "attempts": 0,
        "notes": asked["notes"], "created_at": 1_567_674_606 });
    ledger.orders.push(order.clone());
    Said::json(&order)
}

fn make_refund(ledger: &mut Ledger, asked: &Value, payment: &str, key: String) -> Said {
    assert!(key.len() >= 10, "an idempotency key: {key}");
    if let Some((_, refund)) = ledger.refunds.iter().find(|(known, _)| *known == key) {
        return Said::json(refund);
    }
    let status = ledger.refund_status.unwrap_or("processed");
    let refund = json!({ "id": format!("rfnd_{}", ledger.refunds.len()), "entity": "refund", "amount": asked["amount"],
        "currency": "INR", "payment_id": payment, "notes": [], "status": status });
    ledger.refunds.push((key, refund.clone()));
    Said::json(&refund)
}
