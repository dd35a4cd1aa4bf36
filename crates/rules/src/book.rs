//! The rules that a server follows: one or more files together.

use std::collections::BTreeMap;

use crate::actions::Action;
use crate::event_type::EventType;
use crate::reading::RuleSet;
use crate::rule::Rule;
use language::expression::Engine;
use language::problem::nearest;

/// Rules of one or more files.
#[derive(Default)]
pub struct RuleBook {
    types: BTreeMap<String, EventType>,
    rules: Vec<Named>,
    /// The functions of the expression language.
    pub engine: Engine,
}

/// A rule under the name by which its runs are stored: `lola/order_placed`.
struct Named {
    name: String,
    rule: Rule,
}

impl RuleBook {
    /// Puts files together. Two files with one name, or that declare the same event type, contradict each other: the error is a sentence.
    pub fn of(sets: Vec<RuleSet>) -> Result<Self, String> {
        let mut book = Self::default();
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut seen = Vec::new();
        for set in sets {
            if seen.contains(&set.name) {
                return Err(format!("two rules files are named `{}`", set.name));
            }
            for (name, of) in set.types {
                if let Some(other) = names.insert(name.clone(), set.name.clone()) {
                    let own = &set.name;
                    return Err(format!(
                        "the event type `{name}` is declared in `{other}` and in `{own}`"
                    ));
                }
                book.types.insert(name, of);
            }
            let rules = set.rules.into_iter().map(|rule| Named {
                name: format!("{}/{}", set.name, rule.name),
                rule,
            });
            book.rules.extend(rules);
            seen.push(set.name);
        }
        Ok(book)
    }

    /// Whether it declares no event type.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// The event type with this name.
    pub fn event_type(&self, name: &str) -> Option<&EventType> {
        self.types.get(name)
    }

    /// The most similar name of an event type.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.types.keys().map(String::as_str))
    }

    /// The types of notifications that rules make, each with the full name of its rule.
    pub fn notified_types(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rules.iter().flat_map(|named| {
            let actions = named.rule.actions.iter();
            actions.filter_map(|action| match action {
                Action::Notify { kind, .. } => Some((named.name.as_str(), kind.as_str())),
                _ => None,
            })
        })
    }

    /// The rules that follow events of a type, each with its full name, in order.
    pub fn rules_for<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Rule)> {
        let rules = self.rules.iter().filter(move |named| named.rule.on == name);
        rules.map(|named| (named.name.as_str(), &named.rule))
    }
}
