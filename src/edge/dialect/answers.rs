//! Who is answered, and what a refused request is acknowledged with.

use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
use crate::edge::refusal_json::refusal_json;
use crate::presence::Directory;

/// Who is answered, and what an answer may need to know.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Who.
    pub no: UserNo,
    /// Who is online.
    pub directory: &'a Directory,
    /// The id under which the system speaks where it needs one.
    pub system: &'a str,
}

/// What a refused request is acknowledged with; the same object as everywhere.
pub fn refusal(refusal: &Refusal) -> String {
    refusal_json(refusal).to_string()
}
