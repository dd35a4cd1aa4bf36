//! Reads the file of a type.

use chrono::TimeDelta;
use language::declared::{self, DataFields};
use language::expression::{KnownNames, Root};
use language::period;
use language::problem::{Origin, Problem, Problems};
use language::source::{Item, Section, is_name};
use language::text::Text;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::DeTable;

use crate::kind::{Category, NoticeType, Priority};
use crate::preferences::Channel;
use crate::wording::Wording;

/// The largest file, in bytes.
const LARGEST_FILE: usize = 64 * 1_024;
/// The longest time for which a notification is shown.
const LONGEST_SHOWN: TimeDelta = TimeDelta::days(400);
/// Channels that files may come to name.
const LATER: [&str; 4] = ["push", "email", "sms", "webhook"];

impl NoticeType {
    /// Parses and checks a file.
    ///
    /// # Errors
    ///
    /// All problems of the file, in order.
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        let problems = Problems::new(Origin::File);
        if source.len() > LARGEST_FILE {
            let bytes = source.len();
            problems.add(
                0,
                format!("the file has {bytes} bytes; at most {LARGEST_FILE}"),
            );
            return Err(problems.all(""));
        }
        let (table, errors) = DeTable::parse_recoverable(source);
        problems.add_toml(source, &errors);
        if !errors.is_empty() {
            return Err(problems.all(source));
        }
        let file = Section::of_file("a notification type", table.get_ref(), &problems);
        match whole(&file) {
            Some(of) if problems.is_empty() => Ok(of),
            _ => Err(problems.all(source)),
        }
    }
}

fn whole(file: &Section<'_>) -> Option<NoticeType> {
    let name = file.need("name").and_then(type_name);
    let version = file
        .need("version")
        .and_then(|item| item.integer(1..=1_000_000));
    let module = file.item("module").and_then(Item::name);
    let category = file.item("category").and_then(category);
    let data = file.section("data", "the data");
    let data = data.map(|data| declared::fields(&data)).unwrap_or_default();
    let defaults = file.section("defaults", "the defaults");
    let defaults = defaults.map(|section| defaults_of(&section, &data));
    let texts = file.section("text", "the texts");
    let texts = texts.map(|section| texts_of(&section, &data));
    let channels = file
        .need("channels")
        .and_then(|item| item.section("the channels"));
    let channels = channels.map(|section| channels_of(&section));
    file.finish();
    let defaults = defaults.unwrap_or_default();
    let (name, version) = (name?, i32::try_from(version?).ok()?);
    let prefix = name.split_once('.').map(|(module, _)| module);
    Some(NoticeType {
        name: name.to_owned(),
        version,
        module: module.or(prefix).map(str::to_owned),
        category: category.unwrap_or(Category::Transactional),
        priority: defaults.priority.unwrap_or(Priority::Normal),
        expires: defaults.expires,
        data,
        channels: channels.unwrap_or_default(),
        key: defaults.key,
        texts: texts.unwrap_or_default(),
    })
}

/// A name, or two with a point between them.
fn type_name(item: Item<'_>) -> Option<&str> {
    let text = item.text(64)?;
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() <= 2 && parts.iter().all(|part| is_name(part)) {
        return Some(text);
    }
    let help = "a name like `order_update`, or a module and a name: `jobs.application`";
    item.advise(format!("`{text}` is not the name of a type"), help);
    None
}

fn category(item: Item<'_>) -> Option<Category> {
    let text = item.text(20)?;
    let found = Category::named(text);
    if found.is_none() {
        let help = format!("one of {}", Category::NAMES.join(", "));
        item.advise(format!("there is no category `{text}`"), help);
    }
    found
}

#[derive(Default)]
struct Defaults {
    priority: Option<Priority>,
    expires: Option<TimeDelta>,
    key: Option<Text>,
}

fn defaults_of(section: &Section<'_>, data: &DataFields) -> Defaults {
    let found = Defaults {
        priority: section.item("priority").and_then(priority),
        expires: section.item("expires").and_then(expires),
        key: section.item("key").and_then(|item| text(item, 120, data)),
    };
    section.finish();
    found
}

