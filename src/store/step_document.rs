//! The JSON document of a step that the statement in `steps.rs` reads.

use serde::Serialize;
use serde_json::{Map, Value};

use super::steps::{NewEvent, NewStep};
use crate::domain::flow::{
    Card, DealView, FlowActor, Instance, Line, LineAudience, OrderRequest, Phase, RefundRequest,
    StateVersion, Step, Timer, Transition,
};
use crate::domain::ids::{PolicyVersion, UserNo};
use crate::domain::message::{MessageKind, SYSTEM};

/// The number of seqs that a step takes: one for each transition and one for each line.
pub fn seqs(step: &Step) -> i64 {
    step.transitions
        .iter()
        .map(|transition| 1 + transition.lines.len() as i64)
        .sum()
}

/// The document of a step.
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
    transitions: Vec<TransitionDocument<'a>>,
    lines: Vec<LineDocument<'a>>,
    prompts_from: Option<i64>,
    prompts_to: Option<i64>,
    done: Option<AnsweredBy<'a>>,
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
struct TransitionDocument<'a> {
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

/// Who answered the cards of the previous state version.
#[derive(Serialize)]
struct AnsweredBy<'a> {
    action: &'a str,
    actor: &'a str,
    actor_id: Option<&'a str>,
}

impl<'a> Document<'a> {
    pub(super) fn new(new: &'a NewStep) -> Self {
        let step = &new.step;
        let count = seqs(step);
        let offers_anew = step.instance.version > new.base_version;
        let prompts = offers_anew.then(|| prompts(step, count));
        let (transitions, lines) = rows(new);
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
            transitions,
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

/// The positions, from 1, of the cards that wait for an answer now.
fn prompts(step: &Step, count: i64) -> std::ops::Range<i64> {
    let mut at = 0;
    let mut range = count + 1..count + 1;
    for transition in &step.transitions {
        at += 1;
        for line in &transition.lines {
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

fn done(new: &NewStep) -> Option<AnsweredBy<'_>> {
    let transition = new
        .step
        .transitions
        .first()
        .filter(|transition| transition.from.is_some())?;
    Some(AnsweredBy {
        action: &transition.action,
        actor: transition.actor.name(),
        actor_id: new.person.as_ref().map(|(_, id)| id.as_str()),
    })
}

/// The rows of transitions and lines, each with its position from 1.
fn rows(new: &NewStep) -> (Vec<TransitionDocument<'_>>, Vec<LineDocument<'_>>) {
    let (mut transitions, mut lines, mut at) = (Vec::new(), Vec::new(), 0);
    for transition in &new.step.transitions {
        at += 1;
        transitions.push(transition_row(at, transition, new, transitions.is_empty()));
        for line in &transition.lines {
            at += 1;
            lines.push(line_row(at, line, new));
        }
    }
    (transitions, lines)
}

fn transition_row<'a>(
    at: i64,
    transition: &'a Transition,
    new: &'a NewStep,
    first: bool,
) -> TransitionDocument<'a> {
    let actor_no = match transition.actor {
        FlowActor::Role(_) | FlowActor::Staff => new.person.as_ref().map(|(no, _)| no.0),
        FlowActor::System | FlowActor::Timer | FlowActor::Payment => None,
    };
    TransitionDocument {
        at,
        state_version: transition.version,
        from_state: transition.from.as_deref(),
        to_state: &transition.to,
        action: &transition.action,
        actor: transition.actor.name(),
        actor_no,
        input: &transition.input,
        reason: transition.reason.as_deref(),
        request_id: first.then_some(new.request_id.as_str()),
        answer: first.then_some(&new.answer),
    }
}

/// The audience of a line as the columns of a message: a role, or a user.
pub fn audience_columns(line: &Line, person: Option<UserNo>) -> (Option<&str>, Option<UserNo>) {
    match &line.to {
        LineAudience::Everybody => (None, None),
        LineAudience::Role(role) => (Some(role), None),
        LineAudience::Actor => (None, Some(person.unwrap_or(SYSTEM.0))),
    }
}

fn line_row<'a>(at: i64, line: &'a Line, new: &NewStep) -> LineDocument<'a> {
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
