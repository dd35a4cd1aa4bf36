//! The gateway of the played deals: it makes orders and sends money back when the script says so, and posts signed webhooks.

use diesel::RunQueryDsl;
use flow::simulate::Outcome;
use serde_json::json;

use super::playing::Play;
use crate::client::PATIENCE;
use crate::payments::fixture::{Event, event, post, refund_event};
use crate::payments::hex_hmac;
use crate::polling::{until, until_within};
use crate::test_app::TestApp;

/// What the sandbox signs with.
pub const SECRET: &str = "the secret of the sandbox in these tests";

/// Jobs that a script has a say in wait until it speaks.
const HOLD: [&str; 2] = [
    "create function hold() returns trigger language plpgsql as $$ begin
        if new.kind in ('create_order', 'refund') then new.due_at := now() + interval '9 days'; end if; return new; end $$",
    "create trigger hold before insert on jobs for each row execute function hold()",
];

/// From now on orders are made, and money is sent back, only when a script says so.
pub fn hold_orders_and_refunds(app: &TestApp) {
    for statement in HOLD {
        diesel::sql_query(statement)
            .execute(&mut app.connection())
            .unwrap();
    }
}

/// Lets everything go that was held, and waits until nothing is left to do but to ask the gateway and to tell the platform.
pub async fn let_all_go(app: &TestApp) {
    let go = "update jobs set due_at = now() where due_at > now() + interval '8 days'";
    diesel::sql_query(go)
        .execute(&mut app.connection())
        .unwrap();
    let left = "select count(*) as n from jobs where kind not in ('reconcile', 'deliver_event')";
    let look = async || app.count(left);
    until_within(PATIENCE * 2, "all jobs to be done", look, |n| *n == 0).await;
    let back = "select count(*) as n from refunds where status <> 'processed'";
    assert_eq!(app.count(back), 0, "all money that was to go back is back");
}

impl Play<'_> {
    /// The version at which the last order, or the one of this place, was asked for.
    pub fn order(&mut self, nth: Option<usize>) -> i64 {
        let at = nth.map_or("desc limit 1".to_owned(), |nth| {
            format!("asc limit 1 offset {}", nth - 1)
        });
        self.rows.number(&format!(
            "select requested_version from payment_orders where conversation_no = $no order by no {at}"
        ))
    }

    /// Has the gateway make an order, where it has not yet.
    pub async fn make(&mut self, order: i64) {
        self.release(&format!(
            "kind = 'create_order' and conversation_no = $no and (payload ->> 'order')::bigint = {order}"
        ))
        .await;
    }

    /// The gateway says so of an order that it has made: every event three times.
    pub async fn says(&mut self, order: i64, outcome: &Outcome) {
        let row = self.rows.json(&format!(
            "select to_jsonb(o) from payment_orders o where conversation_no = $no and requested_version = {order}"
        ));
        let (id, amount) = (
            row["gateway_order_id"].as_str().unwrap().to_owned(),
            row["amount"].as_i64().unwrap(),
        );
        let currency = row["currency"].as_str().unwrap().to_owned();
        self.payments += 1;
        let (own, fresh) = (
            format!("pay_{}_{order}", self.rows.no),
            format!("pay_{}_{order}_{}", self.rows.no, self.payments),
        );
        let captured = |payment: &str, amount| {
            ["payment.authorized", "order.paid", "payment.captured"]
                .map(|name| event(name, &id, payment, amount))
                .to_vec()
        };
        let events = match outcome {
            Outcome::Ready => Vec::new(),
            Outcome::Paid => captured(&own, amount),
            Outcome::Failed => vec![event("payment.failed", &id, &fresh, amount)],
            Outcome::WrongAmount(paid) => captured(&fresh, *paid),
            Outcome::Repeated => captured(&fresh, amount),
            Outcome::Refunded => self.money_back(&own, amount).await,
        };
        for event in events.iter().cycle().take(events.len() * 3) {
            self.post(event, &currency).await;
        }
        self.quiet().await;
    }

    /// The refund that was asked for goes through; where none was, the gateway itself sends the money back.
    async fn money_back(&mut self, payment: &str, amount: i64) -> Vec<Event> {
        let asked = self.rows.json(&format!(
            "select to_jsonb(id::text) from refunds where payment_id = '{payment}'"
        ));
        match asked.as_str() {
            Some(refund) => {
                self.release(&format!(
                    "kind = 'refund' and payload ->> 'refund' = '{refund}'"
                ))
                .await;
                Vec::new()
            }
            None => vec![refund_event(
                "refund.processed",
                payment,
                &format!("rfnd_{payment}"),
                amount,
            )],
        }
    }

    async fn post(&self, event: &Event, currency: &str) {
        let body = event.body.replace(r#""INR""#, &json!(currency).to_string());
        let signature = hex_hmac(SECRET, &body);
        let status = post(self.app.address, &event.id, &body, &signature).await;
        assert_eq!(status, 200);
    }

    async fn release(&mut self, which: &str) {
        self.rows.run(&format!(
            "update jobs set due_at = now() where {which} and due_at > now() + interval '8 days'"
        ));
        self.quiet().await;
    }

    /// Waits until everything that was written down for this deal is done, but what is held.
    async fn quiet(&mut self) {
        let left = "select count(*) from jobs where due_at < now() + interval '8 days' and (
            (kind in ('create_order', 'tell_deal') and conversation_no = $no)
            or (kind = 'payment_event' and payload::text like '%pay\\_$no\\_%')
            or (kind = 'refund' and payload ->> 'refund' in (select id::text from refunds where payment_id like 'pay\\_$no\\_%')))";
        until(left, async || self.rows.number(left), |n| *n == 0).await;
    }
}
