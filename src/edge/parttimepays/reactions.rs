//! Reactions by the names that the page has for them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::annotation::ReactionCount;
use crate::domain::emoji::Emoji;
use crate::domain::ids::UserId;
use crate::domain::refusal::Refusal;

/// The names, and what the page shows for them.
const NAMES: [(&str, &str); 10] = [
    ("like", "❤️"),
    ("love", "😍"),
    ("laugh", "😂"),
    ("wow", "😮"),
    ("sad", "😢"),
    ("angry", "😠"),
    ("thumbs_up", "👍"),
    ("lightbulb", "💡"),
    ("checkmark", "✅"),
    ("question", "❓"),
];

/// The emoji with this name.
pub(super) fn emoji(name: &str) -> Result<Emoji, Refusal> {
    let mut names = NAMES.iter();
    let named = names.find(|(known, _)| *known == name);
    let unknown = || {
        let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        let form = format!("must be one of {}", names.join(", "));
        Refusal::invalid("reactionType", form)
    };
    let (_, picture) = named.ok_or_else(unknown)?;
    Emoji::parse(picture)
}

/// The name of an emoji; the emoji itself where it has none.
pub(super) fn name(emoji: &Emoji) -> &str {
    let mut names = NAMES.iter();
    let named = names.find(|(_, picture)| *picture == emoji.as_str());
    named.map_or(emoji.as_str(), |(name, _)| name)
}

/// Whether the page has a name for it.
pub(super) fn is_named(emoji: &Emoji) -> bool {
    name(emoji) != emoji.as_str()
}

/// How many people react to a message in one way.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysReaction)]
pub struct ReactionDocument<'a> {
    /// Its name; the emoji where it has none
    reaction_type: &'a str,
    /// How many
    count: i64,
    /// The ids of the first of them, at most 20
    users: Vec<&'a str>,
}

impl<'a> From<&'a ReactionCount> for ReactionDocument<'a> {
    fn from(counted: &'a ReactionCount) -> Self {
        Self {
            reaction_type: name(&counted.emoji),
            count: counted.count,
            users: counted.users.iter().map(UserId::as_str).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_name_has_an_emoji_of_its_own_and_comes_back_from_it() {
        let mut seen = BTreeSet::new();
        for (name, _) in NAMES {
            let emoji = emoji(name).expect("an emoji");
            assert_eq!(super::name(&emoji), name);
            assert!(is_named(&emoji), "{name}");
            assert!(seen.insert(emoji), "{name}");
        }
    }

    #[test]
    fn what_has_no_name_is_shown_as_it_is_and_cannot_be_asked_for() {
        let rocket = Emoji::parse("🚀").expect("an emoji");
        assert_eq!((name(&rocket), is_named(&rocket)), ("🚀", false));
        for unknown in ["", "Like", "🚀", "❤️"] {
            let refused = emoji(unknown).expect_err("a refusal");
            assert!(refused.message().starts_with("reactionType "), "{unknown}");
        }
    }
}
