//! What people may do among each other: the policies file, and who may begin conversations.

use clap::Args;
use std::path::PathBuf;
use std::str::FromStr;

use super::Switch;
use crate::domain::access::beginning::MayStart;
use crate::domain::conversation::ConversationKind;

/// What people may do among each other.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "People")]
pub struct PeopleOptions {
    /// TOML file that says, by kind of conversation and by role, who may begin, how many may take part, and who sees what was said before
    /// they joined
    #[arg(long, env = "STOA_POLICIES", value_name = "FILE")]
    pub policies: Option<PathBuf>,
    /// Which people may begin conversations of a kind, such as group=platform,direct=met: anyone, met (with people who may read a
    /// conversation with them) or platform; wins over --policies [default: anyone]
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
    /// Whether messages can be forwarded into other conversations
    #[arg(long, env = "STOA_FORWARDING", value_enum, default_value = "on")]
    pub forwarding: Switch,
}

/// Which people may begin conversations of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartRule {
    pub(super) kind: ConversationKind,
    pub(super) may_start: MayStart,
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
        let rule = |kind, may_start| StartRule { kind, may_start };
        let group = rule(ConversationKind::Group, MayStart::Platform);
        let direct = rule(ConversationKind::Direct, MayStart::Met);
        assert_eq!(set.may_start, [group, direct]);
        for wrong in ["group", "group=", "group=nobody", "room=met", "=met"] {
            assert!(people(&["--may-start", wrong]).is_err(), "{wrong}");
        }
    }
}
