//! The reader of an acknowledgement, and the JSON of a refusal.

use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
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
}

/// The acknowledgement of a refused request; the same object in every dialect.
pub fn refusal(refusal: &Refusal) -> String {
    refusal_json(refusal).to_string()
}
