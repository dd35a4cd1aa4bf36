//! Reads declarations of context values and form fields.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::field::{ContextField, Field, FieldKind, Kind};
use crate::source::{Item, Section};
use crate::value::{self, is_currency};

/// The default limit of a one-line text field, in characters.
const LINE: usize = 500;

/// All declarations of a `[context]` table.
pub fn context(section: &Section<'_>, currency: Option<&str>) -> BTreeMap<String, ContextField> {
    if section.all().len() > 64 {
        let message = format!("{} values in the context; at most 64", section.all().len());
        section.problems.add(section.at, message);
    }
    let field =
        |item: &Item<'_>| Some((item.key_name()?.to_owned(), context_field(*item, currency)?));
    section.all().iter().filter_map(field).collect()
}

/// `price = "money"`, or `price = { type = "money", required = true }`.
fn context_field(item: Item<'_>, currency: Option<&str>) -> Option<ContextField> {
    if item.is_text() {
        let kind = kind(item, currency.map(str::to_owned))?;
        return Some(ContextField {
            kind,
            required: false,
            default: None,
        });
    }
    let section = item.section("a value of the context")?;
    let own = section.item("currency").and_then(currency_of);
    let kind = section
        .need("type")
        .and_then(|item| kind(item, own.or(currency.map(str::to_owned))));
    let required = section.flag("required");
    let default = section.item("default").map(|item| (item, json_of(item)));
    section.finish();
    let kind = kind?;
    let default = match default {
        Some((item, Some(value))) => match checked(&kind, &value) {
            Ok(value) => Some(value),
            Err(why) => {
                item.complain(format!("the default {why}"));
                None
            }
        },
        Some((_, None)) | None => None,
    };
    Some(ContextField {
        kind,
        required,
        default,
    })
}

fn json_of(item: Item<'_>) -> Option<Value> {
    if item.is_text() {
        return item.text(value::LONGEST_TEXT).map(|text| json!(text));
    }
    item.integer(i64::MIN..=i64::MAX)
        .map(|number| json!(number))
}

fn kind(item: Item<'_>, currency: Option<String>) -> Option<Kind> {
    let found = item.text(20)?;
    match (found, currency) {
        ("text", _) => Some(Kind::Text),
        ("integer", _) => Some(Kind::Integer),
        ("date", _) => Some(Kind::Date),
        ("url", _) => Some(Kind::Url),
        ("money", Some(currency)) => Some(Kind::Money { currency }),
        ("money", None) => {
            let help = "`currency = \"INR\"` here, or in [defaults]";
            item.advise("money needs a currency", help);
            None
        }
        (other, _) => {
            let help = "one of text, money, integer, date, url";
            item.advise(format!("there is no type `{other}`"), help);
            None
        }
    }
}

/// A currency: three capital letters.
pub fn currency_of(item: Item<'_>) -> Option<String> {
    let currency = item.text(3)?;
    if !is_currency(currency) {
        item.complain(format!(
            "`{currency}` is not a currency: three capital letters"
        ));
        return None;
    }
    Some(currency.to_owned())
}

/// The stored form of a context value, or what it must be.
pub fn checked(kind: &Kind, given: &Value) -> Result<Value, String> {
    match kind {
        Kind::Text => value::text(given, value::LONGEST_TEXT).map(Value::from),
        Kind::Url => value::url(given).map(Value::from),
        Kind::Date => value::date(given).map(Value::from),
        Kind::Integer => value::integer(given, |_| Ok(())).map(Value::from),
        Kind::Money { currency } => {
            value::money(given, currency, |_| Ok(())).map(|money| value::of_money(&money))
        }
    }
}

/// The fields of a form, in order.
pub fn form(item: Item<'_>, currency: Option<&str>) -> Vec<Field> {
    let mut found: Vec<Field> = Vec::new();
    for entry in item.list(20).unwrap_or_default() {
        let Some(field) = field(entry, currency) else {
            continue;
        };
        if found.iter().any(|other| other.name == field.name) {
            entry.complain(format!("the field `{}` is there twice", field.name));
        }
        found.push(field);
    }
    found
}

fn field(item: Item<'_>, currency: Option<&str>) -> Option<Field> {
    let section = item.section("a field")?;
    let name = section.need("name").and_then(Item::name);
    let kind = section.need("type").and_then(field_kind);
    let own = section
        .item("currency")
        .map(|item| (item, currency_of(item)));
    let bound = |key| {
        section
            .item(key)
            .map(|item| (item, item.integer(i64::MIN..=i64::MAX)))
    };
    let (min, max) = (bound("min"), bound("max"));
    let length = section.item("max_length");
    let length = length.map(|item| (item, item.integer(1..=value::LONGEST_TEXT as i64)));
    let label = section.item("label").and_then(|item| item.text(80));
    let placeholder = section.item("placeholder").and_then(|item| item.text(200));
    let required = section.flag("required");
    section.finish();
    let (name, kind) = (name?, kind?);
    let of_numbers = matches!(kind, FieldKind::Number | FieldKind::Money);
    let of_texts = matches!(kind, FieldKind::Text | FieldKind::Textarea);
    for (bound, _) in [&min, &max].into_iter().flatten().filter(|_| !of_numbers) {
        bound.complain("only numbers and money have bounds");
    }
    if let Some((length, _)) = length.as_ref().filter(|_| !of_texts) {
        length.complain("only texts have a length");
    }
    let amount = |bound: Option<(Item<'_>, Option<i64>)>| bound.and_then(|(_, number)| number);
    let (least, most) = (amount(min), amount(max));
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        item.complain(format!("no number is from {least} to {most}"));
    }
    let length = length.and_then(|(_, length)| usize::try_from(length?).ok());
    let default_length = match kind {
        FieldKind::Text => Some(LINE),
        FieldKind::Textarea => Some(value::LONGEST_TEXT),
        FieldKind::Number
        | FieldKind::Email
        | FieldKind::Url
        | FieldKind::Date
        | FieldKind::Money => None,
    };
    Some(Field {
        name: name.to_owned(),
        label: label.map(str::to_owned),
        kind,
        required,
        min: least,
        max: most,
        max_length: length.or(default_length),
        placeholder: placeholder.map(str::to_owned),
        currency: currency_for(item, kind, own, currency),
    })
}

/// A money field's own currency, or the file's.
fn currency_for(
    field: Item<'_>,
    kind: FieldKind,
    own: Option<(Item<'_>, Option<String>)>,
    default: Option<&str>,
) -> Option<String> {
    match (kind, own) {
        (FieldKind::Money, Some((_, currency))) => currency,
        (FieldKind::Money, None) => {
            if default.is_none() {
                let help = "`currency = \"INR\"` here, or in [defaults]";
                field.advise("money needs a currency", help);
            }
            default.map(str::to_owned)
        }
        (_, Some((item, _))) => {
            item.complain("only money has a currency");
            None
        }
        (_, None) => None,
    }
}

fn field_kind(item: Item<'_>) -> Option<FieldKind> {
    match item.text(20)? {
        "text" => Some(FieldKind::Text),
        "textarea" => Some(FieldKind::Textarea),
        "number" => Some(FieldKind::Number),
        "email" => Some(FieldKind::Email),
        "url" => Some(FieldKind::Url),
        "date" => Some(FieldKind::Date),
        "money" => Some(FieldKind::Money),
        other => {
            let help = "one of text, textarea, number, email, url, date, money";
            item.advise(format!("there is no field type `{other}`"), help);
            None
        }
    }
}
