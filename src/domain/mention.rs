//! Whom a message mentions. Its text is never parsed: the sender's client names them.

use std::collections::BTreeSet;

use super::conversation::Participant;
use super::ids::UserId;
use super::limits;
use super::refusal::Refusal;

/// Mentions of one message.
pub const MOST: usize = 20;
/// Everybody.
const ALL: &str = "all";
/// What stands before a role.
const ROLE: &str = "role:";

/// Whom a message mentions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mention {
    /// One participant.
    User(UserId),
    /// Everybody who takes part.
    All,
    /// Everybody with this role.
    Role(String),
}

impl Mention {
    /// Parses `all`, `role:` with a role, or the id of a user; the refusal names the field.
    fn parse(text: &str, field: String) -> Result<Self, Refusal> {
        match (text, text.strip_prefix(ROLE)) {
            (ALL, _) => Ok(Self::All),
            (_, Some(role)) => {
                limits::role_at(role, field)?;
                Ok(Self::Role(role.to_owned()))
            }
            (_, None) => UserId::parse(text, field).map(Self::User),
        }
    }

    /// Parses a list, each only once.
    pub fn parse_all(texts: Option<Vec<String>>) -> Result<Vec<Self>, Refusal> {
        let texts = texts.unwrap_or_default();
        if texts.len() > MOST {
            return Err(Refusal::invalid(
                "mentions",
                format!("must be at most {MOST}"),
            ));
        }
        let mut seen = BTreeSet::new();
        let parsed = texts
            .iter()
            .enumerate()
            .map(|(index, text)| Self::parse(text, format!("mentions[{index}]")));
        let parsed: Vec<Self> = parsed.collect::<Result<_, _>>()?;
        Ok(parsed
            .into_iter()
            .filter(|mention| seen.insert(mention.clone()))
            .collect())
    }

    /// A mention from the database or another server, which was parsed before.
    pub fn stored(text: String) -> Self {
        match (text.as_str(), text.strip_prefix(ROLE)) {
            (ALL, _) => Self::All,
            (_, Some(role)) => Self::Role(role.to_owned()),
            (_, None) => Self::User(UserId::stored(text)),
        }
    }

    /// The user whom it names by id.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::All | Self::Role(_) => None,
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::All => ALL.to_owned(),
            Self::Role(role) => format!("{ROLE}{role}"),
        }
    }

    /// Whether it names a participant.
    pub fn names(&self, person: &Participant) -> bool {
        match self {
            Self::User(id) => *id == person.id,
            Self::All => true,
            Self::Role(role) => *role == person.role,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(texts: &[&str]) -> Result<Vec<Mention>, Refusal> {
        Mention::parse_all(Some(texts.iter().map(|text| (*text).to_owned()).collect()))
    }

    #[test]
    fn what_was_parsed_comes_back_from_its_text() {
        let all = parsed(&["bob", "all", "role:rider", "bob"]).unwrap();
        let bob = UserId::stored("bob".to_owned());
        let expected = [
            Mention::User(bob),
            Mention::All,
            Mention::Role("rider".to_owned()),
        ];
        assert_eq!(all, expected);
        for mention in all {
            assert_eq!(Mention::stored(mention.text()), mention);
        }
    }

    #[test]
    fn the_wrong_one_is_named() {
        for wrong in ["", "a b", "role:", "role:staff", "role:No"] {
            let refused = parsed(&["bob", wrong]).unwrap_err();
            let Refusal::Invalid { field, .. } = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(field, "mentions[1]");
        }
        assert!(parsed(&["bob"; 21]).is_err());
    }
}
