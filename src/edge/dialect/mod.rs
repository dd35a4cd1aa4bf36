//! In which words each connection is told what happens and may ask for things: Stoa's own, and those of front ends that were written
//! for somebody else's back end. Pure: names and shapes are translated here, nothing is decided.

mod answers;
mod event;
mod replay;
pub(in crate::edge) mod requests;

pub use answers::{Reader, acknowledgement, refusal, watched};
pub use event::{Event, People, Scene};
pub use replay::{marks_told_again, said_with, told_again};
pub use requests::{Incoming, decode};

use bytestring::ByteString;

use crate::domain::form::Form;
use crate::domain::ids::UserNo;
use crate::edge::{lola, native, stoory};

/// An event in one form, as those of one side are told.
#[derive(Clone, Debug)]
pub struct Words {
    /// The bytes.
    pub bytes: ByteString,
    /// Who else is told just this.
    pub meant: Meant,
    /// Other bytes for the sessions of whoever said or did it.
    pub own: Option<(UserNo, ByteString)>,
}

/// Whom the same bytes are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// Everybody who is told.
    Everybody,
    /// Those with the same role.
    Side,
}

impl Words {
    pub(in crate::edge) fn for_everybody(bytes: ByteString) -> Self {
        Self {
            bytes,
            meant: Meant::Everybody,
            own: None,
        }
    }

    pub(in crate::edge) fn for_side(bytes: ByteString) -> Self {
        Self {
            meant: Meant::Side,
            ..Self::for_everybody(bytes)
        }
    }

    /// How often the event was written for it: what everybody but its sender is told is not written again for the sender.
    pub fn written(&self) -> u64 {
        match (self.meant, &self.own) {
            (Meant::Side, Some(_)) => 2,
            (Meant::Everybody, _) | (Meant::Side, None) => 1,
        }
    }
}

/// An event in a form, for participants with this role, or for staff; none where the form has no words for it.
pub fn words(
    form: Form,
    event: &Event<'_>,
    scene: &Scene<'_>,
    role: Option<&str>,
) -> Option<Words> {
    match form {
        Form::Native => native::events::words(event, scene, role),
        Form::Stoory => stoory::events::words(event, scene, role),
        Form::Lola => lola::events::words(event, scene, role),
    }
}

/// The namespace in which a form is spoken over Socket.IO.
pub fn namespace(form: Form) -> &'static str {
    match form {
        Form::Native | Form::Stoory => stoory::NAMESPACE,
        Form::Lola => lola::NAMESPACE,
    }
}

/// The form that is spoken in a namespace.
pub fn form_of(namespace: &str) -> Option<Form> {
    let spoken = [Form::Stoory, Form::Lola];
    spoken
        .into_iter()
        .find(|form| self::namespace(*form) == namespace)
}

#[cfg(test)]
#[path = "forms_tests.rs"]
mod tests;
