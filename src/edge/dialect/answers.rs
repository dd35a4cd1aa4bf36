//! What a request over Socket.IO is acknowledged with, in whatever words.

use serde_json::json;

use super::Scene;
use crate::domain::answer::Answer;
use crate::domain::form::Form;
use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Listed;
use crate::edge::{lola, stoory};
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

/// The acknowledgement of an answer, as JSON. `scene` is there where a room answers with something of its own.
pub fn acknowledgement(
    form: Form,
    answer: &Answer,
    scene: Option<&Scene<'_>>,
    reader: Reader<'_>,
) -> String {
    match form {
        Form::Native | Form::Stoory => stoory::answers::acknowledgement(answer, scene, reader),
        Form::Lola => lola::answers::acknowledgement(answer, scene, reader),
    }
}

/// The conversations about a subject that is watched from now on.
pub fn watched(form: Form, listed: &[Listed], reader: Reader<'_>) -> String {
    match form {
        Form::Native | Form::Stoory => stoory::answers::watched(listed, reader),
        Form::Lola => json!({ "success": true }).to_string(),
    }
}

/// What a refused request is acknowledged with; the same object as everywhere.
pub fn refusal(refusal: &Refusal) -> String {
    refusal.to_json().to_string()
}
