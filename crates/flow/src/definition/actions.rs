//! Reads the actions of a flow file.

use super::Action;
use super::effects::Names;
use crate::LineKind;
use crate::{BUILT_IN, Field, STAFF, Style};
use language::expression::Type;
use language::fields;
use language::problem::Origin;
use language::source::{Item, Section};
use language::text::Text;

/// Action names that the log uses for transitions without a press; so are `remind_1`, `remind_2` and so on.
const RESERVED_ACTIONS: [&str; 11] = [
    "start",
    "then",
    "deadline",
    "migrate",
    "payment_ready",
    "payment_failed",
    "paid",
    "paid_late",
    "paid_again",
    "wrong_amount",
    "refunded",
];

/// An action, and whether it is available in every state.
pub(super) struct ReadAction {
    pub(super) action: Action,
    pub(super) everywhere: bool,
}

impl Names<'_> {
    /// All actions, in the order of the file.
    pub(super) fn actions_of(&self, section: Option<&Section<'_>>) -> Vec<ReadAction> {
        let entries = section.into_iter().flat_map(Section::all);
        entries.filter_map(|entry| self.action_of(*entry)).collect()
    }

    fn action_of(&self, item: Item<'_>) -> Option<ReadAction> {
        let name = item.key_name()?.to_owned();
        if RESERVED_ACTIONS.contains(&name.as_str()) || name.starts_with("remind_") {
            let message = format!("`{name}` is reserved for the log");
            self.problems.add(item.key_at, message);
        }
        let section = item.section("an action")?;
        let (from, everywhere) = section
            .need("from")
            .map(|item| self.origins(item))
            .unwrap_or_default();
        let by = section
            .need("by")
            .map(|item| self.actors(item))
            .unwrap_or_default();
        let form = section.item("input");
        let input = form
            .map(|item| fields::form(item, self.currency.as_deref()))
            .unwrap_or_default();
        let machines = by.iter().any(|who| who == "timer" || who == "payment");
        if let Some(form) = form.filter(|_| machines) {
            form.complain("timers and payments cannot fill in forms");
        }
        let pressed = by
            .iter()
            .any(|who| self.roles.contains(who) || who == STAFF);
        let label = if pressed {
            section.need("label")
        } else {
            section.item("label")
        };
        let label = label.and_then(|item| self.text(item, 80, &[]));
        let guard = section.item("guard");
        let guard = guard.and_then(|item| self.expression(item, &input, &[Type::Boolean]));
        let refused = section
            .item("guard_message")
            .and_then(|item| self.guard_message(item, &input));
        let action = Action {
            label: label.unwrap_or_else(|| Text::plain(&name)),
            name,
            from,
            by,
            style: section.item("style").and_then(style).unwrap_or_default(),
            guard,
            guard_message: refused.unwrap_or_else(|| Text::plain("This is not possible now")),
            checkout: section.flag("checkout"),
            effects: self.effects(&section, &input, LineKind::Automated),
            input,
            at: item.key_at,
        };
        section.finish();
        Some(ReadAction { action, everywhere })
    }

    /// A text with placeholders. Definitions from before placeholders may contain any braces.
    fn guard_message(&self, item: Item<'_>, fields: &[Field]) -> Option<Text> {
        match self.problems.origin() {
            Origin::File => self.text(item, 300, fields),
            Origin::Store => {
                let source = item.text(300)?;
                let parsed = Text::parse(source, self.known(fields));
                Some(parsed.unwrap_or_else(|_| Text::plain(source)))
            }
        }
    }

    /// `"*"`, a state, or a list of states.
    fn origins(&self, item: Item<'_>) -> (Vec<String>, bool) {
        let entries = item.one_or_many(200).unwrap_or_default();
        let (mut found, mut everywhere) = (Vec::new(), false);
        for entry in entries {
            if entry.is_text() && entry.text(64) == Some("*") {
                everywhere = true;
                continue;
            }
            match self.state(entry) {
                Some(name) if found.contains(&name) => {
                    entry.complain(format!("the state `{name}` is there twice"));
                }
                name => found.extend(name),
            }
        }
        if found.is_empty() && !everywhere && item.is_list() {
            item.complain("an action needs at least one state in `from`");
        }
        (found, everywhere)
    }

    fn actors(&self, item: Item<'_>) -> Vec<String> {
        let mut found = Vec::new();
        for entry in item.one_or_many(16).unwrap_or_default() {
            match self.role(entry, &BUILT_IN) {
                Some(name) if found.contains(&name) => {
                    entry.complain(format!("the role `{name}` is there twice"));
                }
                name => found.extend(name),
            }
        }
        if found.is_empty() && item.is_list() {
            item.complain("an action needs at least one actor in `by`");
        }
        found
    }
}

fn style(item: Item<'_>) -> Option<Style> {
    match item.text(20)? {
        "success" => Some(Style::Success),
        "danger" => Some(Style::Danger),
        "warning" => Some(Style::Warning),
        "primary" => Some(Style::Primary),
        "secondary" => Some(Style::Secondary),
        other => {
            let help = "one of success, danger, warning, primary, secondary";
            item.advise(format!("there is no style `{other}`"), help);
            None
        }
    }
}
