//! Many deals at once from start to end: both participants on sockets, and the gateway's webhooks signed and
//! posted by this program.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use stoa::signing::hex_signature;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout};

use crate::drive::Failure;
use crate::drive::client::{Socket, Target, answer, text, whole};
use crate::ledger::Problems;
use crate::meter::Meter;
use crate::report::{Row, grouped, rate};

/// A step that takes longer counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// The number of revisions in each deal.
const REVISIONS: u32 = 3;
const SIDES: [&str; 2] = ["influencer", "brand_owner"];

/// A running deal with the steps that each side has received.
struct Deal {
    id: String,
    sides: [Side; 2],
    revisions: u32,
    /// The order to pay, once the payer has received it.
    order: Option<Order>,
}

/// An order at the gateway.
struct Order {
    id: String,
    amount: u64,
    currency: String,
}

struct Side {
    socket: Socket,
    /// The seq, state and version of every step, in order of arrival.
    heard: Vec<(u64, String, u64)>,
    opened_checkout: bool,
}

/// Runs `deals` deals at once, and checks that both sides of each received the same steps, each once and in
/// order.
pub async fn run(target: &Target, deals: usize) -> Result<Row, Failure> {
    let meter = Rc::new(Meter::new()?);
    let mut ready = Vec::with_capacity(deals);
    for number in 0..deals {
        ready.push(Deal::begin(target, number).await?);
    }
    meter.start();
    let begun = Instant::now();
    let steps = Rc::new(Cell::new(0));
    let walks: Vec<_> = ready
        .into_iter()
        .map(|deal| spawn_local(deal.walk(target.clone(), meter.clone(), steps.clone())))
        .collect();
    let mut problems = Problems::default();
    for walk in walks {
        if let Err(failure) = walk.await? {
            problems.add(|| failure.to_string());
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Row {
        scenario: "deals",
        load: format!(
            "{} deals side by side, money included",
            grouped(deals as u64)
        ),
        figures: format!(
            "{} steps/s, acknowledged p50/p99 {}",
            rate(steps.get(), seconds),
            meter.acknowledged.quantiles()
        ),
        asked: "2,000 steps/s",
        checked: format!("{} steps × 2 sides", grouped(steps.get())),
        problems,
    })
}

/// Creates both users and has the platform begin their deal; returns the conversation's id.
async fn converse(target: &Target, people: &[String; 2]) -> Result<String, Failure> {
    for person in people {
        answer(target.get(person, "/me")?).await?;
    }
    let named = people.iter().zip(SIDES);
    let participants: Vec<Value> = named
        .map(|(user, role)| json!({ "user_id": user, "role": role }))
        .collect();
    let creation =
        json!({ "kind": "group", "participants": participants, "flow": { "name": "bid" } });
    let asked = target.post("platform", &["service"], "/api/v1/conversations")?;
    Ok(text(&answer(asked.json(&creation)).await?, "id")?.to_owned())
}

/// Posts the gateway's webhook for a paid order, signed with the secret that the sandbox derives from the
/// tokens' secret.
async fn pay(target: &Target, order: &Order) -> Result<(), Failure> {
    let Order {
        id,
        amount,
        currency,
    } = order;
    let payment = json!({ "entity": {
        "id": format!("pay_{id}"), "entity": "payment", "amount": amount, "currency": currency, "status": "captured",
        "order_id": id, "amount_refunded": 0, "notes": [],
    } });
    let body = json!({
        "entity": "event", "event": "payment.captured", "contains": ["payment"], "payload": { "payment": payment },
        "created_at": 1_567_674_606,
    })
    .to_string();
    let secret = hex_signature(target.secret.as_bytes(), b"the sandbox's webhooks");
    let signature = hex_signature(secret.as_bytes(), body.as_bytes());
    let posted = target
        .post("gateway", &[], "/api/v1/webhooks/razorpay")?
        .header("x-razorpay-event-id", format!("evt_{id}"))
        .header("x-razorpay-signature", signature)
        .body(body);
    answer(posted).await.map(drop)
}

impl Deal {
    async fn begin(target: &Target, number: usize) -> Result<Self, Failure> {
        let people = SIDES.map(|role| format!("deal-{}-{number}-{role}", std::process::id()));
        let id = converse(target, &people).await?;
        let [influencer, brand_owner] = &people;
        Ok(Self {
            sides: [
                Side::join(target, influencer, &id).await?,
                Side::join(target, brand_owner, &id).await?,
            ],
            id,
            revisions: 0,
            order: None,
        })
    }

    async fn walk(
        mut self,
        target: Target,
        meter: Rc<Meter>,
        steps: Rc<Cell<u64>>,
    ) -> Result<(), Failure> {
        while self.state() != "real_time" {
            match self.next_press() {
                Some((side, action, input)) => self.press(side, action, &input, &meter).await?,
                None => self.wait().await?,
            }
            if self.state() == "payment_pending" && self.sides[1].opened_checkout {
                let order = self.order.take().ok_or("a checkout without an order")?;
                pay(&target, &order).await?;
                self.sides[1].opened_checkout = false;
                while self.state() == "payment_pending" {
                    self.wait().await?;
                }
            }
        }
        let [one, other] = &self.sides;
        let rises = one
            .heard
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.0 < b.0));
        if one.heard != other.heard || !rises {
            return Err(format!("the sides of {} heard different steps", self.id).into());
        }
        steps.set(steps.get() + one.heard.len() as u64);
        Ok(())
    }

    fn state(&self) -> &str {
        let [one, _] = &self.sides;
        one.heard
            .last()
            .map_or("influencer_responding", |(_, state, _)| state)
    }

    /// The next press and its side; `None` if the gateway is next.
    fn next_press(&self) -> Option<(usize, &'static str, Value)> {
        let price = |amount: u32| json!({ "price": { "amount": amount, "currency": "INR" } });
        let none = json!({});
        let work = json!({ "deliverables": "https://example.com/work", "description": "as asked" });
        Some(match self.state() {
            "influencer_responding" => (0, "accept_connection", none),
            "brand_owner_details" => (
                1,
                "send_project_details",
                json!({ "details": "three posts" }),
            ),
            "influencer_reviewing" => (0, "accept_project", none),
            "brand_owner_pricing" => (1, "send_price_offer", price(500_000)),
            "influencer_price_response" => (0, "negotiate_price", price(700_000)),
            "brand_owner_negotiation" => (1, "make_counter_offer", none),
            "negotiation_input" => (1, "send_counter_offer", price(600_000)),
            "influencer_final_response" => (0, "accept_final_offer", none),
            "payment_pending" if self.order.is_some() => (1, "proceed_to_payment", none),
            "payment_completed" => (0, "start_work", none),
            "work_in_progress" => (0, "submit_work", work),
            "work_submitted" if self.revisions < REVISIONS => (
                1,
                "request_revision",
                json!({ "comment": "a little warmer" }),
            ),
            "work_submitted" => (1, "approve_work", none),
            _ => return None,
        })
    }

    async fn press(
        &mut self,
        side: usize,
        action: &'static str,
        input: &Value,
        meter: &Meter,
    ) -> Result<(), Failure> {
        let version = self.sides[0]
            .heard
            .last()
            .map_or(2, |(_, _, version)| *version);
        let before = self.sides.each_ref().map(|side| side.heard.len());
        let press = json!({ "conversation_id": self.id, "action": action, "input": input, "state_version": version });
        let begun = meter.now();
        let acting = self.sides.get_mut(side).ok_or("a side that is none")?;
        let frame = json!({ "event": "flow_action", "id": 1, "data": press }).to_string();
        acting.socket.put(frame).await?;
        acting.socket.flush().await?;
        loop {
            let told = timeout(PATIENCE, acting.socket.next()).await??;
            if told.starts_with("{\"ack\":1,") {
                if told.contains("\"error\"") {
                    return Err(format!("{action} was refused: {told}").into());
                }
                break;
            }
            acting.hear(&told, &mut self.order)?;
        }
        meter.done(&meter.acknowledged, begun);
        if action == "proceed_to_payment" {
            self.sides[1].opened_checkout = true;
        }
        if action == "request_revision" {
            self.revisions += 1;
        }
        while self
            .sides
            .iter()
            .zip(before)
            .any(|(side, before)| side.heard.len() == before)
        {
            self.wait_for_whoever_lacks(before).await?;
        }
        self.catch_up().await
    }

    async fn wait_for_whoever_lacks(&mut self, before: [usize; 2]) -> Result<(), Failure> {
        for (side, before) in self.sides.iter_mut().zip(before) {
            if side.heard.len() == before {
                side.listen(&mut self.order).await?;
            }
        }
        Ok(())
    }

    /// Waits for a step that no participant presses.
    async fn wait(&mut self) -> Result<(), Failure> {
        let [one, _] = &mut self.sides;
        one.listen(&mut self.order).await?;
        self.catch_up().await
    }

    /// Waits until both sides have received the same steps, and the payer the card.
    async fn catch_up(&mut self) -> Result<(), Failure> {
        loop {
            let counts = self.sides.each_ref().map(|side| side.heard.len());
            let most = counts.into_iter().max().unwrap_or(0);
            if counts == [most, most] {
                break;
            }
            for side in self.sides.iter_mut().filter(|side| side.heard.len() < most) {
                side.listen(&mut self.order).await?;
            }
        }
        let is_ready = self.sides[1]
            .heard
            .last()
            .is_some_and(|(_, state, _)| state == "payment_pending")
            && self.sides[1]
                .heard
                .iter()
                .filter(|(_, state, _)| state == "payment_pending")
                .count()
                == 2;
        while is_ready && self.order.is_none() {
            self.sides[1].listen(&mut self.order).await?;
        }
        Ok(())
    }
}

