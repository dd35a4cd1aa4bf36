//! Reading the frames of the hot path without parsing JSON. Bodies that a driver sends need no escaping, so they end at the next quote.

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;

/// A frame, as far as a driver of load wants to know.
pub enum Frame<'a> {
    /// A message reached this connection.
    Message(Message<'a>),
    /// A send was stored.
    Stored { request: u64, message: Stored<'a> },
    /// A request was refused; the whole frame.
    Refused { request: u64, text: &'a str },
    /// Anything else.
    Other,
}

/// What `new_message` and every listed message say.
pub struct Message<'a> {
    pub id: &'a str,
    pub seq: u64,
    pub body: &'a str,
}

/// What the acknowledgement of a send says.
pub struct Stored<'a> {
    pub id: &'a str,
    pub seq: u64,
    pub client_id: &'a str,
}

static ID: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"id\":\""));
static SEQ: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"seq\":"));
static BODY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"body\":\""));
static CLIENT_ID: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"client_id\":\""));

/// Reads a text frame of the server.
pub fn read(text: &str) -> Frame<'_> {
    let frame = if text.starts_with("{\"event\":\"new_message\"") {
        message(text)
    } else {
        acknowledgement(text)
    };
    frame.unwrap_or(Frame::Other)
}

fn message(text: &str) -> Option<Frame<'_>> {
    let (id, seq) = (quoted(text, &ID)?, number(after(text, &SEQ)?)?);
    Some(Frame::Message(Message {
        id,
        seq,
        body: quoted(text, &BODY)?,
    }))
}

fn acknowledgement(text: &str) -> Option<Frame<'_>> {
    let rest = text.strip_prefix("{\"ack\":")?;
    let request = number(rest)?;
    if rest
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with(",\"error\"")
    {
        return Some(Frame::Refused { request, text });
    }
    let (id, seq) = (quoted(rest, &ID)?, number(after(rest, &SEQ)?)?);
    Some(Frame::Stored {
        request,
        message: Stored {
            id,
            seq,
            client_id: quoted(rest, &CLIENT_ID)?,
        },
    })
}

fn after<'a>(text: &'a str, key: &Finder<'_>) -> Option<&'a str> {
    text.get(key.find(text.as_bytes())? + key.needle().len()..)
}

fn quoted<'a>(text: &'a str, key: &Finder<'_>) -> Option<&'a str> {
    let value = after(text, key)?;
    value.get(..memchr(b'"', value.as_bytes())?)
}

/// The number that a text begins with.
pub fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits)?.parse().ok()
}

/// Stands for a body wherever it is compared. The same in every process of one build, and never 0.
pub fn fingerprint(body: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(body.as_bytes());
    hasher.finish() | 1
}
