//! Decides what follows from an event: whether a rule runs, and its effects.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use crate::actions::Action;
use crate::effect::{Effect, Place, Rooms, Selected, Words};
use crate::event::Subject;
use crate::event_type::EventType;
use crate::rule::Rule;
use crate::selector::{Who, Whom};
use language::expression::Engine;
use language::text::Text;

/// An event, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its type.
    pub of: &'a EventType,
    /// Where it comes from.
    pub source: &'a str,
    /// Its id there.
    pub id: &'a str,
    /// Who did it; `None` where the platform acts.
    pub actor: Option<&'a str>,
    /// What it is about.
    pub subject: Option<&'a Subject>,
    /// Its declared data.
    pub data: &'a Map<String, Value>,
    /// The names of users by their ids.
    pub names: &'a BTreeMap<String, String>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// What a rule makes of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It runs, with these effects in order.
    Runs(Vec<Effect>),
    /// Its condition does not hold.
    Skipped {
        /// The condition.
        condition: String,
        /// The values that it read.
        values: Map<String, Value>,
    },
    /// It needs something that the event lacks.
    Lacks(&'static str),
}

/// What a rule makes of an event.
pub fn decide(rule: &Rule, engine: &Engine, facts: &Facts<'_>) -> Decision {
    let roots = facts.roots();
    if let Some(when) = &rule.when
        && !when.expression.holds_for(engine, &roots, facts.now)
    {
        let read = when.expression.root_fields().map(|(root, field)| {
            let value = roots.get(root).and_then(|object| object.get(field));
            let value = value.cloned().unwrap_or(Value::Null);
            (format!("{root}.{field}"), value)
        });
        return Decision::Skipped {
            condition: when.text.clone(),
            values: read.collect(),
        };
    }
    let filling = Filling { facts, roots };
    let effects = rule.actions.iter().map(|action| filling.effect(action));
    match effects.collect() {
        Ok(effects) => Decision::Runs(effects),
        Err(Missing(what)) => Decision::Lacks(what),
    }
}

/// What an effect needs and the event lacks.
struct Missing(&'static str);

impl Facts<'_> {
    /// The name of a user, or the id where none is known.
    fn name_of<'n>(&'n self, id: &'n str) -> &'n str {
        self.names.get(id).map_or(id, String::as_str)
    }

    /// The values that conditions and texts read.
    fn roots(&self) -> Map<String, Value> {
        let mut data = self.data.clone();
        for field in self.of.user_fields() {
            let name = self
                .data
                .get(field)
                .and_then(Value::as_str)
                .map(|id| self.name_of(id));
            if let Some(name) = name {
                data.insert(format!("{field}.name"), json!(name));
            }
        }
        let actor = self
            .actor
            .map(|id| json!({ "id": id, "name": self.name_of(id) }));
        let subject = self
            .subject
            .map(|subject| json!({ "type": subject.kind, "id": subject.id }));
        let event = json!({ "id": self.id, "source": self.source, "type": self.of.name });
        Map::from_iter([
            ("data".to_owned(), Value::Object(data)),
            ("actor".to_owned(), actor.unwrap_or(Value::Null)),
            ("subject".to_owned(), subject.unwrap_or(Value::Null)),
            ("event".to_owned(), event),
        ])
    }
}

struct Filling<'a> {
    facts: &'a Facts<'a>,
    roots: Map<String, Value>,
}

