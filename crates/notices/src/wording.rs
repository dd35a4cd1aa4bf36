//! What a notification says.

use language::declared::Wrong;
use language::text::Text;
use serde_json::{Map, Value, json};

use crate::kind::NoticeType;

/// The language of words that have no other.
const DEFAULT_LANGUAGE: &str = "en";
/// The most characters of a title, a message, an action's text, and a key.
const TITLE: usize = 255;
const MESSAGE: usize = 4_000;
const ACTION_TEXT: usize = 100;
const KEY: usize = 128;

/// The words of one language.
#[derive(Clone, Debug)]
pub(crate) struct Wording {
    pub(crate) title: Text,
    pub(crate) message: Text,
    pub(crate) action: Option<(Text, Text)>,
}

/// What one notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded {
    /// Its title, of at most 255 characters.
    pub title: String,
    /// Its message, of at most 4,000 characters.
    pub message: String,
    /// What can be done about it.
    pub action: Option<Action>,
    /// What it is about, of at most 128 characters: a newer notification with the same key takes the place of an unread older one.
    pub key: Option<String>,
}

/// Where a notification leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// A path of the platform, or an https URL.
    pub url: String,
    /// The text of the button.
    pub text: String,
}

/// Whether a notification may lead there: a path that begins with one slash, or an https URL.
///
/// ```
/// use notices::is_link;
///
/// assert!(is_link("/orders/42?tab=1") && is_link("https://shop.example/orders/42"));
/// assert!(!is_link("//evil.example") && !is_link("/\\evil.example") && !is_link("javascript:alert(1)") && !is_link("/a b\n"));
/// ```
pub fn is_link(text: &str) -> bool {
    let is_plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let is_path = text
        .strip_prefix('/')
        .is_some_and(|rest| !rest.starts_with(['/', '\\']));
    let is_url = language::value::url(&json!(text)).is_ok();
    is_plain && text.len() <= 2_000 && (is_path || is_url)
}

impl NoticeType {
    /// What a notification with this data says to somebody with this locale (`de`, `de-AT`); `None` where it is not known. The data was
    /// checked. Fails for a type without words, and where the data makes a link that leads elsewhere.
    pub fn worded(&self, locale: Option<&str>, data: &Map<String, Value>) -> Result<Worded, Wrong> {
        let wrong = |field: &str, reason: &str| Wrong {
            field: field.to_owned(),
            reason: reason.to_owned(),
        };
        let wording = self
            .wording(locale)
            .ok_or_else(|| wrong("title", "is missing: the type has no words of its own"))?;
        let roots = Map::from_iter([("data".to_owned(), Value::Object(data.clone()))]);
        let action = wording.action.as_ref().map(|(url, text)| Action {
            url: url.filled_from(&roots),
            text: cut(&text.filled_from(&roots), ACTION_TEXT),
        });
        if action.as_ref().is_some_and(|action| !is_link(&action.url)) {
            return Err(wrong(
                "data",
                "makes a link that is neither a path nor an https URL",
            ));
        }
        Ok(Worded {
            title: cut(&wording.title.filled_from(&roots), TITLE),
            message: cut(&wording.message.filled_from(&roots), MESSAGE),
            action,
            key: self.key_of(data),
        })
    }

    /// The key of a notification with this data.
    pub fn key_of(&self, data: &Map<String, Value>) -> Option<String> {
        let roots = Map::from_iter([("data".to_owned(), Value::Object(data.clone()))]);
        let key = self.key.as_ref()?.filled_from(&roots);
        Some(cut(&key, KEY))
    }

    /// The words in this locale, otherwise in its language, otherwise in English, otherwise in the first language.
    fn wording(&self, locale: Option<&str>) -> Option<&crate::wording::Wording> {
        let language = locale.and_then(|locale| locale.split(['-', '_']).next());
        let wanted = [locale, language, Some(DEFAULT_LANGUAGE)];
        let mut wanted = wanted.into_iter().flatten();
        let found = wanted.find_map(|name| self.texts.get(name));
        found.or_else(|| self.texts.values().next())
    }
}

/// At most so many characters of a text, the last of which says that something is left out.
fn cut(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text
            .chars()
            .take(most.saturating_sub(1))
            .chain(['…'])
            .collect(),
        false => text.to_owned(),
    }
}
