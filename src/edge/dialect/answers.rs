//! The reader of an acknowledgement, and the JSON of a refusal.

use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
use crate::edge::links::Links;
use crate::edge::refusal_json::refusal_json;
use crate::presence::Directory;

/// The user who gets an answer, and what the answer may need.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The user's number.
    pub no: UserNo,
    /// Who is online.
    pub directory: &'a Directory,
    /// The id that stands for the system in dialects that need one.
    pub system: &'a str,
    /// Makes links to files.
    pub links: &'a Links,
}

/// What the JSON of a message needs beside the message.
#[derive(Clone, Copy)]
pub struct MessageContext<'a> {
    /// The id that stands for the system in dialects that need one.
    pub system: &'a str,
    /// Makes links to files.
    pub links: &'a Links,
}

impl<'a> Reader<'a> {
    /// What the JSON of a message needs.
    pub fn messages(self) -> MessageContext<'a> {
        MessageContext {
            system: self.system,
            links: self.links,
        }
    }
}

/// The acknowledgement of a refused request; the same object in every dialect.
pub fn refusal(refusal: &Refusal) -> String {
    refusal_json(refusal).to_string()
}
