//! Parses a query.

use super::dates;
use super::filters::{Filters, Has, Sender, SubjectFilter};
use super::lexing::{Part, PartText, split};
use super::terms::{Term, TermKind, Wanted};
use super::{QUERY_CHARACTERS, SearchQuery, TERMS};
use crate::domain::ids::{ConversationId, UserId};
use crate::domain::limits;
use crate::domain::refusal::Refusal;
use crate::domain::tokens::Tokenizer;

/// The digits of a telephone number.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Parses a query. An empty one is refused; one without words must have a filter.
pub fn parse(tokenizer: &Tokenizer, query: &str) -> Result<SearchQuery, Refusal> {
    limits::text(query, "q", QUERY_CHARACTERS)?;
    let parts = joined_phones(split(query));
    if parts.len() > TERMS {
        return Err(wrong(format!(
            "must have at most {TERMS} words and filters"
        )));
    }
    let (mut terms, mut filters) = (Vec::new(), Filters::default());
    let last = parts.len().saturating_sub(1);
    for (index, part) in parts.iter().enumerate() {
        match &part.text {
            PartText::Filter(name, _) if part.excluded => {
                return Err(wrong(format!(
                    "must not exclude {name}: only words can be excluded"
                )));
            }
            PartText::Filter(name, value) => filter(&mut filters, name, value)?,
            PartText::Quoted(text) => terms.extend(term(tokenizer, part, text, TermKind::Phrase)),
            PartText::Bare(text) => {
                let goes_on = text.ends_with('*') || (index == last && !part.excluded);
                let kind = if goes_on {
                    TermKind::Beginning
                } else {
                    TermKind::Word
                };
                terms.extend(term(tokenizer, part, text, kind));
            }
        }
    }
    if terms.is_empty() && filters.are_empty() {
        return Err(wrong("must contain a word or a filter"));
    }
    Ok(SearchQuery { terms, filters })
}

fn wrong(reason: impl Into<String>) -> Refusal {
    Refusal::invalid("q", reason)
}

fn term(tokenizer: &Tokenizer, part: &Part, text: &str, kind: TermKind) -> Option<Term> {
    let wanted = match part.excluded {
        true => Wanted::Absent,
        false => Wanted::Present,
    };
    Term::read(tokenizer, text, kind, wanted)
}

fn filter(filters: &mut Filters, name: &str, value: &str) -> Result<(), Refusal> {
    match name {
        "from" => filters.from.push(sender(value)?),
        "in" => once(&mut filters.within, name, conversation(value)?)?,
        "subject" => once(&mut filters.subject, name, subject(value)?)?,
        "has" => filters.has.add(has(value)?),
        "is" => filters.unread = is_unread(value)?,
        "before" => earliest(filters, moment(name, value)?.begin),
        "after" => latest(filters, moment(name, value)?.end),
        "on" => {
            let day = dates::read(value).and(dates::day(value));
            let day = day.ok_or_else(|| wrong("on: must be a day such as 2026-11-27"))?;
            latest(filters, day.begin);
            earliest(filters, day.end);
        }
        other => return Err(wrong(format!("{other}: is not available"))),
    }
    Ok(())
}

fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), Refusal> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong(format!("must have {name}: only once"))),
    }
}

fn sender(value: &str) -> Result<Sender, Refusal> {
    match value {
        "me" => Ok(Sender::Me),
        id => UserId::parse(id, "q")
            .map(Sender::User)
            .map_err(|_| wrong("from: must be me or the id of a user")),
    }
}

fn conversation(value: &str) -> Result<ConversationId, Refusal> {
    ConversationId::parse(value, "q").map_err(|_| wrong("in: must be the id of a conversation"))
}

fn subject(value: &str) -> Result<SubjectFilter, Refusal> {
    let form = || wrong("subject: must be a type and an id such as subject:job/42");
    let (kind, id) = value.split_once('/').ok_or_else(form)?;
    if kind.is_empty() || id.is_empty() {
        return Err(form());
    }
    let (kind, id) = (kind.to_owned(), id.to_owned());
    Ok(SubjectFilter { kind, id })
}

fn has(value: &str) -> Result<Has, Refusal> {
    let mut all = Has::ALL.into_iter();
    all.find(|has| has.name() == value)
        .ok_or_else(|| wrong("has: must be file, image, voice or link"))
}

fn is_unread(value: &str) -> Result<bool, Refusal> {
    match value {
        "unread" => Ok(true),
        _ => Err(wrong("is: must be unread")),
    }
}

fn moment(name: &str, value: &str) -> Result<dates::When, Refusal> {
    dates::read(value).ok_or_else(|| {
        wrong(format!(
            "{name}: must be a day such as 2026-11-27, or a moment such as 2026-11-27T09:00:00Z"
        ))
    })
}

fn latest(filters: &mut Filters, since: chrono::DateTime<chrono::Utc>) {
    filters.since = filters.since.max(Some(since));
}

fn earliest(filters: &mut Filters, until: chrono::DateTime<chrono::Utc>) {
    filters.until = Some(filters.until.map_or(until, |earlier| earlier.min(until)));
}

/// Makes one part of the groups of a telephone number: `+49 151 2345678`.
fn joined_phones(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    let mut rest = parts.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let groups: Vec<&str> = rest.iter().map_while(digits_of).collect();
        let number = groups.join(" ");
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let is_phone = groups.len() > 1
            && number.starts_with(['+', '0', '('])
            && PHONE_DIGITS.contains(&digits);
        let (part, left) = match is_phone {
            true => (bare(number), rest.get(groups.len()..).unwrap_or_default()),
            false => (first.clone(), others),
        };
        joined.push(part);
        rest = left;
    }
    joined
}

fn bare(text: String) -> Part {
    let text = PartText::Bare(text);
    Part {
        excluded: false,
        text,
    }
}

/// The text of a part that consists of digits and what stands between them.
fn digits_of(part: &Part) -> Option<&str> {
    let PartText::Bare(text) = &part.text else {
        return None;
    };
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '-' | '.' | '/');
    let has_digits = text.contains(|c: char| c.is_ascii_digit());
    (!part.excluded && text.chars().all(fits) && has_digits).then_some(text.as_str())
}
