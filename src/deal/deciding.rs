//! Turns a request into a step to write, and a written step into entries for the room. Pure.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

use super::actor::{DealRequest, Initiator, People};
use super::documents::{self, webhook_event};
use crate::domain::access::Access;
use crate::domain::conversation::{Conversation, ConversationStatus};
use crate::domain::deal_reader::DealReader;
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::{
    DealView, FlowActor, FlowInput, Instance, Line, PaymentOutcome, Step, Stepped, Transition,
};
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId, UserNo};
use crate::domain::message::{Audience, ClientIdOrigin, Content, Message, SYSTEM};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::step_document::audience_columns;
use crate::store::steps::{NewEvent, NewStep};
use flow::definition::Definition;
use flow::machine;

/// A deal as it was read, or as the last step left it.
pub(super) struct DealState {
    conversation: Conversation,
    people: People,
    definition: Arc<Definition>,
    instance: Instance,
    gateway: Option<&'static str>,
}

/// A step that is ready to be written.
pub struct DecidedStep {
    /// The row values.
    pub step: NewStep,
    /// The card of each line of each transition, in order, as listeners get it.
    cards: Vec<Option<Arc<RawValue>>>,
}

impl DealState {
    /// A deal with the definition that it is pinned to.
    pub(super) fn new(
        conversation: Conversation,
        people: People,
        instance: Instance,
        definition: Arc<Definition>,
        gateway: Option<&'static str>,
    ) -> Self {
        Self {
            conversation,
            people,
            definition,
            instance,
            gateway,
        }
    }

    /// Who may read the conversation.
    pub(super) fn readers(&self) -> Vec<UserNo> {
        let readers = self.people.values();
        let readers = readers.filter(|person| person.may_read().is_ok());
        readers.map(|person| person.no).collect()
    }

    /// Applies a committed step.
    pub(super) fn apply(&mut self, decided: DecidedStep) {
        self.conversation.policy_version += decided.step.step.transitions.len() as i64;
        self.instance = decided.step.step.instance;
    }
}

/// How a caller may read the conversation. Refuses a caller who may not.
pub(super) fn access<'a>(people: &'a People, caller: &Principal) -> Result<Access<'a>, Refusal> {
    Ok(Access::of(people.get(&caller.no), caller.roles)?)
}

/// The step that a request makes, or why it is refused.
pub(super) fn decide(
    state: &DealState,
    request: &DealRequest,
    now: DateTime<Utc>,
) -> Result<DecidedStep, Error> {
    let try_as = |actor: &FlowActor| {
        machine::step(
            &state.definition,
            &state.instance,
            actor,
            &request.input,
            now,
        )
        .map_err(Refusal::from)
    };
    let (reader, step) = match &request.by {
        Initiator::Timer => (DealReader::Anybody, try_as(&FlowActor::Timer)?),
        Initiator::Payment => (DealReader::Anybody, try_as(&FlowActor::Payment)?),
        Initiator::Person(caller) => {
            let mut outcome = Err(Refusal::Forbidden("This action is for another role"));
            let is_open = state.conversation.status == ConversationStatus::Open;
            let access = access(&state.people, caller)?;
            for actor in access.actors(caller.roles) {
                outcome = match actor {
                    FlowActor::Role(_) if !is_open => Err(Refusal::ConversationClosed),
                    _ => try_as(&actor),
                };
                let goes_on = match outcome {
                    Err(Refusal::Forbidden(_) | Refusal::ConversationClosed) => true,
                    // `FlowStateInvalid` lists what the actor may do; staff get the list that includes the
                    // platform's actions.
                    Err(Refusal::Flow(flow::Refusal::FlowStateInvalid(_))) => {
                        actor == FlowActor::System
                    }
                    Ok(_) | Err(_) => false,
                };
                if goes_on {
                    continue;
                }
                break;
            }
            (DealReader::Caller(access, caller.roles), outcome?)
        }
    };
    let caller = match &request.by {
        Initiator::Person(caller) => Some(&**caller),
        Initiator::Timer | Initiator::Payment => None,
    };
    let context = StepContext {
        conversation: &state.conversation,
        base_version: state.instance.version,
        gateway: state.gateway,
        caller,
        reader,
        now,
    };
    let request_id = request.request_id.clone();
    context.decided(step, request_id, applies(&request.input))
}

/// The first step of a deal in an existing conversation.
pub fn begin(
    conversation: &Conversation,
    catalogue: &super::catalogue::Catalogue,
    definition: &Definition,
    context: serde_json::Map<String, Value>,
    caller: &Principal,
    now: DateTime<Utc>,
) -> Result<DecidedStep, Error> {
    let step = machine::start(definition, context, now).map_err(Refusal::from)?;
    let context = StepContext {
        conversation,
        base_version: 0,
        gateway: catalogue.gateway(),
        caller: Some(caller),
        reader: DealReader::Anybody,
        now,
    };
    context.decided(step, "start".to_owned(), None)
}

/// A line's card as JSON.
fn encoded_card(line: &Line) -> Result<Option<Arc<RawValue>>, Error> {
    let card = line.card.as_ref().map(serde_json::value::to_raw_value);
    let card = card.transpose().map_err(Error::internal)?;
    Ok(card.map(Arc::from))
}