impl Side {
    async fn join(target: &Target, person: &str, id: &str) -> Result<Self, Failure> {
        let mut socket = target.connect(person).await?;
        socket.join(id, None).await?;
        Ok(Self {
            socket,
            heard: Vec::new(),
            opened_checkout: false,
        })
    }

    async fn listen(&mut self, order: &mut Option<Order>) -> Result<(), Failure> {
        let told = timeout(PATIENCE, self.socket.next()).await??;
        self.hear(&told, order)
    }

    fn hear(&mut self, told: &str, order: &mut Option<Order>) -> Result<(), Failure> {
        if told.starts_with("{\"event\":\"conversation_state_changed\"") {
            let frame: Value = serde_json::from_str(told)?;
            let step = frame.get("data").ok_or("an event without data")?;
            let heard = (
                whole(step, "seq")?,
                text(step, "new_state")?.to_owned(),
                whole(step, "state_version")?,
            );
            self.heard.push(heard);
        } else if told.contains("razorpay_config") {
            let frame: Value = serde_json::from_str(told)?;
            let at = "/data/message/action/payment_order/razorpay_config";
            let checkout = frame.pointer(at).ok_or("an order without its checkout")?;
            *order = Some(Order {
                id: text(checkout, "order_id")?.to_owned(),
                amount: whole(checkout, "amount")?,
                currency: text(checkout, "currency")?.to_owned(),
            });
        }
        Ok(())
    }
}
