//! From something that happens to a step that can be written, and from a written step to what rooms tell. Pure but for the clock.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::sync::Arc;

use super::actor::{By, Happens, People};
use super::documents::{self, platform_event};
use super::reader::DealReader;
use crate::domain::access::{Access, Privilege};
use crate::domain::conversation::{Conversation, ConversationStatus};
use crate::domain::entry::{Entry, Fact};
use crate::domain::flow::{
    DealView, FlowActor, FlowInput, Instance, Line, PaymentOutcome, Step, Stepped, Transition,
};
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId};
use crate::domain::message::{Audience, ClientIdOrigin, Content, Message, SYSTEM};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::store::step_document::audience_columns;
use crate::store::steps::{NewEvent, NewStep};
use flow::definition::Definition;
use flow::machine;

/// A deal as it was read, or as the last step left it.
pub(super) struct Awake {
    conversation: Conversation,
    people: People,
    definition: Arc<Definition>,
    instance: Instance,
    gateway: Option<&'static str>,
}

/// A step, ready to be written.
pub struct Decided {
    /// What is written.
    pub step: NewStep,
}

impl Awake {
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

    /// The deal after a step that was written.
    pub(super) fn take_in(&mut self, decided: Decided) {
        self.conversation.policy_version += decided.step.step.transitions.len() as i64;
        self.instance = decided.step.step.instance;
    }
}

/// As whom a caller may act: by their role, as the platform, or as staff. Whoever may not know of the conversation learns of nothing.
pub(super) fn actors(people: &People, caller: &Principal) -> Result<Vec<FlowActor>, Refusal> {
    let access = Access::of(people.get(&caller.no), caller.roles)?;
    Ok(access.actors(caller.roles))
}

