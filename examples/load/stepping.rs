//! Measures the flow machine alone: every press of a deal, without actors and without a database.

use std::time::Instant;

use flow::{Definition, FlowActor, FlowInput, Instance, PaymentOutcome, Refusal, machine};
use serde_json::{Map, Value, json};

use crate::drive::Failure;
use crate::ledger::Problems;
use crate::report::{Row, grouped};

const BID: &str = include_str!("../../flows/bid.toml");
const ROUNDS: u32 = 5_000;

/// An input and its actor.
type Press = (FlowActor, FlowInput);

/// Runs the bid flow repeatedly and measures each step.
pub fn run() -> Result<Row, Failure> {
    let definition = Definition::parse(BID).map_err(|_| "the bid flow is not fine")?;
    let way = way();
    let mut spent: Vec<(u64, usize)> = Vec::with_capacity(way.len() * ROUNDS as usize);
    for _ in 0..ROUNDS {
        let now = chrono::Utc::now();
        let begun = machine::start(&definition, Map::new(), now).map_err(explain)?;
        let mut instance: Instance = begun.instance;
        for (index, (actor, input)) in way.iter().enumerate() {
            let at = Instant::now();
            let step = machine::step(&definition, &instance, actor, input, now);
            spent.push((u64::try_from(at.elapsed().as_nanos())?, index));
            instance = step.map_err(explain)?.instance;
        }
    }
    let mean = |index: Option<usize>| {
        let of = spent
            .iter()
            .filter(|(_, at)| index.is_none_or(|index| index == *at));
        let (sum, count) = of.fold((0, 0), |(sum, count), (nanos, _)| (sum + nanos, count + 1));
        sum as f64 / f64::from(count) / 1_000.0
    };
    let dearest = (0..way.len())
        .map(|index| mean(Some(index)))
        .fold(0.0, f64::max);
    Ok(Row {
        scenario: "step",
        load: format!("the bid flow's rule alone, {} presses", way.len()),
        figures: format!(
            "{:.1} µs in the mean, {dearest:.1} µs for the dearest",
            mean(None)
        ),
        asked: "20 µs",
        checked: format!("{} steps", grouped(spent.len() as u64)),
        problems: Problems::default(),
    })
}

fn explain(refusal: Refusal) -> Failure {
    refusal.message().into()
}

fn press(role: &str, action: &str, input: Value) -> Press {
    let input = FlowInput::Press {
        action: action.to_owned(),
        input: input.as_object().cloned().unwrap_or_default(),
        version: None,
    };
    (FlowActor::Role(role.to_owned()), input)
}

fn paid(order: i64, outcome: PaymentOutcome) -> Press {
    (FlowActor::Payment, FlowInput::Payment { order, outcome })
}

fn way() -> Vec<Press> {
    let price = |amount: i64| json!({ "price": { "amount": amount, "currency": "INR" } });
    let none = || json!({});
    let work = json!({ "deliverables": "https://example.com/a", "description": "three posts" });
    let order = 8;
    vec![
        press("influencer", "accept_connection", none()),
        press(
            "brand_owner",
            "send_project_details",
            json!({ "details": "three posts" }),
        ),
        press("influencer", "accept_project", none()),
        press("brand_owner", "send_price_offer", price(500_000)),
        press("influencer", "negotiate_price", price(700_000)),
        press("brand_owner", "accept_negotiation", none()),
        paid(
            order,
            PaymentOutcome::Ready {
                checkout: json!({ "order_id": "order_1" }),
            },
        ),
        paid(order, PaymentOutcome::Paid),
        press("influencer", "start_work", none()),
        press("influencer", "submit_work", work),
        press("brand_owner", "approve_work", none()),
    ]
}
