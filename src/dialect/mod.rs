//! In which words each connection is told what happens and may ask for things: Stoa's own, and those of front ends that were written
//! for somebody else's back end. Pure: names and shapes are translated here, nothing is decided.

mod answers;
mod event;
pub mod lola;
mod native;
mod replay;
mod requests;
pub mod stoory;

pub use answers::{Reader, acknowledgement, refusal, watched};
pub use event::{Event, People, Scene};
pub use replay::{marks_told_again, said_with, told_again};
pub use requests::{Incoming, decode};

use bytestring::ByteString;

use crate::domain::form::Form;
use crate::domain::ids::UserNo;

/// The bytes of one event in one form.
#[derive(Clone, Debug)]
pub struct Variants {
    /// For everybody.
    pub for_all: ByteString,
    /// Other bytes for participants with these roles.
    pub for_roles: Vec<(String, ByteString)>,
    /// Other bytes for the sessions of its sender.
    pub for_sender: Option<(UserNo, ByteString)>,
}

impl Variants {
    fn same(for_all: ByteString) -> Self {
        Self {
            for_all,
            for_roles: Vec::new(),
            for_sender: None,
        }
    }

    fn by_role(roles: &[&str], bytes: impl Fn(Option<&str>) -> ByteString) -> Self {
        let of = |role: &&str| ((*role).to_owned(), bytes(Some(role)));
        Self {
            for_all: bytes(None),
            for_roles: roles.iter().map(of).collect(),
            for_sender: None,
        }
    }

    /// For a participant with this role, or for staff.
    pub fn of_role(&self, role: Option<&str>) -> &ByteString {
        let mut roles = self.for_roles.iter();
        let found = roles.find(|(meant, _)| Some(meant.as_str()) == role);
        found.map_or(&self.for_all, |(_, bytes)| bytes)
    }

    /// For a reader with this number and role.
    pub fn of_reader(&self, reader: UserNo, role: Option<&str>) -> &ByteString {
        match &self.for_sender {
            Some((sender, bytes)) if *sender == reader => bytes,
            Some(_) | None => self.of_role(role),
        }
    }
}

/// An event in a form; none where the form has no words for it. `roles` are those of the conversation.
pub fn variants(
    form: Form,
    event: &Event<'_>,
    scene: &Scene<'_>,
    roles: &[&str],
) -> Option<Variants> {
    match form {
        Form::Native => native::variants(event, scene, roles),
        Form::Stoory => stoory::events::variants(event, scene, roles),
        Form::Lola => lola::events::variants(event, scene, roles),
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
