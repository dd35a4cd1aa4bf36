//! The policies file: what the platform allows by kind of conversation and by role.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

use super::{Config, Switch};
use crate::domain::access::beginning::MayStart;
use crate::domain::access::policies::{History, KindPolicy, Policies};
use crate::domain::conversation::ConversationKind;
use crate::domain::limits;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    kinds: BTreeMap<String, WrittenKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKind {
    may_start: Option<String>,
    maximum: Option<usize>,
    #[serde(default)]
    roles: BTreeMap<String, WrittenRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRole {
    history: Option<String>,
}

impl Config {
    /// What the platform allows: the policies file, and the options that win over it. An error is a sentence that says what to do.
    pub fn policies(&self) -> Result<Policies, String> {
        let file = self.people.policies.as_deref();
        let mut policies = file.map_or(Ok(Policies::default()), read)?;
        for rule in &self.people.may_start {
            policies.of_mut(rule.kind).may_start = rule.may_start;
        }
        let is_bound = self.rates.rate_limits == Switch::On && self.people.new_contacts > 0;
        policies.contacts_a_day = is_bound.then_some(self.people.new_contacts);
        Ok(policies)
    }
}

fn read(file: &Path) -> Result<Policies, String> {
    let told = |why: String| format!("--policies {}: {why}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| told(error.to_string()))?;
    parse(&text).map_err(told)
}

fn parse(text: &str) -> Result<Policies, String> {
    let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut policies = Policies::default();
    for (name, kind) in &written.kinds {
        let path = format!("kinds.{name}");
        let known = ConversationKind::named(name)
            .ok_or_else(|| format!("{path} is no kind: write direct, group or support."))?;
        apply(policies.of_mut(known), kind, &path)?;
    }
    Ok(policies)
}

fn apply(policy: &mut KindPolicy, written: &WrittenKind, path: &str) -> Result<(), String> {
    if let Some(name) = &written.may_start {
        policy.may_start = MayStart::named(name)
            .ok_or_else(|| format!("{path}.may_start must be anyone, met or platform."))?;
    }
    if let Some(maximum) = written.maximum {
        let most = limits::PARTICIPANTS;
        if !(2..=most).contains(&maximum) {
            return Err(format!("{path}.maximum must be 2–{most}."));
        }
        policy.maximum = maximum;
    }
    for (role, rules) in &written.roles {
        let path = format!("{path}.roles.{role}");
        limits::role(role).map_err(|_| format!("{path}: {role:?} can be no role."))?;
        if let Some(name) = &rules.history {
            let history = History::named(name)
                .ok_or_else(|| format!("{path}.history must be all or from_joining."))?;
            policy.history.insert(role.clone(), history);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_each_kind_allows() {
        let policies = parse(
            r#"
            [kinds.group]
            may_start = "met"
            maximum = 12
            [kinds.group.roles.guest]
            history = "from_joining"
            [kinds.support.roles.rider]
            history = "all"
            "#,
        )
        .unwrap();
        assert_eq!(policies.group.may_start, MayStart::Met);
        assert_eq!(policies.group.maximum, 12);
        assert_eq!(policies.group.history_of("guest"), History::FromJoining);
        assert_eq!(policies.group.history_of("rider"), History::FromJoining);
        assert_eq!(policies.group.history_of("member"), History::All);
        assert_eq!(policies.support.history_of("rider"), History::All);
        assert_eq!(policies.direct, KindPolicy::default());
        assert_eq!(parse("").unwrap(), Policies::default());
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        for (text, why) in [
            ("[kinds.room]", "kinds.room is no kind"),
            ("[kinds.group]\nmaximum = 1", "kinds.group.maximum must be"),
            (
                "[kinds.group]\nmaximum = 257",
                "kinds.group.maximum must be",
            ),
            (
                "[kinds.group]\nmay_start = \"all\"",
                "kinds.group.may_start must be",
            ),
            (
                "[kinds.group.roles.a]\nhistory = \"none\"",
                "kinds.group.roles.a.history must be",
            ),
            (
                "[kinds.group.roles.\"\"]\nhistory = \"all\"",
                "can be no role",
            ),
            ("[kinds.group]\nmax = 3", "unknown field `max`"),
            ("[kind.group]", "unknown field `kind`"),
            ("kinds", "expected"),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
