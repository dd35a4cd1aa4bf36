//! Reads the effects of a rule.

use std::collections::BTreeSet;

use crate::event::Subject;
use crate::event_type::{EventType, is_type_name};
use crate::selector::{Who, Whom, who, whom};
use language::expression::KnownNames;
use language::problem::nearest;
use language::source::{Item, Section};
use language::text::Text;

/// The rooms that some rule makes.
pub(crate) type RoomNames = BTreeSet<String>;

/// The most characters of a text that is said.
pub(crate) const LONGEST_TEXT: usize = 2_000;
/// The most people that one effect names.
pub(crate) const MOST_PEOPLE: usize = 16;

pub(crate) const HELP: &str = "it has one or more of converse, people, notify, say, press, close, emit, audit, connect, disconnect, trait";

/// An effect as the file declares it.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Make the room about a subject, unless it is there.
    Converse {
        room: String,
        subject: Option<Text>,
        kind: &'static str,
        title: Option<Text>,
        people: Vec<(String, Who)>,
        say: Option<Text>,
    },
    /// Add people to rooms, remove them, change their roles.
    People {
        room: Option<String>,
        add: Vec<(String, Who)>,
        remove: Vec<Whom>,
        roles: Vec<(String, Who)>,
    },
    /// Say something in rooms, as the platform.
    Say { room: Option<String>, text: Text },
    /// Take an action of the rooms' deals, as the platform.
    Press {
        room: Option<String>,
        action: String,
    },
    /// Close rooms.
    Close { room: Option<String> },
    /// Post a webhook to the platform.
    Emit {
        name: String,
        data: Vec<(String, Text)>,
    },
    /// Write a row of the audit log.
    Audit { action: String, text: Option<Text> },
    /// Connect two users, or end that.
    Connect {
        from: Who,
        to: Who,
        kind: String,
        ends: bool,
    },
    /// Notify people.
    Notify {
        to: Vec<Whom>,
        kind: String,
        title: Option<Text>,
        message: Option<Text>,
        priority: Option<String>,
        key: Option<Text>,
        data: Vec<(String, Text)>,
    },
    /// Note something about a user.
    Trait { of: Who, name: String, value: Text },
}

/// The effects of a rule, in the order in which they take place.
pub(crate) fn read(rule: &Section<'_>, of: &EventType, rooms: &RoomNames) -> Vec<Action> {
    let reader = Reader { of, rooms };
    for (key, why) in [(
        "tell",
        "this version has no events for people outside of a room; `say` reaches the participants",
    )] {
        if let Some(item) = rule.item(key) {
            let message = format!("`{key}` is not available yet");
            rule.problems.advise(item.key_at, message, why);
        }
    }
    let read: [(&'static str, Read<'_>); 11] = [
        ("converse", &|item| reader.converse(item)),
        ("people", &|item| reader.people(item)),
        ("notify", &|item| reader.notify(item)),
        ("say", &|item| reader.say(item)),
        ("press", &|item| reader.press(item)),
        ("close", &|item| reader.close(item)),
        ("emit", &|item| reader.emit(item)),
        ("audit", &|item| reader.audit(item)),
        ("connect", &|item| reader.connect(item, false)),
        ("disconnect", &|item| reader.connect(item, true)),
        ("trait", &|item| reader.of_user(item)),
    ];
    let mut found = Vec::new();
    for (key, read) in read {
        found.extend(rule.item(key).and_then(read));
    }
    found
}

type Read<'r> = &'r dyn Fn(Item<'_>) -> Option<Action>;

pub(crate) struct Reader<'a> {
    pub(crate) of: &'a EventType,
    rooms: &'a RoomNames,
}