/// What comes of it: a step to write, or a refusal.
pub(super) fn decide(
    awake: &Awake,
    happens: &Happens,
    now: DateTime<Utc>,
) -> Result<Decided, Refusal> {
    let try_as = |actor: &FlowActor| {
        machine::step(
            &awake.definition,
            &awake.instance,
            actor,
            &happens.input,
            now,
        )
        .map(|step| (actor.clone(), step))
        .map_err(Refusal::from)
    };
    let (actor, step) = match &happens.by {
        By::Timer => try_as(&FlowActor::Timer)?,
        By::Payment => try_as(&FlowActor::Payment)?,
        By::Person(caller) => {
            let mut outcome = Err(Refusal::Forbidden("This is for somebody else to do"));
            let is_open = awake.conversation.status == ConversationStatus::Open;
            for actor in actors(&awake.people, caller)? {
                outcome = match actor {
                    FlowActor::Role(_) if !is_open => Err(Refusal::ConversationClosed),
                    _ => try_as(&actor),
                };
                let goes_on = match outcome {
                    Err(Refusal::Forbidden(_) | Refusal::ConversationClosed) => true,
                    // Staff are told everything that the platform may do.
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
            outcome?
        }
    };
    let caller = match &happens.by {
        By::Person(caller) => Some(&**caller),
        By::Timer | By::Payment => None,
    };
    let place = Place {
        conversation: &awake.conversation,
        offered: awake.instance.version,
        gateway: awake.gateway,
        caller,
        now,
    };
    let request_id = happens.request_id.clone();
    place.decided(step, &actor, request_id, applies(&happens.input))
}

/// The step that begins a deal in a conversation, as a caller asks for it.
pub fn begin(
    conversation: &Conversation,
    catalogue: &super::catalogue::Catalogue,
    definition: &Definition,
    context: serde_json::Map<String, Value>,
    caller: &Principal,
    now: DateTime<Utc>,
) -> Result<Decided, Refusal> {
    let step = machine::start(definition, context, now)?;
    let place = Place {
        conversation,
        offered: 0,
        gateway: catalogue.gateway(),
        caller: Some(caller),
        now,
    };
    place.decided(step, &FlowActor::System, "start".to_owned(), None)
}

/// The order whose money an input brings.
fn applies(input: &FlowInput) -> Option<i64> {
    match input {
        FlowInput::Payment {
            order,
            outcome: PaymentOutcome::Paid,
        } => Some(*order),
        FlowInput::Payment { .. } | FlowInput::Press { .. } | FlowInput::Due(_) => None,
    }
}

/// Where and when a step happens.
pub struct Place<'a> {
    /// The conversation, as it was read.
    pub conversation: &'a Conversation,
    /// The version that is offered before it; 0 at the start.
    pub offered: i64,
    /// The gateway that makes its orders, where there is one.
    pub gateway: Option<&'static str>,
    /// Who makes it happen, where somebody does.
    pub caller: Option<&'a Principal>,
    /// The moment.
    pub now: DateTime<Utc>,
}

impl Place<'_> {
    /// The step with everything that is written with it. One that asks for money needs somebody to take it.
    pub fn decided(
        &self,
        step: Step,
        actor: &FlowActor,
        request_id: String,
        applies: Option<i64>,
    ) -> Result<Decided, Refusal> {
        if self.gateway.is_none() && !step.orders.is_empty() {
            return Err(Refusal::PaymentsUnavailable);
        }
        let reader = match (actor, self.caller) {
            (FlowActor::Role(role), _) => DealReader::Role(role),
            (_, Some(caller)) if caller.roles.may(Privilege::ActAsPlatform) => DealReader::Platform,
            (FlowActor::Staff, _) => DealReader::Staff,
            (FlowActor::System | FlowActor::Timer | FlowActor::Payment, _) => DealReader::Anybody,
        };
        let answer = documents::answer(&step.deal_view, reader);
        let event = |event: &crate::domain::flow::PlatformEvent| NewEvent {
            id: format!("evt_{}", uuid::Uuid::now_v7().simple()),
            event: event.event.clone(),
            body: platform_event(event, self.conversation, &step.deal_view, self.now),
        };
        let events = step.events.iter().map(event).collect();
        Ok(Decided {
            step: NewStep {
                conversation: self.conversation.no,
                policy: self.conversation.policy_version,
                offered: self.offered,
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

impl Decided {
    /// Whether rows were written that wait for the job runner.
    pub fn leaves_work(&self) -> bool {
        let step = &self.step.step;
        let is_idle = step.orders.is_empty() && step.refunds.is_empty() && step.events.is_empty();
        !is_idle || !step.instance.timers.is_empty()
    }

    /// What was committed, in order, where the conversation's last seq before was `before`.
    pub fn entries(&self, before: Seq, at: DateTime<Utc>) -> Vec<Entry> {
        let deal_view = Arc::new(self.step.step.deal_view.clone());
        let remembered = Arc::new(self.step.step.instance.context.clone());
        let mut entries = Vec::new();
        let mut seq = before;
        for hop in &self.step.step.transitions {
            seq += 1;
            let fact = Fact::Stepped(Arc::new(self.stepped(hop, &deal_view, &remembered)));
            entries.push(Entry { seq, at, fact });
            for line in &hop.lines {
                seq += 1;
                let fact = Fact::Said(self.message(line, seq, at));
                entries.push(Entry { seq, at, fact });
            }
        }
        entries
    }

    fn stepped(
        &self,
        hop: &Transition,
        deal_view: &Arc<DealView>,
        context: &Arc<Map<String, Value>>,
    ) -> Stepped {
        let acted = match hop.actor {
            FlowActor::Role(_) | FlowActor::Staff => self.step.person.as_ref(),
            FlowActor::System | FlowActor::Timer | FlowActor::Payment => None,
        };
        Stepped {
            from: hop.from.clone(),
            to: hop.to.clone(),
            action: hop.action.clone(),
            actor: hop.actor.name().to_owned(),
            actor_id: acted.map(|(_, id)| id.clone()),
            reason: hop.reason.clone(),
            version: hop.version,
            filled: hop.input.len(),
            deal_view: Arc::clone(deal_view),
            context: Arc::clone(context),
        }
    }

    fn message(&self, line: &Line, seq: Seq, at: DateTime<Utc>) -> Message {
        let conversation: ConversationNo = self.step.conversation;
        let person = self.step.person.as_ref().map(|(no, _)| *no);
        let audience = match audience_columns(line, person) {
            (Some(role), _) => Some(Audience::Role(role.to_owned())),
            (None, Some(user)) => Some(Audience::User(user)),
            (None, None) => None,
        };
        let card = line.card.as_ref();
        let card = card.and_then(|card| serde_json::value::to_raw_value(card).ok());
        Message {
            id: MessageId { conversation, seq },
            sender: SYSTEM.0,
            sender_id: UserId::stored(SYSTEM.1.to_owned()),
            content: Arc::new(Content {
                client_id: String::new(),
                origin: ClientIdOrigin::Server,
                body: line.body.clone(),
                reply_to: None,
                attachments: Vec::new(),
                context: None,
                kind: line.kind.into(),
                audience,
            }),
            card: card.map(Arc::from),
            created_at: at,
            edited_at: None,
            deleted_at: None,
        }
    }
}
