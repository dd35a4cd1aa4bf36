//! Whom an effect concerns, as rules files write it: `actor`, `data.rider`, `role(rider)`.

use language::source::Item;

use crate::event_type::EventType;
use language::declared::DataKind;

/// One user that the event names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Who did it.
    Actor,
    /// The user in this field of the data.
    Field(String),
}

/// Users that an effect concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// One user.
    One(Who),
    /// The participants with this role in the conversation that is changed, or that is about the event's subject.
    Role(String),
    /// All participants of the conversations about the event's subject.
    Participants,
}

/// Reads `actor` or `data.x`.
pub(crate) fn who(item: Item<'_>, of: &EventType) -> Option<Who> {
    let text = item.text(80)?;
    match parsed_who(text, of) {
        Ok(who) => Some(who),
        Err((message, help)) => {
            item.advise(message, help);
            None
        }
    }
}

/// Reads `actor`, `data.x` or `role(x)`.
pub(crate) fn whom(item: Item<'_>, of: &EventType) -> Option<Whom> {
    let text = item.text(80)?;
    let role = text
        .strip_prefix("role(")
        .and_then(|rest| rest.strip_suffix(')'));
    if let Some(role) = role.filter(|role| language::source::is_name(role)) {
        return Some(Whom::Role(role.to_owned()));
    }
    match parsed_who(text, of) {
        Ok(who) => Some(Whom::One(who)),
        Err((message, help)) => {
            item.advise(message, format!("{help}, or `role(rider)`"));
            None
        }
    }
}

/// Reads `participants`, and what `whom` reads.
pub(crate) fn receiver(item: Item<'_>, of: &EventType) -> Option<Whom> {
    match item.text(80)? {
        "participants" => Some(Whom::Participants),
        _ => whom(item, of),
    }
}

fn parsed_who(text: &str, of: &EventType) -> Result<Who, (String, String)> {
    if text == "actor" {
        return Ok(Who::Actor);
    }
    let users: Vec<String> = of
        .user_fields()
        .map(|field| format!("`data.{field}`"))
        .collect();
    let help = match users.is_empty() {
        true => format!(
            "`actor`; the data of `{}` has no field of type user",
            of.name
        ),
        false => format!("`actor` or {}", users.join(" or ")),
    };
    let unknown = || (format!("there is no user `{text}`"), help.clone());
    let field = text.strip_prefix("data.").ok_or_else(unknown)?;
    match of.data.get(field) {
        Some(found) if found.kind == DataKind::User => Ok(Who::Field(field.to_owned())),
        Some(_) => Err((format!("`{text}` is not a user"), help)),
        None => Err(unknown()),
    }
}
