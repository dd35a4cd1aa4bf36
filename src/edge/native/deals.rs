//! The public JSON of deals: the view for one reader, the event of a step, the log.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::instants::{instant, maybe_instant};
use crate::domain::deal_reader::DealReader;
use crate::domain::flow::{
    AvailableAction, ChatPolicy, DealView, LoggedStep, Phase, StateVersion, Stepped,
};
use crate::domain::ids::{ConversationId, Seq};

/// How a deal stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Flow)]
pub struct FlowView<'a> {
    /// The flow's name
    name: &'a str,
    /// The version of its definition
    version: i64,
    /// The state's name
    state: &'a str,
    /// The state's title
    title: &'a str,
    /// The version of the available actions: a press names it
    state_version: StateVersion,
    /// Whose turn it is
    awaiting_role: Option<&'a str>,
    /// `running` or `over`
    phase: Phase,
    /// When the state was entered
    #[serde(serialize_with = "instant")]
    entered_at: DateTime<Utc>,
    /// When the state ends by itself
    #[serde(serialize_with = "maybe_instant")]
    deadline: Option<DateTime<Utc>>,
    /// What only one reader has; absent in events that go to several
    #[serde(flatten)]
    mine: Option<MyFlowView<'a>>,
}

/// What a deal has for one reader only.
#[derive(Serialize, ToSchema)]
pub struct MyFlowView<'a> {
    /// Whether the reader may type
    chat: ChatPolicy,
    /// What the reader may do now
    #[schema(value_type = Vec<AvailableAction>)]
    available_actions: Vec<&'a AvailableAction>,
}

impl<'a> MyFlowView<'a> {
    fn of(deal_view: &'a DealView, reader: DealReader<'_>) -> Option<Self> {
        let (chat, available_actions) = reader.sees(deal_view)?;
        Some(Self {
            chat,
            available_actions,
        })
    }
}

impl<'a> FlowView<'a> {
    /// The deal for this reader.
    pub fn new(deal_view: &'a DealView, reader: DealReader<'_>) -> Self {
        Self {
            name: &deal_view.flow,
            version: deal_view.flow_version,
            state: &deal_view.state,
            title: &deal_view.title,
            state_version: deal_view.state_version,
            awaiting_role: deal_view.awaiting_role.as_deref(),
            phase: deal_view.phase,
            entered_at: deal_view.entered_at,
            deadline: deal_view.deadline,
            mine: MyFlowView::of(deal_view, reader),
        }
    }
}

/// The event of a step.
#[derive(Serialize)]
pub(in crate::edge) struct StepView<'a> {
    conversation_id: ConversationId,
    seq: Seq,
    previous_state: Option<&'a str>,
    new_state: &'a str,
    action: &'a str,
    actor: &'a str,
    actor_id: Option<&'a str>,
    reason: Option<&'a str>,
    awaiting_role: Option<&'a str>,
    state_version: StateVersion,
    #[serde(serialize_with = "instant")]
    timestamp: DateTime<Utc>,
    available_actions: &'a [AvailableAction],
    flow: FlowView<'a>,
}

impl<'a> StepView<'a> {
    pub(super) fn new(
        conversation_id: ConversationId,
        (seq, at): (Seq, DateTime<Utc>),
        stepped: &'a Stepped,
        role: Option<&str>,
    ) -> Self {
        let deal_view = &stepped.deal_view;
        Self {
            conversation_id,
            seq,
            previous_state: stepped.from.as_deref(),
            new_state: &stepped.to,
            action: &stepped.action,
            actor: &stepped.actor,
            actor_id: stepped.actor_id.as_ref().map(|id| id.as_str()),
            reason: stepped.reason.as_deref(),
            awaiting_role: deal_view.awaiting_role.as_deref(),
            state_version: stepped.version,
            timestamp: at,
            available_actions: deal_view.actions_of(role),
            flow: FlowView::new(deal_view, DealReader::of(role)),
        }
    }
}

/// One line of a deal's log.
#[derive(Serialize, ToSchema)]
#[schema(as = FlowStep)]
pub struct LoggedStepView<'a> {
    /// Its place in the order of the conversation's changes
    seq: Seq,
    /// The state before; null at the start
    previous_state: Option<&'a str>,
    /// The state after
    new_state: &'a str,
    /// The action's name
    action: &'a str,
    /// A role, `staff`, `system`, `timer` or `payment`
    actor: &'a str,
    /// The person, where it was one
    actor_id: Option<&'a str>,
    /// What was filled in; null for the other side
    input: Option<&'a Value>,
    /// Why
    reason: Option<&'a str>,
    /// The version after it
    state_version: StateVersion,
    /// The definition's version
    flow_version: i64,
    /// When it was committed
    #[serde(serialize_with = "instant")]
    timestamp: DateTime<Utc>,
}

impl<'a> LoggedStepView<'a> {
    /// The line for this reader. Only the same role and staff see the input of a step.
    pub fn new(step: &'a LoggedStep, reader: DealReader<'_>) -> Self {
        let is_own = match reader {
            DealReader::Role(role) => step.actor == role,
            DealReader::Staff => true,
            DealReader::Caller(access, _) => access.role().is_none_or(|role| step.actor == role),
            DealReader::Anybody => false,
        };
        Self {
            seq: step.seq,
            previous_state: step.from.as_deref(),
            new_state: &step.to,
            action: &step.action,
            actor: &step.actor,
            actor_id: step.actor_id.as_ref().map(|id| id.as_str()),
            input: is_own.then_some(&step.input),
            reason: step.reason.as_deref(),
            state_version: step.version,
            flow_version: step.flow_version,
            timestamp: step.at,
        }
    }
}
