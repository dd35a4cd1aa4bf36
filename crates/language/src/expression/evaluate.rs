//! Evaluates checked expressions. Only the variables that an expression reads are prepared.

use cel::objects::{Key, Map as CelMap};
use cel::{Context, Value as CelValue};
use chrono::{DateTime, NaiveTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Expression, Type};
use crate::value::{Shape, day, instant_of};

/// The functions of the language. Creating them costs more than using them, so each definition creates them
/// once.
#[derive(Default)]
pub struct Engine {
    root: Context<'static, 'static>,
}

/// The variables of an expression.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// `ctx`.
    pub context: &'a Map<String, Value>,
    /// `input`.
    pub input: &'a Map<String, Value>,
    /// `visits`.
    pub visits: &'a BTreeMap<String, u32>,
    /// `actor`.
    pub actor: Actor<'a>,
    /// `now`.
    pub now: DateTime<Utc>,
}

/// The actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor<'a> {
    /// `actor.role`.
    pub role: &'a str,
    /// `actor.staff`.
    pub staff: bool,
}

impl Expression {
    /// Whether a condition holds. One that cannot be computed (a missing value, an overflow) does not.
    pub fn holds(&self, engine: &Engine, facts: Facts<'_>) -> bool {
        matches!(self.computed(engine, facts), Some(CelValue::Bool(true)))
    }

    /// The value as JSON. A time is `YYYY-MM-DD` if `as_day`, otherwise RFC 3339. `None` if it cannot be
    /// computed.
    pub fn value(&self, engine: &Engine, facts: Facts<'_>, as_day: bool) -> Option<Value> {
        match self.computed(engine, facts)? {
            CelValue::Null => Some(Value::Null),
            CelValue::Bool(truth) => Some(json!(truth)),
            CelValue::Int(number) => Some(json!(number)),
            CelValue::String(text) => Some(json!(text.as_str())),
            CelValue::Timestamp(time) if as_day => {
                let day = time.with_timezone(&Utc).date_naive();
                Some(json!(day.format("%Y-%m-%d").to_string()))
            }
            CelValue::Timestamp(time) => {
                let moment = time.with_timezone(&Utc);
                Some(json!(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
            }
            CelValue::Duration(span) => Some(json!(span.num_seconds())),
            CelValue::Map(map) if self.kind == Type::Money => money(&map),
            _ => None,
        }
    }

    /// Whether a condition on other roots holds; `roots` has an object for each of them. One that cannot be computed does not.
    pub fn holds_for(
        &self,
        engine: &Engine,
        roots: &Map<String, Value>,
        now: DateTime<Utc>,
    ) -> bool {
        let mut scope = engine.root.new_inner_scope();
        let mut objects: BTreeMap<&str, Vec<(&str, CelValue)>> = BTreeMap::new();
        for (root, field, shape) in &self.reads.roots {
            let value = roots.get(root).and_then(|object| object.get(field));
            let value = value.and_then(|value| cel_value(value, *shape));
            let fields = objects.entry(root).or_default();
            fields.push((field, value.unwrap_or(CelValue::Null)));
        }
        for (root, fields) in objects {
            scope.add_variable_from_value(root, object(fields.into_iter()));
        }
        if self.reads.now {
            let now = CelValue::Timestamp(now.fixed_offset());
            scope.add_variable_from_value("now", now);
        }
        let resolved = self.resolved(&scope);
        matches!(resolved, Some(CelValue::Bool(true)))
    }

    fn computed(&self, engine: &Engine, facts: Facts<'_>) -> Option<CelValue> {
        let mut scope = engine.root.new_inner_scope();
        let reads = &self.reads;
        if !reads.context.is_empty() {
            let fields = values(&reads.context, facts.context);
            scope.add_variable_from_value("ctx", fields);
        }
        if !reads.input.is_empty() {
            let fields = values(&reads.input, facts.input);
            scope.add_variable_from_value("input", fields);
        }
        if !reads.visits.is_empty() {
            let visits = reads.visits.iter().map(|state| {
                let times = facts.visits.get(state).copied().unwrap_or(0);
                (state.as_str(), CelValue::Int(i64::from(times)))
            });
            scope.add_variable_from_value("visits", object(visits));
        }
        if reads.actor {
            let role = CelValue::from(facts.actor.role);
            let staff = CelValue::Bool(facts.actor.staff);
            let actor = object([("role", role), ("staff", staff)].into_iter());
            scope.add_variable_from_value("actor", actor);
        }
        if reads.now {
            let now = CelValue::Timestamp(facts.now.fixed_offset());
            scope.add_variable_from_value("now", now);
        }
        self.resolved(&scope)
    }

    fn resolved(&self, scope: &Context<'_, '_>) -> Option<CelValue> {
        // The `cel` crate panics on some inputs; such an expression counts as not computable.
        let resolved = catch_unwind(AssertUnwindSafe(|| CelValue::resolve(&self.tree, scope)));
        resolved.ok()?.ok()
    }
}

fn values(read: &[(String, Shape)], from: &Map<String, Value>) -> CelValue {
    let fields = read.iter().map(|(name, shape)| {
        let value = from.get(name).and_then(|value| cel_value(value, *shape));
        (name.as_str(), value.unwrap_or(CelValue::Null))
    });
    object(fields)
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, CelValue)>) -> CelValue {
    let map: HashMap<Key, CelValue> = fields
        .map(|(name, value)| (Key::from(name), value))
        .collect();
    CelValue::Map(CelMap { map: Arc::new(map) })
}

fn cel_value(value: &Value, shape: Shape) -> Option<CelValue> {
    match shape {
        Shape::Text => value.as_str().map(CelValue::from),
        Shape::Integer => value.as_i64().map(CelValue::Int),
        Shape::Truth => value.as_bool().map(CelValue::Bool),
        Shape::Instant => {
            let at = instant_of(value.as_str()?)?;
            Some(CelValue::Timestamp(at.fixed_offset()))
        }
        Shape::Date => {
            let moment = day(value.as_str()?)?.and_time(NaiveTime::MIN).and_utc();
            Some(CelValue::Timestamp(moment.fixed_offset()))
        }
        Shape::Money => {
            let amount = CelValue::Int(value.get("amount")?.as_i64()?);
            let currency = CelValue::from(value.get("currency")?.as_str()?);
            let fields = [("amount", amount), ("currency", currency)];
            Some(object(fields.into_iter()))
        }
    }
}

fn money(map: &CelMap) -> Option<Value> {
    match (
        map.map.get(&Key::from("amount"))?,
        map.map.get(&Key::from("currency"))?,
    ) {
        (CelValue::Int(amount), CelValue::String(currency)) => {
            Some(json!({ "amount": amount, "currency": currency.as_str() }))
        }
        _ => None,
    }
}
