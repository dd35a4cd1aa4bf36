//! A step as the statement reads it: borrowed from what was decided, written as JSON.

use serde::Serialize;
use serde_json::{Map, Value};

use super::steps::{NewEvent, NewStep};
use crate::domain::flow::{
    Card, DealView, FlowActor, Instance, Line, LineAudience, OrderRequest, Phase, RefundRequest,
    StateVersion, Step, Timer, Transition,
};
use crate::domain::ids::{PolicyVersion, UserNo};
use crate::domain::message::{MessageKind, SYSTEM};

/// How many seqs a step takes: one for each hop, and one for each line.
pub fn seqs(step: &Step) -> i64 {
    step.transitions
        .iter()
        .map(|hop| 1 + hop.lines.len() as i64)
        .sum()
}

/// A step as the statement reads it.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    no: i64,
    policy: PolicyVersion,
    count: i64,
    name: &'a str,
    version: i64,
    state: &'a str,
    phase: &'static str,
    instance: &'a Instance,
    standing: &'a DealView,
    timers: &'a [Timer],
    applies: Option<i64>,
    gateway: Option<&'static str>,
    orders: Vec<OrderDocument<'a>>,
    refunds: Vec<RefundDocument<'a>>,
    events: &'a [NewEvent],
    hops: Vec<HopDocument<'a>>,
    lines: Vec<LineDocument<'a>>,
    prompts_from: Option<i64>,
    prompts_to: Option<i64>,
    done: Option<Done<'a>>,
}

#[derive(Serialize)]
struct OrderDocument<'a> {
    version: StateVersion,
    amount: i64,
    currency: &'a str,
    description: &'a str,
    payer: Option<&'a str>,
}

#[derive(Serialize)]
struct RefundDocument<'a> {
    version: StateVersion,
    reason: &'a str,
}

#[derive(Serialize)]
struct HopDocument<'a> {
    at: i64,
    state_version: StateVersion,
    from_state: Option<&'a str>,
    to_state: &'a str,
    action: &'a str,
    actor: &'a str,
    actor_no: Option<i64>,
    input: &'a Map<String, Value>,
    reason: Option<&'a str>,
    request_id: Option<&'a str>,
    answer: Option<&'a Value>,
}

#[derive(Serialize)]
struct LineDocument<'a> {
    at: i64,
    kind: &'static str,
    body: &'a str,
    role: Option<&'a str>,
    user_no: Option<i64>,
    card: Option<&'a Card>,
}

/// Who answered the cards that were offered before.
#[derive(Serialize)]
struct Done<'a> {
    action: &'a str,
    actor: &'a str,
    actor_id: Option<&'a str>,
}

impl<'a> Document<'a> {
    pub(super) fn new(new: &'a NewStep) -> Self {
        let step = &new.step;
        let count = seqs(step);
        let offers_anew = step.instance.version > new.offered;
        let prompts = offers_anew.then(|| prompts(step, count));
        let (hops, lines) = placed(new);
        Self {
            no: new.conversation.0,
            policy: new.policy,
            count,
            name: &step.deal_view.flow,
            version: step.deal_view.flow_version,
            state: &step.instance.state,
            phase: phase(step.deal_view.phase),
            instance: &step.instance,
            standing: &step.deal_view,
            timers: &step.instance.timers,
            applies: new.applies,
            gateway: new.gateway,
            orders: step.orders.iter().map(order).collect(),
            refunds: step.refunds.iter().map(refund).collect(),
            events: &new.events,
            hops,
            lines,
            prompts_from: prompts.as_ref().map(|range| range.start),
            prompts_to: prompts.map(|range| range.end),
            done: offers_anew.then(|| done(new)).flatten(),
        }
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Running => "running",
        Phase::Over => "over",
    }
}

fn order(order: &OrderRequest) -> OrderDocument<'_> {
    OrderDocument {
        version: order.order,
        amount: order.price.amount,
        currency: &order.price.currency,
        description: &order.description,
        payer: order.payer.as_deref(),
    }
}

fn refund(refund: &RefundRequest) -> RefundDocument<'_> {
    RefundDocument {
        version: refund.order,
        reason: &refund.reason,
    }
}

/// The places, counted from 1, of the cards that now wait for an answer.
fn prompts(step: &Step, count: i64) -> std::ops::Range<i64> {
    let mut at = 0;
    let mut range = count + 1..count + 1;
    for hop in &step.transitions {
        at += 1;
        for line in &hop.lines {
            at += 1;
            let waits = line
                .card
                .as_ref()
                .is_some_and(|card| card.state_version == step.instance.version);
            if waits {
                range = range.start.min(at)..at + 1;
            }
        }
    }
    range
}

fn done(new: &NewStep) -> Option<Done<'_>> {
    let hop = new
        .step
        .transitions
        .first()
        .filter(|hop| hop.from.is_some())?;
    Some(Done {
        action: &hop.action,
        actor: hop.actor.name(),
        actor_id: new.person.as_ref().map(|(_, id)| id.as_str()),
    })
}

/// Hops and lines as rows, each with its place, counted from 1.
fn placed(new: &NewStep) -> (Vec<HopDocument<'_>>, Vec<LineDocument<'_>>) {
    let (mut hops, mut lines, mut at) = (Vec::new(), Vec::new(), 0);
    for hop in &new.step.transitions {
        at += 1;
        hops.push(logged(at, hop, new, hops.is_empty()));
        for line in &hop.lines {
            at += 1;
            lines.push(said(at, line, new));
        }
    }
    (hops, lines)
}

fn logged<'a>(at: i64, hop: &'a Transition, new: &'a NewStep, first: bool) -> HopDocument<'a> {
    let acted = match hop.actor {
        FlowActor::Role(_) | FlowActor::Staff => new.person.as_ref().map(|(no, _)| no.0),
        FlowActor::System | FlowActor::Timer | FlowActor::Payment => None,
    };
    HopDocument {
        at,
        state_version: hop.version,
        from_state: hop.from.as_deref(),
        to_state: &hop.to,
        action: &hop.action,
        actor: hop.actor.name(),
        actor_no: acted,
        input: &hop.input,
        reason: hop.reason.as_deref(),
        request_id: first.then_some(new.request_id.as_str()),
        answer: first.then_some(&new.answer),
    }
}

/// Whom a line reaches, as the columns of a message: a role, or a number.
pub fn audience_columns(line: &Line, person: Option<UserNo>) -> (Option<&str>, Option<UserNo>) {
    match &line.to {
        LineAudience::Everybody => (None, None),
        LineAudience::Role(role) => (Some(role), None),
        LineAudience::Actor => (None, Some(person.unwrap_or(SYSTEM.0))),
    }
}

fn said<'a>(at: i64, line: &'a Line, new: &NewStep) -> LineDocument<'a> {
    let (role, user) = audience_columns(line, new.person.as_ref().map(|(no, _)| *no));
    LineDocument {
        at,
        kind: MessageKind::from(line.kind).name(),
        body: &line.body,
        role,
        user_no: user.map(|no| no.0),
        card: line.card.as_ref(),
    }
}
