//! Reads states, and the policies for payments.

use chrono::TimeDelta;
use std::collections::BTreeMap;

use super::actions::ReadAction;
use super::effects::{Names, message_kind};
use super::{
    Deadline, Effects, FlowMessage, MoneyPolicies, MoneyPolicy, MoneyRule, Payment, Prompt,
    Reminder, State, Visits,
};
use crate::LineKind;
use crate::{ChatPolicy, Field, FieldKind};
use language::expression::Type;
use language::period;
use language::source::{Item, Section};
use language::text::Text;

/// The defaults of states.
struct Defaults<'a> {
    chat: Option<Item<'a>>,
    deadline: Option<Item<'a>>,
    remind: Option<Item<'a>>,
}

impl State {
    /// Whether a deal never rests in it.
    pub(crate) fn is_left_at_once(&self) -> bool {
        let branches = self.then.iter().flat_map(|then| &then.to);
        branches.last().is_some_and(|last| last.when.is_none())
    }
}

impl Names<'_> {
    /// All states, in the order of the file.
    pub(super) fn states_of(
        &self,
        section: Option<&Section<'_>>,
        defaults: Option<&Section<'_>>,
        actions: &[ReadAction],
    ) -> Vec<State> {
        let item = |key| defaults.and_then(|section| section.item(key));
        let defaults = {
            let found = Defaults {
                chat: item("chat"),
                deadline: item("deadline"),
                remind: item("remind"),
            };
            if let Some(section) = defaults {
                section.finish();
            }
            found
        };
        let entries = section.into_iter().flat_map(Section::all);
        entries
            .filter_map(|entry| self.state_of(*entry, &defaults, actions))
            .collect()
    }

    fn state_of(
        &self,
        item: Item<'_>,
        defaults: &Defaults<'_>,
        actions: &[ReadAction],
    ) -> Option<State> {
        let name = item.key_name()?.to_owned();
        let section = item.section("a state")?;
        let title = section.need("title").and_then(|item| item.text(120));
        let awaiting = section
            .item("awaiting")
            .and_then(|item| self.role(item, &[]));
        let terminal = section.flag("terminal");
        let waits = awaiting.is_some() && !terminal;
        let deadline = section.item("deadline");
        let deadline = deadline.or(defaults.deadline.filter(|_| waits));
        let remind = section.item("remind");
        let remind = remind.or(defaults.remind.filter(|_| waits));
        let prompts = section.section("prompt", "the prompts");
        let payment = section.section("payment", "a payment");
        let state = State {
            title: title.unwrap_or(&name).to_owned(),
            prompts: prompts
                .map(|section| self.prompts(&section))
                .unwrap_or_default(),
            chat: self.chat(section.item("chat"), defaults.chat, terminal),
            deadline: deadline.and_then(|item| self.deadline(item, actions)),
            reminders: remind.map(|item| self.reminders(item)).unwrap_or_default(),
            visits: section
                .section("visits", "a limit of visits")
                .and_then(|s| self.visits(&s)),
            payment: payment
                .and_then(|section| self.payment(&section, awaiting.as_deref(), actions)),
            then: section.item("then").map(|item| self.then(item)),
            terminal,
            awaiting,
            actions: Vec::new(),
            at: item.key_at,
            name,
        };
        section.finish();
        Some(state)
    }

    fn prompts(&self, section: &Section<'_>) -> BTreeMap<String, Prompt> {
        let prompt = |entry: &Item<'_>| {
            let role = self.role_key(*entry)?;
            let section = entry.section("a prompt")?;
            let title = section
                .need("title")
                .and_then(|item| self.text(item, 120, &[]));
            let subtitle = section.item("subtitle");
            let subtitle = subtitle.and_then(|item| self.text(item, 1_000, &[]));
            let kind = section.item("kind").and_then(message_kind);
            section.finish();
            Some((
                role,
                Prompt {
                    title: title?,
                    subtitle,
                    kind: kind.unwrap_or(LineKind::Automated),
                },
            ))
        };
        section.all().iter().filter_map(prompt).collect()
    }

    /// One policy for all roles, or one for each named role with the default for the others.
    fn chat(
        &self,
        own: Option<Item<'_>>,
        default: Option<Item<'_>>,
        terminal: bool,
    ) -> BTreeMap<String, ChatPolicy> {
        let fallback = if terminal {
            ChatPolicy::Read
        } else {
            ChatPolicy::Buttons
        };
        let mut found: BTreeMap<String, ChatPolicy> = self
            .roles
            .iter()
            .map(|role| (role.clone(), fallback))
            .collect();
        for item in [default.filter(|_| !terminal), own].into_iter().flatten() {
            if item.is_text() {
                if let Some(policy) = policy(item) {
                    found.values_mut().for_each(|chat| *chat = policy);
                }
                continue;
            }
            let section = item.section("the chat policies");
            for entry in section.iter().flat_map(|section| section.all()) {
                if let (Some(role), Some(policy)) = (self.role_key(*entry), policy(*entry)) {
                    found.insert(role, policy);
                }
            }
        }
        found
    }

    fn deadline(&self, item: Item<'_>, actions: &[ReadAction]) -> Option<Deadline> {
        let section = item.section("a deadline")?;
        let after = section.need("after").and_then(span);
        let outcome = self.outcome(&section, "timer", actions);
        if outcome.action.is_none() && section.item("to").is_none() {
            let help = "`to = \"…\"` or `do = \"…\"`";
            item.advise("a deadline needs a next state or an action", help);
        }
        section.finish();
        Some(Deadline {
            after: after?,
            outcome,
        })
    }

    fn reminders(&self, item: Item<'_>) -> Vec<Reminder> {
        let mut found: Vec<Reminder> = Vec::new();
        for entry in item.one_or_many(8).unwrap_or_default() {
            let Some(section) = entry.section("a reminder") else {
                continue;
            };
            let after = section.need("after").and_then(span);
            let say = section.need("say");
            let say = say.map(|item| self.messages(item, &[], LineKind::System));
            section.finish();
            let Some(after) = after else { continue };
            if found.iter().any(|earlier| earlier.after >= after) {
                entry.complain("reminders must be in order of time");
            }
            let say = say.unwrap_or_default();
            found.push(Reminder { after, say });
        }
        found
    }

    fn visits(&self, section: &Section<'_>) -> Option<Visits> {
        let max = section.need("max").and_then(|item| item.integer(1..=1_000));
        let otherwise = section.need("else").and_then(|item| self.state(item));
        section.finish();
        Some(Visits {
            max: u32::try_from(max?).ok()?,
            otherwise: otherwise?,
        })
    }

    fn payment(
        &self,
        section: &Section<'_>,
        awaiting: Option<&str>,
        actions: &[ReadAction],
    ) -> Option<Payment> {
        let amount = section.need("amount");
        let amount = amount.and_then(|item| self.expression(item, &[], &[Type::Money]));
        let payer = match section.item("payer") {
            Some(item) => self.role(item, &[]),
            None => awaiting.map(str::to_owned),
        };
        if payer.is_none() {
            let message = "a payment needs `payer` if the state awaits no role";
            self.problems.add(section.at, message);
        }
        let description = section.need("description");
        let description = description.and_then(|item| self.text(item, 200, &[]));
        let preparing = section.item("preparing");
        let preparing = preparing.and_then(|item| self.text(item, 300, &[]));
        let paid = section.need("paid").and_then(|item| {
            let section = item.section("what follows on payment")?;
            let outcome = self.outcome(&section, "payment", actions);
            if outcome.effects.to.is_empty() {
                item.complain(
                    "`paid` needs a next state or an action: `to = \"…\"` or `do = \"…\"`",
                );
            }
            section.finish();
            Some(outcome)
        });
        let failed = section.item("failed");
        let failed = failed.map(|item| self.messages(item, &[], LineKind::System));
        section.finish();
        let payer = payer?;
        Some(Payment {
            amount: amount?,
            description: description?,
            preparing: preparing.unwrap_or_else(|| Text::plain("The payment is being prepared …")),
            paid: paid?,
            failed: failed.unwrap_or_else(|| told_of_failure(&payer)),
            payer,
        })
    }

    /// A state, a list of branches, or effects.
    fn then(&self, item: Item<'_>) -> Effects {
        if item.is_text() {
            let to = self.state(item);
            let to = to.map(|to| super::Branch { when: None, to });
            return Effects {
                to: to.into_iter().collect(),
                ..Effects::default()
            };
        }
        let Some(section) = item.section("what follows at once") else {
            return Effects::default();
        };
        let effects = self.effects(&section, &[], LineKind::Automated);
        if effects.to.is_empty() {
            item.complain("`then` needs a next state: `to = \"…\"`");
        }
        section.finish();
        effects
    }

    /// The policies for payments that no state awaits.
    pub(super) fn money_policies(&self, section: &Section<'_>) -> MoneyPolicies {
        use MoneyRule::{Hold, Refund, Resume, Tell};
        let paid = [Field {
            name: "paid".to_owned(),
            label: None,
            kind: FieldKind::Money,
            required: true,
            min: None,
            max: None,
            max_length: None,
            placeholder: None,
            currency: None,
        }];
        let policies = |key, allowed: &[MoneyRule], fields: &[Field]| {
            let item = section.need(key);
            item.map(|item| self.policies(item, allowed, fields))
                .unwrap_or_default()
        };
        let found = MoneyPolicies {
            late: policies("late", &[Resume, Refund, Hold], &[]),
            wrong_amount: policies("wrong_amount", &[Refund, Hold], &paid),
            repeated: policies("repeated", &[Refund, Hold], &[]),
            refunded: policies("refunded", &[Resume, Hold, Tell], &[]),
        };
        section.finish();
        found
    }

    /// A rule's name, a table, or a list of tables whose last has no `when`.
    fn policies(
        &self,
        item: Item<'_>,
        allowed: &[MoneyRule],
        fields: &[Field],
    ) -> Vec<MoneyPolicy> {
        if item.is_text() {
            let policy = |rule| MoneyPolicy {
                when: None,
                rule,
                effects: Effects::default(),
            };
            return rule(item, allowed).map(policy).into_iter().collect();
        }
        let mut found = Vec::new();
        for entry in item.one_or_many(16).unwrap_or_default() {
            let Some(section) = entry.section("a payment policy") else {
                continue;
            };
            let when = section.item("when");
            let when = when.and_then(|item| self.expression(item, fields, &[Type::Boolean]));
            let rule = section.need("policy").and_then(|item| rule(item, allowed));
            let effects = self.effects(&section, fields, LineKind::System);
            section.finish();
            if rule == Some(MoneyRule::Resume) && effects.to.is_empty() {
                entry.complain("`resume` needs a state to resume in: `to = \"…\"`");
            }
            found.extend(rule.map(|rule| MoneyPolicy {
                when,
                rule,
                effects,
            }));
        }
        if found.last().is_some_and(|last| last.when.is_some()) {
            let help = "end the list with a policy that has no `when`";
            item.advise("none of these policies may hold", help);
        }
        found
    }
}

