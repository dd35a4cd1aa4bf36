//! Reads effects: the next state, values to set, messages, and events for the platform.

use std::collections::{BTreeMap, BTreeSet};

use super::{Branch, Effects, Emission, FlowMessage, Outcome, Setting};
use crate::LineKind;
use crate::{ContextField, Field, Kind};
use language::expression::{Expression, KnownNames, Type};
use language::problem::{Problems, nearest};
use language::source::{Item, Section};
use language::text::Text;

use super::actions::ReadAction;

/// The longest message of a flow, in characters.
const LONGEST: usize = 2_000;

/// The names that a file declares, against which references are checked.
pub(super) struct Names<'a> {
    pub(super) roles: Vec<String>,
    pub(super) states: BTreeSet<String>,
    pub(super) actions: BTreeSet<String>,
    pub(super) context: BTreeMap<String, ContextField>,
    pub(super) currency: Option<String>,
    pub(super) problems: &'a Problems,
}

impl Names<'_> {
    pub(super) fn known<'n>(&'n self, fields: &'n [Field]) -> KnownNames<'n> {
        KnownNames {
            context: &self.context,
            fields,
            states: &self.states,
            roots: &[],
        }
    }

    fn named(&self, item: Item<'_>, what: &str, names: &BTreeSet<String>) -> Option<String> {
        let name = item.text(64)?;
        if names.contains(name) {
            return Some(name.to_owned());
        }
        let message = format!("there is no {what} `{name}`");
        match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => item.advise(message, format!("did you mean `{near}`?")),
            None => item.complain(message),
        }
        None
    }

    /// The name of an existing state.
    pub(super) fn state(&self, item: Item<'_>) -> Option<String> {
        self.named(item, "state", &self.states)
    }

    /// The name of an existing action.
    pub(super) fn action(&self, item: Item<'_>) -> Option<String> {
        self.named(item, "action", &self.actions)
    }

    /// The name of an existing role, or one of `others`.
    pub(super) fn role(&self, item: Item<'_>, others: &[&str]) -> Option<String> {
        let roles = self.roles.iter().map(String::as_str);
        let names = roles.chain(others.iter().copied()).map(str::to_owned);
        self.named(item, "role", &names.collect())
    }

    /// Reports a table's key that is not a role.
    pub(super) fn role_key(&self, item: Item<'_>) -> Option<String> {
        if self.roles.iter().any(|role| role == item.key) {
            return Some(item.key.to_owned());
        }
        let message = format!("there is no role `{}`", item.key);
        let help = format!("the roles are {}", self.roles.join(", "));
        self.problems.advise(item.key_at, message, help);
        None
    }

    /// A text with placeholders.
    pub(super) fn text(&self, item: Item<'_>, most: usize, fields: &[Field]) -> Option<Text> {
        let source = item.text(most)?;
        match Text::parse(source, self.known(fields)) {
            Ok(text) => Some(text),
            Err((_, message, help)) => {
                match help {
                    Some(help) => item.advise(message, help),
                    None => item.complain(message),
                }
                None
            }
        }
    }

    /// An expression of one of these types.
    pub(super) fn expression(
        &self,
        item: Item<'_>,
        fields: &[Field],
        wanted: &[Type],
    ) -> Option<Expression> {
        let source = item.text(LONGEST)?;
        match Expression::parse(source, item.at(), self.known(fields)) {
            Err(message) => item.complain(message),
            Ok(found) if wanted.is_empty() || wanted.contains(&found.kind) => return Some(found),
            Ok(found) => {
                let names: Vec<String> = wanted.iter().map(Type::to_string).collect();
                let names = names.join(" or ");
                let message = format!("this must yield {names}, not {}", found.kind);
                match (wanted, found.kind) {
                    ([Type::Money], Type::Integer) => {
                        let help = "set a value of the context of type money to this number first, and name that value here";
                        item.advise(message, help);
                    }
                    _ => item.complain(message),
                }
            }
        }
        None
    }

    /// A state, or a list of `{ when, to }`.
    fn branches(&self, item: Item<'_>, fields: &[Field]) -> Vec<Branch> {
        if item.is_text() {
            let branch = |to| Branch { when: None, to };
            return self.state(item).map(branch).into_iter().collect();
        }
        let mut found = Vec::new();
        for entry in item.one_or_many(16).unwrap_or_default() {
            let Some(section) = entry.section("a branch") else {
                continue;
            };
            let when = section.item("when");
            let when = when.map(|item| self.expression(item, fields, &[Type::Boolean]));
            let to = section.need("to").and_then(|item| self.state(item));
            section.finish();
            if let Some(to) = to {
                let when = when.flatten();
                found.push(Branch { when, to });
            }
        }
        found
    }

    /// Reads the keys of effects from the table that contains them.
    pub(super) fn effects(
        &self,
        section: &Section<'_>,
        fields: &[Field],
        kind: LineKind,
    ) -> Effects {
        let to = section.item("to");
        let branches = to
            .map(|item| self.branches(item, fields))
            .unwrap_or_default();
        self.check_branches(to, &branches);
        let say = section.item("say");
        let say = say.map(|item| self.messages(item, fields, kind));
        let audit = section.item("audit");
        let emit = section.item("emit");
        Effects {
            to: branches,
            reason: section
                .item("reason")
                .and_then(Item::name)
                .map(str::to_owned),
            set: section
                .section("set", "what is remembered")
                .map(|section| self.settings(&section, fields))
                .unwrap_or_default(),
            say: say.unwrap_or_default(),
            audit: audit.and_then(|item| self.text(item, LONGEST, fields)),
            emit: emit
                .map(|item| self.emissions(item, fields))
                .unwrap_or_default(),
        }
    }

    /// The last branch must be unconditional, and only the last.
    fn check_branches(&self, to: Option<Item<'_>>, branches: &[Branch]) {
        let (Some(item), Some((last, before))) = (to, branches.split_last()) else {
            return;
        };
        if last.when.is_some() {
            let help = "end the list with a branch that has no `when`";
            item.advise("none of these branches may hold", help);
        }
        if before.iter().any(|branch| branch.when.is_none()) {
            item.complain("a branch without `when` hides those after it");
        }
    }

    fn settings(&self, section: &Section<'_>, fields: &[Field]) -> Vec<Setting> {
        let mut found = Vec::new();
        for entry in section.all() {
            let Some(field) = self.context.get(entry.key) else {
                let message = format!("there is no `ctx.{}`", entry.key);
                match nearest(entry.key, self.context.keys().map(String::as_str)) {
                    Some(near) => {
                        let help = format!("did you mean `{near}`?");
                        self.problems.advise(entry.key_at, message, help);
                    }
                    None => self.problems.add(entry.key_at, message),
                }
                continue;
            };
            let wanted: &[Type] = match &field.kind {
                Kind::Text | Kind::Url => &[Type::Text, Type::Null],
                Kind::Money { .. } => &[Type::Money, Type::Integer, Type::Null],
                Kind::Integer => &[Type::Integer, Type::Null],
                Kind::Date => &[Type::Time, Type::Null],
            };
            if let Some(value) = self.expression(*entry, fields, wanted) {
                let name = entry.key.to_owned();
                found.push(Setting { name, value });
            }
        }
        found
    }

    /// A text for everyone, or texts by role and under `everybody`.
    pub(super) fn messages(
        &self,
        item: Item<'_>,
        fields: &[Field],
        kind: LineKind,
    ) -> Vec<FlowMessage> {
        if item.is_text() {
            let text = self.text(item, LONGEST, fields);
            let message = |text| FlowMessage {
                to: None,
                kind,
                text,
            };
            return text.map(message).into_iter().collect();
        }
        let Some(section) = item.section("what is said") else {
            return Vec::new();
        };
        let kind = section.item("kind").and_then(message_kind).unwrap_or(kind);
        let mut found = Vec::new();
        for entry in section.all().iter().filter(|entry| entry.key != "kind") {
            let to = match entry.key {
                "everybody" => Some(None),
                _ => self.role_key(*entry).map(Some),
            };
            let text = self.text(*entry, LONGEST, fields);
            if let (Some(to), Some(text)) = (to, text) {
                found.push(FlowMessage { to, kind, text });
            }
        }
        found
    }

    /// An event's name, a table with its values, or a list of these.
    fn emissions(&self, item: Item<'_>, fields: &[Field]) -> Vec<Emission> {
        let mut found = Vec::new();
        for entry in item.one_or_many(8).unwrap_or_default() {
            if entry.is_text() {
                let event = event_name(entry);
                let values = Vec::new();
                found.extend(event.map(|event| Emission { event, values }));
                continue;
            }
            let Some(section) = entry.section("an event") else {
                continue;
            };
            let event = section.need("event").and_then(event_name);
            let values = section.section("with", "what goes with an event");
            let values = values.iter().flat_map(|section| section.all());
            let values = values.filter_map(|entry| {
                let name = entry.key_name()?.to_owned();
                let value = self.expression(*entry, fields, &[])?;
                Some(Setting { name, value })
            });
            let values = values.collect();
            section.finish();
            found.extend(event.map(|event| Emission { event, values }));
        }
        found
    }

    /// What follows without a press: an action by `do`, or effects.
    pub(super) fn outcome(
        &self,
        section: &Section<'_>,
        by: &str,
        actions: &[ReadAction],
    ) -> Outcome {
        let Some(item) = section.item("do") else {
            return Outcome {
                action: None,
                effects: self.effects(section, &[], LineKind::System),
            };
        };
        let name = self.action(item);
        let read = actions.iter().map(|read| &read.action);
        let action = name.and_then(|name| read.clone().find(|action| action.name == name));
        let Some(action) = action else {
            return Outcome {
                action: None,
                effects: Effects::default(),
            };
        };
        if !action.by.iter().any(|who| who == by) {
            let help = format!("add `{by}` to its `by`");
            item.advise(format!("`{}` is not done by `{by}`", action.name), help);
        }
        Outcome {
            action: Some(action.name.clone()),
            effects: action.effects.clone(),
        }
    }
}

/// The kind of a message: `system` or `automated`.
pub(super) fn message_kind(item: Item<'_>) -> Option<LineKind> {
    match item.text(20)? {
        "system" => Some(LineKind::System),
        "automated" => Some(LineKind::Automated),
        other => {
            let message = format!("`{other}` is not a kind of message");
            item.advise(message, "`system` or `automated`");
            None
        }
    }
}

/// The name of an event, such as `deal.paid`: names separated by dots.
fn event_name(item: Item<'_>) -> Option<String> {
    let name = item.text(64)?;
    if name.split('.').all(language::source::is_name) {
        return Some(name.to_owned());
    }
    item.advise(
        format!("`{name}` is not the name of an event"),
        "like `deal.paid`",
    );
    None
}
