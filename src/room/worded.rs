//! An event on its way out: put into words as they are needed, once for each form, whoever is told.

use crate::dialect::{self, Event, Scene, Variants};
use crate::domain::form::{Form, Forms};
use crate::domain::message::Audience;
use crate::metrics::Metrics;
use crate::outbox::{Outbox, Push};

/// An event in every form; none where it has no words for it.
pub(crate) type InForms = [Option<Variants>; Form::ALL.len()];

/// What is known of the words in one form.
#[derive(Clone, Debug, Default)]
enum Words {
    /// Nobody needed them yet.
    #[default]
    Unsaid,
    /// They were made; or the form has none.
    Made(Option<Variants>),
}

/// An event, and its words as far as they were needed.
pub(crate) struct Worded<'a> {
    event: &'a Event<'a>,
    scene: Scene<'a>,
    metrics: &'a Metrics,
    words: [Words; Form::ALL.len()],
}

impl<'a> Worded<'a> {
    /// An event that nobody has been told yet.
    pub(crate) fn new(event: &'a Event<'a>, scene: Scene<'a>, metrics: &'a Metrics) -> Self {
        Self {
            event,
            scene,
            metrics,
            words: Default::default(),
        }
    }

    /// Whom alone the event is for.
    pub(crate) fn audience(&self) -> Option<&Audience> {
        match self.event {
            Event::Message { message, .. } => message.draft.audience.as_ref(),
            Event::Step { .. }
            | Event::Act { .. }
            | Event::Changed { .. }
            | Event::Created
            | Event::Lost { .. }
            | Event::Marked { .. }
            | Event::Typing { .. }
            | Event::Presence { .. }
            | Event::Notice { .. } => None,
        }
    }

    /// Tells one connection of somebody with this role.
    pub(crate) fn push(&mut self, outbox: &Outbox, role: Option<&str>) -> Push {
        match self.in_form(outbox.form()) {
            Some(variants) => outbox.text(variants.of_role(role).clone()),
            None => Push::Queued,
        }
    }

    /// The words in each of these forms, and in no other.
    pub(crate) fn into_forms(mut self, forms: Forms) -> InForms {
        Form::ALL.map(|form| {
            let wanted = forms.contains(form).then(|| self.in_form(form));
            wanted.flatten().cloned()
        })
    }

    fn in_form(&mut self, form: Form) -> Option<&Variants> {
        let words = self.words.get_mut(form as usize)?;
        if let Words::Unsaid = words {
            let roles = roles_told(form, self.event, &self.scene);
            let made = dialect::variants(form, self.event, &self.scene, &roles);
            self.metrics.encoded(form).inc_by(u64::from(made.is_some()));
            *words = Words::Made(made);
        }
        match words {
            Words::Made(variants) => variants.as_ref(),
            Words::Unsaid => None,
        }
    }
}

/// The roles of the conversation, where they may be told different things.
fn roles_told<'a>(form: Form, event: &Event<'_>, scene: &Scene<'a>) -> Vec<&'a str> {
    let is_same_for_all = match event {
        Event::Step { .. } | Event::Act { .. } => false,
        Event::Message { .. }
        | Event::Changed { .. }
        | Event::Created
        | Event::Lost { .. }
        | Event::Marked { .. }
        | Event::Typing { .. }
        | Event::Presence { .. }
        | Event::Notice { .. } => form == Form::Native || scene.conversation.flow.is_none(),
    };
    if is_same_for_all {
        return Vec::new();
    }
    let people = scene.people.in_order().into_iter();
    let mut roles: Vec<&str> = people.map(|person| person.role.as_str()).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}