fn told_of_failure(payer: &str) -> Vec<FlowMessage> {
    vec![FlowMessage {
        to: Some(payer.to_owned()),
        kind: LineKind::System,
        text: Text::plain("The payment did not go through. You can try again."),
    }]
}

fn span(item: Item<'_>) -> Option<TimeDelta> {
    let text = item.text(40)?;
    let span = period::parse(text);
    if span.is_none() {
        let message = format!("`{text}` is not a duration");
        item.advise(message, "like PT48H, P3D, P1DT12H; at most P1000D");
    }
    span
}

fn policy(item: Item<'_>) -> Option<ChatPolicy> {
    match item.text(20)? {
        "free" => Some(ChatPolicy::Free),
        "buttons" => Some(ChatPolicy::Buttons),
        "read" => Some(ChatPolicy::Read),
        "none" => Some(ChatPolicy::None),
        other => {
            let message = format!("there is no chat policy `{other}`");
            item.advise(message, "one of free, buttons, read, none");
            None
        }
    }
}

fn rule(item: Item<'_>, allowed: &[MoneyRule]) -> Option<MoneyRule> {
    let all = [
        ("resume", MoneyRule::Resume),
        ("refund", MoneyRule::Refund),
        ("hold", MoneyRule::Hold),
        ("tell", MoneyRule::Tell),
    ];
    let name = item.text(20)?;
    let known = all.iter().filter(|(_, rule)| allowed.contains(rule));
    let found = known.clone().find(|(known, _)| *known == name);
    if found.is_none() {
        let names: Vec<&str> = known.map(|(name, _)| *name).collect();
        let message = format!("`{name}` is not a policy here");
        item.advise(message, format!("one of {}", names.join(", ")));
    }
    found.map(|(_, rule)| *rule)
}
