//! Telling those who are online and have not joined: each in the form of their connection, encoded once for each form.

use crate::dialect::{self, Event, Scene, Variants};
use crate::domain::form::Form;
use crate::outbox::{Outbox, Push};

/// An event that is put into words as they are needed.
pub(crate) struct Worded<'a> {
    event: &'a Event<'a>,
    scene: Scene<'a>,
    roles: Vec<&'a str>,
    made: Vec<(Form, Option<Variants>)>,
}

impl<'a> Worded<'a> {
    /// An event that nobody has been told yet.
    pub(crate) fn new(event: &'a Event<'a>, scene: Scene<'a>, roles: Vec<&'a str>) -> Self {
        Self {
            event,
            scene,
            roles,
            made: Vec::new(),
        }
    }

    /// Tells one connection of somebody with this role.
    pub(crate) fn push(&mut self, outbox: &Outbox, role: Option<&str>) -> Push {
        match self.in_form(outbox.form()) {
            Some(variants) => outbox.text(variants.of_role(role).clone()),
            None => Push::Queued,
        }
    }

    fn in_form(&mut self, form: Form) -> Option<&Variants> {
        let made = self.made.iter().position(|(made, _)| *made == form);
        let place = made.unwrap_or_else(|| {
            let variants = dialect::variants(form, self.event, &self.scene, &self.roles);
            self.made.push((form, variants));
            self.made.len() - 1
        });
        self.made.get(place)?.1.as_ref()
    }
}
