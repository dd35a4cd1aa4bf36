//! The events of a deal's step, in all dialects, show the ids of the step and no others.

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::Map;

use super::encoding_tests::{NAMES, read};
use super::ids_tests::{DIALECTS, World, check_ids, worlds};
use super::*;
use crate::domain::conversation::MEMBER;
use crate::domain::flow::{AvailableAction, ChatPolicy, DealView, Phase, Stepped, Style};
use crate::domain::ids::UserId;
use crate::domain::message::Message;
use crate::domain::room_event::{Change, StepPart, UserNews};

/// What was pressed, and can be pressed again; front ends call it an id.
const ACTION: &str = "accept_price";

fn deal_view() -> DealView {
    let again = AvailableAction {
        action: ACTION.to_owned(),
        label: "Accept".to_owned(),
        style: Style::Success,
        input: Vec::new(),
    };
    DealView {
        flow: "bid".to_owned(),
        flow_version: 1,
        state: "influencer_price_response".to_owned(),
        title: "A title".to_owned(),
        state_version: 4,
        awaiting_role: Some(MEMBER.to_owned()),
        phase: Phase::Running,
        entered_at: DateTime::UNIX_EPOCH,
        deadline: None,
        chat: [(MEMBER.to_owned(), ChatPolicy::Buttons)].into(),
        available_actions: [(MEMBER.to_owned(), vec![again])].into(),
    }
}

fn stepped(actor: &str, person: Option<UserId>, filled: usize) -> Arc<Stepped> {
    Arc::new(Stepped {
        from: Some("brand_owner_pricing".to_owned()),
        to: "influencer_price_response".to_owned(),
        action: ACTION.to_owned(),
        actor: actor.to_owned(),
        actor_id: person,
        reason: None,
        version: 4,
        filled,
        deal_view: Arc::new(deal_view()),
        context: Arc::new(Map::new()),
    })
}

impl World {
    fn deal(&self) -> View {
        let mut view = self.view();
        view.conversation.flow = Some(Arc::new(deal_view()));
        view
    }

    /// A step's message, by the person who made the step.
    fn said(&self, person: Option<UserId>) -> Vec<Message> {
        let mut message = self.message();
        message.actor_id = person;
        vec![message]
    }

    /// What a room publishes of a step, each with the ids that every dialect must show that has an event for it.
    fn steps(&self) -> Vec<(Change, Vec<String>)> {
        let id = self.conversation.to_string();
        let presser = || Some(self.person(0));
        let here = || vec![id.clone()];
        let acted = |filled| {
            let change = Change::Acted {
                stepped: stepped(MEMBER, presser(), filled),
                said: self.said(presser()),
                view: self.deal(),
            };
            (change, vec![id.clone(), self.message_id()])
        };
        let step = |person| Change::Stepped {
            at: DateTime::UNIX_EPOCH,
            stepped: stepped(MEMBER, person, 0),
            view: self.deal(),
        };
        let part = |part, actor: &str, person: Option<UserId>| Change::StepPart {
            part,
            stepped: stepped(actor, person.clone(), 0),
            said: self.said(person),
            view: self.deal(),
        };
        let payment = UserNews::Payment {
            stepped: stepped("payment", None, 0),
            said: self.said(None),
        };
        let payment = Change::ToUser {
            news: payment,
            view: self.deal(),
        };
        vec![
            acted(0),
            acted(1),
            (step(presser()), here()),
            (step(None), here()),
            (part(StepPart::Conversation, MEMBER, presser()), here()),
            (part(StepPart::Conversation, "payment", None), here()),
            (part(StepPart::Payment, "payment", None), here()),
            (payment, here()),
        ]
    }
}

proptest! {
    #[test]
    fn no_dialect_loses_or_invents_an_id_of_a_step(world in worlds(), reader in 1_i64..3) {
        let dialects = &*DIALECTS;
        let mut known = world.known();
        known.insert(ACTION.to_owned());
        let mut told_in = [0; NAMES.len()];
        for (change, needed) in world.steps() {
            let event = RoomEvent::new(world.conversation, Some(world.message.seq), change);
            for (id, (served, name)) in dialects.served.iter().zip(NAMES).enumerate() {
                let Some(told) = dialects.encode(served.dialect, &event, Some(MEMBER), UserNo(reader)) else {
                    continue;
                };
                told_in[id] += 1;
                let (event_name, data) = read(name, &told.bytes);
                check_ids(&format!("{name} {event_name}"), &data, &known, &needed)?;
            }
        }
        prop_assert_eq!(told_in, [2, 8, 2, 0], "of these eight, each dialect has events for so many");
    }
}
