//! Who may begin conversations.

use clap::Args;
use std::str::FromStr;

use super::{Config, Switch};
use crate::domain::access::beginning::{Inviter, MayStart};
use crate::domain::conversation::ConversationKind;
use crate::domain::principal::Roles;

/// Who may begin conversations, and with how many.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "People")]
pub struct PeopleOptions {
    /// Which people may begin conversations of a kind, such as group=platform,direct=met: anyone, met (with people who may read a
    /// conversation with them) or platform [default: anyone]
    #[arg(
        long,
        env = "STOA_MAY_START",
        value_name = "KIND=WHO",
        value_delimiter = ','
    )]
    pub may_start: Vec<StartRule>,
    /// Users with whom a person may begin, or whom they may bring into a conversation, within 24 hours, without having met them; 0 for any
    /// number. --rate-limits off lifts it
    #[arg(long, env = "STOA_NEW_CONTACTS", default_value_t = 20)]
    pub new_contacts: u32,
}

/// Which people may begin conversations of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartRule {
    kind: ConversationKind,
    may_start: MayStart,
}

impl FromStr for StartRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (kind, may_start) = text.split_once('=')?;
            Some(Self {
                kind: ConversationKind::named(kind)?,
                may_start: MayStart::named(may_start)?,
            })
        };
        read().ok_or_else(|| {
            "must be direct, group or support, then = and anyone, met or platform".to_owned()
        })
    }
}

/// What a conversation is begun as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// A conversation of a kind.
    Conversation(ConversationKind),
    /// A deal: its flow says who may begin it.
    Deal,
}

impl Config {
    /// As whom a caller with these roles begins.
    pub fn inviter(&self, roles: Roles, begun: Begun) -> Inviter {
        let may_start = match begun {
            Begun::Conversation(kind) => self.people.may_start(kind),
            Begun::Deal => MayStart::Anyone,
        };
        Inviter::of(roles, may_start, self.contacts_a_day())
    }

    /// With how many users whom they have not met a person may begin within 24 hours; `None` for any number.
    pub fn contacts_a_day(&self) -> Option<u32> {
        let is_bound = self.rates.rate_limits == Switch::On && self.people.new_contacts > 0;
        is_bound.then_some(self.people.new_contacts)
    }
}

impl PeopleOptions {
    fn may_start(&self, kind: ConversationKind) -> MayStart {
        // As with other options, the last word counts.
        let mut rules = self.may_start.iter().rev();
        let rule = rules.find(|rule| rule.kind == kind);
        rule.map_or(MayStart::Anyone, |rule| rule.may_start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        people: PeopleOptions,
    }

    fn people(options: &[&str]) -> Result<PeopleOptions, String> {
        let line = [&["stoa"], options].concat();
        let read = <Line as clap::Parser>::try_parse_from(line);
        read.map(|line| line.people)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn each_kind_has_its_own_rule() {
        let set = people(&["--may-start", "group=platform,direct=met"]).unwrap();
        assert_eq!(set.may_start(ConversationKind::Group), MayStart::Platform);
        assert_eq!(set.may_start(ConversationKind::Direct), MayStart::Met);
        assert_eq!(set.may_start(ConversationKind::Support), MayStart::Anyone);
        for wrong in ["group", "group=", "group=nobody", "room=met", "=met"] {
            assert!(people(&["--may-start", wrong]).is_err(), "{wrong}");
        }
    }
}