impl Filling<'_> {
    fn effect(&self, action: &Action) -> Result<Effect, Missing> {
        Ok(match action {
            Action::Converse {
                room,
                subject,
                kind,
                title,
                people,
                say,
            } => Effect::Converse {
                room: room.clone(),
                subject: self.about(subject.as_ref())?,
                kind: (*kind).to_owned(),
                title: title.as_ref().map(|title| self.text(title)),
                people: self.places(people)?,
                say: say.as_ref().map(|say| self.text(say)),
            },
            Action::People {
                room,
                add,
                remove,
                roles,
            } => self.people(room.as_ref(), add, remove, roles)?,
            Action::Say { room, text } => Effect::Say {
                rooms: self.rooms(room.as_ref())?,
                text: self.text(text),
            },
            Action::Press { room, action } => Effect::Press {
                rooms: self.rooms(room.as_ref())?,
                action: action.clone(),
            },
            Action::Close { room } => Effect::Close {
                rooms: self.rooms(room.as_ref())?,
            },
            Action::Emit { name, data } => Effect::Emit {
                name: name.clone(),
                data: self.texts(data),
            },
            Action::Audit { action, text } => Effect::Audit {
                action: action.clone(),
                text: text.as_ref().map(|text| self.text(text)),
            },
            Action::Connect {
                from,
                to,
                kind,
                ends,
            } => self.connect(from, to, kind, *ends)?,
            Action::Notify { .. } => self.notify(action)?,
            Action::Trait { of, name, value } => Effect::Trait {
                user: self.user(of)?,
                name: name.clone(),
                value: self.text(value),
            },
        })
    }

    fn notify(&self, action: &Action) -> Result<Effect, Missing> {
        let Action::Notify {
            to,
            kind,
            title,
            message,
            priority,
            key,
            data,
        } = action
        else {
            return Err(Missing("an action that notifies"));
        };
        let text = |text: &Option<Text>| text.as_ref().map(|text| self.text(text));
        let to = to.iter().map(|whom| self.selected(whom));
        Ok(Effect::Notify {
            to: to.collect::<Result<_, _>>()?,
            kind: kind.clone(),
            subject: self.facts.subject.cloned(),
            words: Words {
                title: text(title),
                message: text(message),
                priority: priority.clone(),
                key: text(key),
            },
            data: self.texts(data),
        })
    }

    fn people(
        &self,
        room: Option<&String>,
        add: &[(String, Who)],
        remove: &[Whom],
        roles: &[(String, Who)],
    ) -> Result<Effect, Missing> {
        let remove = remove.iter().map(|whom| self.selected(whom));
        Ok(Effect::People {
            rooms: self.rooms(room)?,
            add: self.places(add)?,
            remove: remove.collect::<Result<_, _>>()?,
            roles: self.places(roles)?,
        })
    }

    fn connect(&self, from: &Who, to: &Who, kind: &str, ends: bool) -> Result<Effect, Missing> {
        let (from, to, kind) = (self.user(from)?, self.user(to)?, kind.to_owned());
        Ok(match ends {
            false => Effect::Connect { from, to, kind },
            true => Effect::Disconnect { from, to, kind },
        })
    }

    fn text(&self, text: &Text) -> String {
        text.filled_from(&self.roots)
    }

    fn texts(&self, data: &[(String, Text)]) -> Map<String, Value> {
        let data = data.iter();
        data.map(|(name, text)| (name.clone(), json!(self.text(text))))
            .collect()
    }

    /// What a room is about: what the rule says, or what the event is about.
    fn about(&self, subject: Option<&Text>) -> Result<Subject, Missing> {
        let Some(text) = subject else {
            return self.subject();
        };
        let subject = Subject::parse(&self.text(text));
        subject.ok_or(Missing("a subject that the room is about"))
    }

    fn subject(&self) -> Result<Subject, Missing> {
        let subject = self.facts.subject.cloned();
        subject.ok_or(Missing("a subject"))
    }

    fn rooms(&self, room: Option<&String>) -> Result<Rooms, Missing> {
        Ok(Rooms {
            subject: self.subject()?,
            room: room.cloned(),
        })
    }

    fn user(&self, who: &Who) -> Result<String, Missing> {
        let found = match who {
            Who::Actor => self.facts.actor,
            Who::Field(field) => self.facts.data.get(field).and_then(Value::as_str),
        };
        found
            .map(str::to_owned)
            .ok_or(Missing("a user whom the rule names"))
    }

    fn places(&self, people: &[(String, Who)]) -> Result<Vec<Place>, Missing> {
        let place = |(role, who): &(String, Who)| {
            let (role, user) = (role.clone(), self.user(who)?);
            Ok(Place { role, user })
        };
        people.iter().map(place).collect()
    }

    fn selected(&self, whom: &Whom) -> Result<Selected, Missing> {
        Ok(match whom {
            Whom::One(who) => Selected::User(self.user(who)?),
            Whom::Role(role) => Selected::Role(role.clone()),
            Whom::Participants => Selected::Participants,
        })
    }
}
