//! Steps of deals.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Map;
use std::sync::Arc;

use super::{json, text, time, user_id};
use crate::domain::flow::{
    AvailableAction, ChatPolicy, DealView, Field, FieldKind, Phase, Stepped, Style,
};

fn action() -> BoxedStrategy<AvailableAction> {
    let field = (text(), of(text()), of(any::<i64>())).prop_map(|(name, label, min)| Field {
        name,
        label,
        kind: FieldKind::Money,
        required: true,
        min,
        max: None,
        max_length: Some(7),
        placeholder: None,
        currency: Some("INR".into()),
    });
    (text(), text(), vec(field, 0..3))
        .prop_map(|(action, label, input)| AvailableAction {
            action,
            label,
            style: Style::Danger,
            input,
        })
        .boxed()
}

fn deal_view() -> BoxedStrategy<DealView> {
    let policies = select(vec![
        ChatPolicy::Free,
        ChatPolicy::Buttons,
        ChatPolicy::Read,
        ChatPolicy::None,
    ]);
    (
        (text(), text(), text(), any::<i64>()),
        of(text()),
        select(vec![Phase::Running, Phase::Over]),
        (time(), of(time())),
        btree_map(text(), policies, 0..3),
        btree_map(text(), vec(action(), 0..3), 0..3),
    )
        .prop_map(
            |(names, awaiting_role, phase, times, chat, available_actions)| DealView {
                flow: names.0,
                flow_version: 3,
                state: names.1,
                title: names.2,
                state_version: names.3,
                awaiting_role,
                phase,
                entered_at: times.0,
                deadline: times.1,
                chat,
                available_actions,
            },
        )
        .boxed()
}

pub fn stepped() -> BoxedStrategy<Stepped> {
    (
        (of(text()), text(), text(), text()),
        of(user_id()),
        of(text()),
        any::<i64>(),
        0usize..9,
        deal_view(),
        btree_map(text(), json(), 0..4),
    )
        .prop_map(
            |(names, actor_id, reason, version, filled, view, context)| Stepped {
                from: names.0,
                to: names.1,
                action: names.2,
                actor: names.3,
                actor_id,
                reason,
                version,
                filled,
                deal_view: Arc::new(view),
                context: Arc::new(Map::from_iter(context)),
            },
        )
        .boxed()
}