/// The order that an input pays.
fn applies(input: &FlowInput) -> Option<i64> {
    match input {
        FlowInput::Payment {
            order,
            outcome: PaymentOutcome::Paid,
        } => Some(*order),
        FlowInput::Payment { .. } | FlowInput::Press { .. } | FlowInput::Due(_) => None,
    }
}

/// The conditions under which a step is made.
pub struct StepContext<'a> {
    /// The conversation as it was read.
    pub conversation: &'a Conversation,
    /// The state version that the step follows; 0 for the first step.
    pub base_version: i64,
    /// The name of the gateway that creates orders, if one is configured.
    pub gateway: Option<&'static str>,
    /// The person who makes the step, if one does.
    pub caller: Option<&'a Principal>,
    /// Who gets the answer.
    pub reader: DealReader<'a>,
    /// The current time.
    pub now: DateTime<Utc>,
}

impl StepContext<'_> {
    /// The step with everything that is written with it. Returns `PaymentsUnavailable` if the step creates an
    /// order and no gateway is configured, and an internal error if a card cannot be written as JSON.
    pub fn decided(
        &self,
        step: Step,
        request_id: String,
        applies: Option<i64>,
    ) -> Result<DecidedStep, Error> {
        if self.gateway.is_none() && !step.orders.is_empty() {
            return Err(Refusal::PaymentsUnavailable.into());
        }
        let answer = documents::answer(&step.deal_view, self.reader);
        let event = |event: &crate::domain::flow::WebhookEvent| NewEvent {
            id: format!("evt_{}", uuid::Uuid::now_v7().simple()),
            event: event.event.clone(),
            body: webhook_event(event, self.conversation, &step.deal_view, self.now),
        };
        let events = step.events.iter().map(event).collect();
        let lines = step.transitions.iter().flat_map(|each| &each.lines);
        let cards = lines.map(encoded_card).collect::<Result<_, _>>()?;
        Ok(DecidedStep {
            cards,
            step: NewStep {
                conversation: self.conversation.no,
                policy: self.conversation.policy_version,
                base_version: self.base_version,
                person: self.caller.map(|caller| (caller.no, caller.id.clone())),
                request_id,
                answer,
                applies,
                gateway: self.gateway,
                events,
                step,
            },
        })
    }
}

impl DecidedStep {
    /// Whether the step writes rows for the job runner.
    pub fn leaves_work(&self) -> bool {
        let step = &self.step.step;
        let is_idle = step.orders.is_empty() && step.refunds.is_empty() && step.events.is_empty();
        !is_idle || !step.instance.timers.is_empty()
    }

    /// The entries of the committed step, in order. `before` is the conversation's last seq before it.
    pub fn entries(&self, before: Seq, at: DateTime<Utc>) -> Vec<Entry> {
        let deal_view = Arc::new(self.step.step.deal_view.clone());
        let memory = Arc::new(self.step.step.instance.context.clone());
        let mut entries = Vec::new();
        let mut cards = self.cards.iter().cloned();
        let mut seq = before;
        for transition in &self.step.step.transitions {
            seq += 1;
            let fact = Fact::Stepped(Arc::new(self.stepped(transition, &deal_view, &memory)));
            entries.push(Entry { seq, at, fact });
            for line in &transition.lines {
                seq += 1;
                let mut message = self.message(transition, line, seq, at);
                message.card = cards.next().flatten();
                let fact = Fact::Said(message);
                entries.push(Entry { seq, at, fact });
            }
        }
        entries
    }

    fn stepped(
        &self,
        transition: &Transition,
        deal_view: &Arc<DealView>,
        context: &Arc<Map<String, Value>>,
    ) -> Stepped {
        Stepped {
            from: transition.from.clone(),
            to: transition.to.clone(),
            action: transition.action.clone(),
            actor: transition.actor.name().to_owned(),
            actor_id: self.actor_id(transition),
            reason: transition.reason.clone(),
            version: transition.version,
            filled: transition.input.len(),
            deal_view: Arc::clone(deal_view),
            context: Arc::clone(context),
        }
    }

    /// The person who made a transition, if one did.
    fn actor_id(&self, transition: &Transition) -> Option<UserId> {
        let person = self.step.person.as_ref();
        match transition.actor {
            FlowActor::Role(_) | FlowActor::Staff => person.map(|(_, id)| id.clone()),
            FlowActor::System | FlowActor::Timer | FlowActor::Payment => None,
        }
    }

    fn message(
        &self,
        transition: &Transition,
        line: &Line,
        seq: Seq,
        at: DateTime<Utc>,
    ) -> Message {
        let conversation: ConversationNo = self.step.conversation;
        let person = self.step.person.as_ref().map(|(no, _)| *no);
        let audience = match audience_columns(line, person) {
            (Some(role), _) => Some(Audience::Role(role.to_owned())),
            (None, Some(user)) => Some(Audience::User(user)),
            (None, None) => None,
        };
        Message {
            id: MessageId { conversation, seq },
            sender: SYSTEM.0,
            sender_id: UserId::stored(SYSTEM.1.to_owned()),
            actor_id: self.actor_id(transition),
            content: Arc::new(Content {
                client_id: String::new(),
                origin: ClientIdOrigin::Server,
                body: line.body.clone(),
                reply_to: None,
                attachments: Vec::new(),
                context: None,
                kind: line.kind.into(),
                audience,
                mentions: Vec::new(),
                forwarded: None,
                thread: None,
            }),
            card: None,
            created_at: at,
            edited_at: None,
            deleted_at: None,
            from_blocked: false,
        }
    }
}