impl Reader<'_> {
    fn converse(&self, item: Item<'_>) -> Option<Action> {
        let section = item.section("`converse`")?;
        let room = section.need("type").and_then(Item::name);
        let about = section.item("subject");
        let subject = about.and_then(|item| self.subject(item));
        if about.is_none() && self.of.subject.is_none() {
            let message = "it is not said what the room is about";
            let help = "`subject = \"order/{data.orderId}\"` here, or `subject = \"order\"` in the event type";
            section.problems.advise(section.at, message, help);
        }
        let kind = section.item("kind").map(kind);
        let title = section.item("title").and_then(|item| self.text(item, 120));
        let people = section
            .need("people")
            .map(|item| self.roles(item))
            .unwrap_or_default();
        let say = section
            .item("say")
            .and_then(|item| self.text(item, LONGEST_TEXT));
        if let Some(flow) = section.item("flow") {
            let why = "begin the deal over REST, in the room that the rule has made";
            flow.advise("`flow` is not available in rules yet", why);
        }
        section.finish();
        let kind = kind.unwrap_or(Some("group"))?;
        if kind == "direct" && people.len() != 2 {
            item.complain("a direct conversation has exactly two people");
        }
        Some(Action::Converse {
            room: room?.to_owned(),
            subject,
            kind,
            title,
            people,
            say,
        })
    }

    fn people(&self, item: Item<'_>) -> Option<Action> {
        let section = item.section("`people`")?;
        let room = self.room(&section);
        let add = section.item("add").map(|item| self.roles(item));
        let roles = section.item("roles").map(|item| self.roles(item));
        let remove = section.item("remove").map(|item| {
            let items = item.one_or_many(MOST_PEOPLE).unwrap_or_default();
            let read = items.into_iter().filter_map(|item| whom(item, self.of));
            read.collect::<Vec<Whom>>()
        });
        section.finish();
        if add.is_none() && roles.is_none() && remove.is_none() {
            let help = "`add = { rider = \"data.rider\" }`, `remove`, or `roles`";
            item.advise("`people` changes nobody", help);
        }
        Some(Action::People {
            room,
            add: add.unwrap_or_default(),
            remove: remove.unwrap_or_default(),
            roles: roles.unwrap_or_default(),
        })
    }

    /// `say = "…"`, or `say = { text = "…", in = "order" }`.
    fn say(&self, item: Item<'_>) -> Option<Action> {
        if item.is_text() {
            self.needs_subject(item);
            let text = self.text(item, LONGEST_TEXT)?;
            return Some(Action::Say { room: None, text });
        }
        let section = item.section("`say`")?;
        let room = self.room(&section);
        let text = section
            .need("text")
            .and_then(|item| self.text(item, LONGEST_TEXT));
        section.finish();
        Some(Action::Say { room, text: text? })
    }

    fn press(&self, item: Item<'_>) -> Option<Action> {
        if item.is_text() {
            self.needs_subject(item);
            let action = item.name()?.to_owned();
            return Some(Action::Press { room: None, action });
        }
        let section = item.section("`press`")?;
        let room = self.room(&section);
        let action = section.need("action").and_then(Item::name);
        section.finish();
        Some(Action::Press {
            room,
            action: action?.to_owned(),
        })
    }

    /// `close = true`, or `close = { in = "order" }`.
    fn close(&self, item: Item<'_>) -> Option<Action> {
        if item.is_table() {
            let section = item.section("`close`")?;
            let room = self.room(&section);
            section.finish();
            return Some(Action::Close { room });
        }
        self.needs_subject(item);
        let closes = item.flag()?;
        closes.then_some(Action::Close { room: None })
    }

    fn emit(&self, item: Item<'_>) -> Option<Action> {
        let section = item.section("`emit`")?;
        let name = section.need("type").and_then(|item| {
            let name = item.text(64)?;
            if !is_type_name(name) {
                let help = "names with points between them, like `order.room_opened`";
                item.advise(format!("`{name}` is not a type of events"), help);
            }
            Some(name.to_owned())
        });
        let data = section.section("data", "the data of a webhook");
        let data = data.map(|data| {
            let field = |item: &Item<'_>| Some((item.key.to_owned(), self.text(*item, 500)?));
            data.all().iter().filter_map(field).collect()
        });
        section.finish();
        Some(Action::Emit {
            name: name?,
            data: data.unwrap_or_default(),
        })
    }

    fn audit(&self, item: Item<'_>) -> Option<Action> {
        let section = item.section("`audit`")?;
        let action = section.need("action").and_then(|item| item.text(64));
        let text = section
            .item("text")
            .and_then(|item| self.text(item, LONGEST_TEXT));
        section.finish();
        Some(Action::Audit {
            action: action?.to_owned(),
            text,
        })
    }

    fn connect(&self, item: Item<'_>, ends: bool) -> Option<Action> {
        let section = item.section("a connection")?;
        let from = section.item("from").map(|item| who(item, self.of));
        let to = section.need("to").and_then(|item| who(item, self.of));
        let kind = section.need("kind").and_then(Item::name);
        section.finish();
        Some(Action::Connect {
            from: from.unwrap_or(Some(Who::Actor))?,
            to: to?,
            kind: kind?.to_owned(),
            ends,
        })
    }

    fn of_user(&self, item: Item<'_>) -> Option<Action> {
        let section = item.section("a trait")?;
        let of = section.item("of").map(|item| who(item, self.of));
        let name = section.need("name").and_then(Item::name);
        let value = section.need("value").and_then(|item| self.text(item, 500));
        section.finish();
        Some(Action::Trait {
            of: of.unwrap_or(Some(Who::Actor))?,
            name: name?.to_owned(),
            value: value?,
        })
    }

    /// `{ customer = "actor", pharmacy = "data.pharmacy" }`: each role with who has it.
    fn roles(&self, item: Item<'_>) -> Vec<(String, Who)> {
        let Some(section) = item.section("people by role") else {
            return Vec::new();
        };
        if section.all().is_empty() || section.all().len() > MOST_PEOPLE {
            item.complain(format!("it names from 1 to {MOST_PEOPLE} people"));
        }
        let role = |item: &Item<'_>| Some((item.key_name()?.to_owned(), who(*item, self.of)?));
        section.all().iter().filter_map(role).collect()
    }

    /// The room that an effect takes place in; without one, all that are about the subject.
    fn room(&self, section: &Section<'_>) -> Option<String> {
        let item = section.item("in");
        let Some(item) = item else {
            self.lacks_subject(section.at, section);
            return None;
        };
        self.needs_subject(item);
        let name = item.name()?;
        if !self.rooms.contains(name) {
            let message = format!("no rule makes a room `{name}`");
            match nearest(name, self.rooms.iter().map(String::as_str)) {
                Some(near) => item.advise(message, format!("did you mean `{near}`?")),
                None => item.advise(
                    message,
                    format!("`converse = {{ type = \"{name}\", … }}` makes one"),
                ),
            }
        }
        Some(name.to_owned())
    }

    /// Rooms are found by the event's subject, so its type must say that there is one.
    pub(crate) fn needs_subject(&self, item: Item<'_>) {
        if self.of.subject.is_none() {
            item.advise(self.without_subject(), self.subject_help());
        }
    }

    fn lacks_subject(&self, at: usize, section: &Section<'_>) {
        if self.of.subject.is_none() {
            let (message, help) = (self.without_subject(), self.subject_help());
            section.problems.advise(at, message, help);
        }
    }

    fn without_subject(&self) -> String {
        format!(
            "events of type `{}` need not be about anything",
            self.of.name
        )
    }

    fn subject_help(&self) -> String {
        format!("`subject = \"order\"` in [events.\"{}\"]", self.of.name)
    }

    /// `job/{subject.id}`.
    fn subject(&self, item: Item<'_>) -> Option<Text> {
        let text = self.text(item, 200)?;
        let shape = item.text(200)?;
        let kind = shape.split_once('/').map_or("", |(kind, _)| kind);
        if Subject::parse(&format!("{kind}/x")).is_none() {
            item.advise(
                "this is not a subject",
                "a type and an id, like `order/{subject.id}`",
            );
        }
        Some(text)
    }

    pub(crate) fn text(&self, item: Item<'_>, most: usize) -> Option<Text> {
        let source = item.text(most)?;
        let roots = self.of.roots_of_texts();
        match Text::parse(source, KnownNames::of_roots(&roots)) {
            Ok(text) => Some(text),
            Err((_, message, help)) => {
                match help {
                    Some(help) => item.advise(message, help),
                    None => item.complain(message),
                }
                None
            }
        }
    }
}

fn kind(item: Item<'_>) -> Option<&'static str> {
    let found = item.text(20)?;
    let known = ["group", "direct", "support"].into_iter();
    let kind = known.into_iter().find(|kind| *kind == found);
    if kind.is_none() {
        let help = "one of group, direct, support";
        item.advise(format!("there is no kind `{found}`"), help);
    }
    kind
}
