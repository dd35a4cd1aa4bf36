//! Effects of one event, with all names and texts filled in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

use crate::event::Subject;

/// An effect that is to take place. It is stored with the run of its rule until the run has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Make the room about a subject, unless it is there.
    Converse {
        /// The room's name: a subject has one room of each name.
        room: String,
        /// What it is about.
        subject: Subject,
        /// `group`, `direct` or `support`.
        kind: String,
        /// Its title.
        title: Option<String>,
        /// Who takes part.
        people: Vec<Place>,
        /// What is said in it when it is made.
        say: Option<String>,
    },
    /// Change who takes part.
    People {
        /// Where.
        rooms: Rooms,
        /// Who is added.
        add: Vec<Place>,
        /// Who is removed.
        remove: Vec<Selected>,
        /// Whose roles change.
        roles: Vec<Place>,
    },
    /// Say something as the platform.
    Say {
        /// Where.
        rooms: Rooms,
        /// What.
        text: String,
    },
    /// Take an action of a deal, as the platform.
    Press {
        /// Where.
        rooms: Rooms,
        /// The action's name.
        action: String,
    },
    /// Close.
    Close {
        /// What.
        rooms: Rooms,
    },
    /// Post a webhook to the platform.
    Emit {
        /// Its type.
        name: String,
        /// Its data.
        data: Map<String, Value>,
    },
    /// Write a row of the audit log.
    Audit {
        /// What was done.
        action: String,
        /// In words.
        text: Option<String>,
    },
    /// Connect two users.
    Connect {
        /// One of them.
        from: String,
        /// The other.
        to: String,
        /// As what.
        kind: String,
    },
    /// End that two users are connected.
    Disconnect {
        /// One of them.
        from: String,
        /// The other.
        to: String,
        /// As what.
        kind: String,
    },
    /// Notify people.
    Notify {
        /// Whom.
        to: Vec<Selected>,
        /// The type of the notification.
        kind: String,
        /// What it is about.
        subject: Option<Subject>,
        /// What it says beside what its type says.
        words: Words,
        /// The type's data.
        data: Map<String, Value>,
    },
    /// Note something about a user.
    Trait {
        /// The user.
        user: String,
        /// The name.
        name: String,
        /// The value.
        value: String,
    },
}

/// Conversations that an effect takes place in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rooms {
    /// What they are about.
    pub subject: Subject,
    /// The room that a rule has made; all about the subject if absent.
    pub room: Option<String>,
}

/// A user with a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The role.
    pub role: String,
    /// The platform's id of the user.
    pub user: String,
}

/// What a notification says in place of what its type says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Its title.
    pub title: Option<String>,
    /// Its message.
    pub message: Option<String>,
    /// `low`, `normal`, `high` or `urgent`.
    pub priority: Option<String>,
    /// A newer notification takes the place of an unread older one with the same key.
    pub key: Option<String>,
}

/// Users whom an effect concerns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selected {
    /// The user with this id.
    User(String),
    /// The participants with this role.
    Role(String),
    /// All participants of the conversations about the event's subject.
    Participants,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} as {}", self.user, self.role)
    }
}

impl fmt::Display for Selected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => formatter.write_str(user),
            Self::Role(role) => write!(formatter, "every {role}"),
            Self::Participants => formatter.write_str("all participants"),
        }
    }
}

impl fmt::Display for Rooms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.room {
            Some(room) => write!(formatter, "in {room} of {}", self.subject),
            None => write!(formatter, "in what is about {}", self.subject),
        }
    }
}

fn listed<T: fmt::Display>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    items.join(", ")
}

fn said(formatter: &mut fmt::Formatter<'_>, title: Option<&str>, say: Option<&str>) -> fmt::Result {
    if let Some(title) = title {
        write!(formatter, ", \"{title}\"")?;
    }
    match say {
        Some(say) => write!(formatter, "; says \"{say}\""),
        None => Ok(()),
    }
}

fn notified(
    formatter: &mut fmt::Formatter<'_>,
    (to, kind): (&str, &str),
    words: &Words,
    data: &Map<String, Value>,
) -> fmt::Result {
    write!(
        formatter,
        "notify: {to} of {kind} {}",
        Value::Object(data.clone())
    )?;
    match &words.title {
        Some(title) => write!(formatter, ", \"{title}\""),
        None => Ok(()),
    }
}

/// The line of a transcript.
impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converse {
                room,
                subject,
                title,
                people,
                say,
                ..
            } => {
                let people = listed(people);
                write!(formatter, "converse: {room} of {subject} with {people}")?;
                said(formatter, title.as_deref(), say.as_deref())
            }
            Self::People {
                rooms,
                add,
                remove,
                roles,
            } => {
                write!(formatter, "people {rooms}:")?;
                let parts = [
                    (!add.is_empty()).then(|| format!("add {}", listed(add))),
                    (!remove.is_empty()).then(|| format!("remove {}", listed(remove))),
                    (!roles.is_empty()).then(|| format!("make {}", listed(roles))),
                ];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                write!(formatter, " {}", parts.join("; "))
            }
            Self::Say { rooms, text } => write!(formatter, "say {rooms}: \"{text}\""),
            Self::Press { rooms, action } => write!(formatter, "press {rooms}: {action}"),
            Self::Close { rooms } => write!(formatter, "close {rooms}"),
            Self::Emit { name, data } => {
                write!(formatter, "emit: {name} {}", Value::Object(data.clone()))
            }
            Self::Audit { action, text } => match text {
                Some(text) => write!(formatter, "audit: {action}, \"{text}\""),
                None => write!(formatter, "audit: {action}"),
            },
            Self::Connect { from, to, kind } => {
                write!(formatter, "connect: {from} and {to} by {kind}")
            }
            Self::Disconnect { from, to, kind } => {
                write!(formatter, "disconnect: {from} and {to} by {kind}")
            }
            Self::Notify {
                to,
                kind,
                words,
                data,
                ..
            } => notified(formatter, (&listed(to), kind), words, data),
            Self::Trait { user, name, value } => {
                write!(formatter, "trait: {name} of {user} is \"{value}\"")
            }
        }
    }
}
