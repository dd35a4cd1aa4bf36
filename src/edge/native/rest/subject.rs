//! The subject of a conversation in a request.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::domain::access::Privilege;
use crate::domain::conversation::Subject;
use crate::domain::limits;
use crate::domain::object;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;

/// What the conversation is about. What it is called, where it is shown and what it holds are the platform's to say: only a
/// `service` token may give `title`, `url` and `data`
#[derive(Deserialize, ToSchema)]
pub struct SubjectBody {
    /// What kind of thing: job, order, bid …
    #[serde(rename = "type")]
    kind: String,
    /// The platform's id of it
    id: String,
    /// What it is called
    title: Option<String>,
    /// Where it is shown; https
    url: Option<String>,
    /// The platform's own object
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
}

impl SubjectBody {
    /// The subject, if the caller may describe it so.
    pub(super) fn check(self, caller: &Principal) -> Result<Subject, Refusal> {
        limits::required_text(&self.kind, "subject.type", 64)?;
        limits::required_text(&self.id, "subject.id", 128)?;
        self.title.as_deref().map_or(Ok(()), |title| {
            limits::text(title, "subject.title", limits::TITLE_CHARACTERS)
        })?;
        self.url
            .as_deref()
            .map_or(Ok(()), |url| limits::https_url(url, "subject.url"))?;
        let data = self.data.map(Value::Object);
        data.as_ref().map_or(Ok(()), |data| {
            limits::json(&data.to_string(), "subject.data")
        })?;
        let describes = self.title.is_some() || self.url.is_some() || data.is_some();
        let card = match (caller.roles.may(Privilege::DescribeSubjects), describes) {
            (true, _) => json!({ "title": self.title, "url": self.url, "data": data }),
            (false, false) => Value::Null,
            (false, true) => {
                return Err(Refusal::Forbidden(
                    "Only the platform may describe a subject: send its type and id alone",
                ));
            }
        };
        Ok(Subject {
            kind: self.kind,
            id: self.id,
            card,
        })
    }
}