fn priority(item: Item<'_>) -> Option<Priority> {
    let name = item.text(20)?;
    let found = Priority::named(name);
    if found.is_none() {
        let names = Priority::ALL.map(Priority::name).join(", ");
        item.advise(
            format!("there is no priority `{name}`"),
            format!("one of {names}"),
        );
    }
    found
}

fn expires(item: Item<'_>) -> Option<TimeDelta> {
    let text = item.text(20)?;
    match period::parse(text) {
        Some(span) if span > TimeDelta::zero() && span <= LONGEST_SHOWN => Some(span),
        Some(_) => {
            item.complain("a notification is shown for at most 400 days");
            None
        }
        None => {
            item.advise(format!("`{text}` is not a time"), "like P30D or PT10M");
            None
        }
    }
}

fn texts_of(section: &Section<'_>, data: &DataFields) -> BTreeMap<String, Wording> {
    let read = |item: &Item<'_>| Some((language_of(*item)?, wording(*item, data)?));
    section.all().iter().filter_map(read).collect()
}

/// A language, possibly with a region: `de`, `pt-BR`.
fn language_of(item: Item<'_>) -> Option<String> {
    let parts: Vec<&str> = item.key.split('-').collect();
    let is_letters = |part: &&str| {
        part.chars().all(|c| c.is_ascii_alphanumeric()) && (2..=8).contains(&part.len())
    };
    if parts.len() <= 2 && parts.iter().all(is_letters) {
        return Some(item.key.to_owned());
    }
    item.advise(
        format!("`{}` is not a language", item.key),
        "like `en` or `pt-BR`",
    );
    None
}

fn wording(item: Item<'_>, data: &DataFields) -> Option<Wording> {
    let section = item.section("the words of a language")?;
    let title = section.need("title").and_then(|item| text(item, 255, data));
    let message = section
        .need("message")
        .and_then(|item| text(item, 4_000, data));
    let action = section.item("action").map(|item| action(item, data));
    section.finish();
    Some(Wording {
        title: title?,
        message: message?,
        action: match action {
            Some(action) => Some(action?),
            None => None,
        },
    })
}

fn action(item: Item<'_>, data: &DataFields) -> Option<(Text, Text)> {
    let section = item.section("an action")?;
    let url = section.need("url").and_then(|item| {
        let source = item.text(500)?;
        if !source.starts_with('/') && !source.starts_with("https://") {
            let help = "a path like `/orders/{data.order_id}`, or an https URL";
            item.advise("this is not where a notification may lead", help);
        }
        text(item, 500, data)
    });
    let label = section.need("text").and_then(|item| text(item, 100, data));
    section.finish();
    Some((url?, label?))
}

fn text(item: Item<'_>, most: usize, data: &DataFields) -> Option<Text> {
    let source = item.text(most)?;
    let fields = data
        .iter()
        .map(|(name, field)| (name.clone(), field.kind.shape()));
    let roots = [Root {
        name: "data".to_owned(),
        fields: fields.collect(),
    }];
    match Text::parse(source, KnownNames::of_roots(&roots)) {
        Ok(text) => Some(text),
        Err((_, message, Some(help))) => {
            item.advise(message, help);
            None
        }
        Err((_, message, None)) => {
            item.complain(message);
            None
        }
    }
}

fn channels_of(section: &Section<'_>) -> BTreeSet<Channel> {
    if section.all().is_empty() {
        section.problems.advise(
            section.at,
            "the type goes out by no channel",
            "`in_app = {}`",
        );
    }
    section
        .all()
        .iter()
        .filter_map(|item| channel(*item))
        .collect()
}

fn channel(item: Item<'_>) -> Option<Channel> {
    if let Some(channel) = Channel::named(item.key) {
        item.section("a channel")?.finish();
        return Some(channel);
    }
    let name = item.key;
    match LATER.contains(&name) {
        true => item.advise(
            format!("`{name}` is not available yet"),
            "this version shows notifications in the app: `in_app = {}`",
        ),
        false => item.advise(format!("there is no channel `{name}`"), "`in_app`"),
    }
    None
}
