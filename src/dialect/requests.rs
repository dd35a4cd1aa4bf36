//! What a client of Socket.IO asks for, in whatever words.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{lola, stoory};
use crate::domain::form::Form;
use crate::domain::refusal::Refusal;
use crate::wire::decode::Request;
use crate::wire::read::read;

/// An event of a client.
#[derive(Debug)]
pub struct Incoming {
    /// What it asks for; nothing where it only says who it is.
    pub request: Option<Request>,
    /// Who acts, as the payload says: each must be the caller.
    pub acting: [Option<String>; 2],
}

impl Incoming {
    pub(super) fn of(request: Request) -> Self {
        Self {
            request: Some(request),
            acting: [None, None],
        }
    }

    pub(super) fn by(self, acting: Option<String>) -> Self {
        Self {
            acting: [acting, None],
            ..self
        }
    }
}

/// Reads an event. `hosts` are those on which files may be.
pub fn decode(
    form: Form,
    name: &str,
    arguments: &[&RawValue],
    hosts: &[String],
) -> Result<Incoming, Refusal> {
    match form {
        Form::Native | Form::Stoory => stoory::requests::decode(name, arguments, hosts),
        Form::Lola => lola::requests::decode(name, arguments),
    }
}

/// The first argument, read.
pub(super) fn first<'a, T: Deserialize<'a>>(
    arguments: &[&'a RawValue],
    name: &'static str,
) -> Result<T, Refusal> {
    let argument = arguments.first().filter(|first| first.get() != "null");
    let argument = argument.ok_or_else(|| Refusal::invalid(name, "is missing"))?;
    read(argument.get())
}

pub(super) fn unknown(name: &str) -> Refusal {
    Refusal::invalid("event", format!("{name:.40} is not known"))
}
