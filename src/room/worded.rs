//! An event on its way out: put into words as they are needed, once for each form, whoever is told and however many. Where a deal
//! shows its sides different things, each side that hears it has its own.

use bytestring::ByteString;

use crate::domain::form::Form;
use crate::domain::ids::UserNo;
use crate::domain::message::Audience;
use crate::edge::dialect::{self, Event, Meant, Scene, Words};
use crate::queue::{Outbox, Push};
use crate::telemetry::metrics::Metrics;

/// An event in every form, as far as somebody hears it.
pub(crate) type InForms = [Spoken; Form::ALL.len()];

/// Other bytes for the sessions of whoever said or did it.
type Own = Option<(UserNo, ByteString)>;

/// An event in one form.
#[derive(Clone, Debug, Default)]
pub(crate) enum Spoken {
    /// Nobody needed it yet.
    #[default]
    Unsaid,
    /// The form has no words for it.
    Silent,
    /// The same for everybody.
    ToAll(ByteString, Own),
    /// Something else for each role; none is staff.
    BySide(Vec<(Option<String>, ByteString)>, Own),
}

impl Spoken {
    pub(crate) fn has_words(&self) -> bool {
        matches!(self, Self::ToAll(..) | Self::BySide(..))
    }

    /// The bytes for a reader with this number and role.
    pub(crate) fn to(&self, reader: UserNo, role: Option<&str>) -> Option<&ByteString> {
        match self {
            Self::ToAll(_, Some((own, bytes))) | Self::BySide(_, Some((own, bytes)))
                if *own == reader =>
            {
                Some(bytes)
            }
            _ => self.to_side(role),
        }
    }

    fn to_side(&self, role: Option<&str>) -> Option<&ByteString> {
        match self {
            Self::Unsaid | Self::Silent => None,
            Self::ToAll(bytes, _) => Some(bytes),
            Self::BySide(sides, _) => {
                let mut sides = sides.iter();
                let found = sides.find(|(side, _)| side.as_deref() == role);
                found.map(|(_, bytes)| bytes)
            }
        }
    }

    fn add(&mut self, role: Option<&str>, words: Option<Words>) {
        let Some(Words { bytes, meant, own }) = words else {
            return *self = Self::Silent;
        };
        match (meant, &mut *self) {
            (Meant::Everybody, _) => *self = Self::ToAll(bytes, own),
            (Meant::Side, Self::BySide(sides, owned)) => {
                sides.push((role.map(str::to_owned), bytes));
                *owned = owned.take().or(own);
            }
            (Meant::Side, Self::Unsaid | Self::Silent | Self::ToAll(..)) => {
                *self = Self::BySide(vec![(role.map(str::to_owned), bytes)], own);
            }
        }
    }
}

#[cfg(test)]
impl Spoken {
    pub(crate) fn to_all(text: &str) -> Self {
        Self::ToAll(text.into(), None)
    }

    pub(crate) fn to_all_but(text: &str, (own, its_text): (UserNo, &str)) -> Self {
        Self::ToAll(text.into(), Some((own, its_text.into())))
    }
}

/// An event, and its words as far as they were needed.
pub(crate) struct Worded<'a> {
    event: &'a Event<'a>,
    scene: Scene<'a>,
    metrics: &'a Metrics,
    spoken: InForms,
}

impl<'a> Worded<'a> {
    /// An event that nobody has been told yet.
    pub(crate) fn new(event: &'a Event<'a>, scene: Scene<'a>, metrics: &'a Metrics) -> Self {
        Self {
            event,
            scene,
            metrics,
            spoken: InForms::default(),
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
            | Event::Notice { .. }
            | Event::UnreadChanged { .. } => None,
        }
    }

    /// Tells one connection of somebody with this role.
    pub(crate) fn push(&mut self, outbox: &Outbox, role: Option<&str>) -> Push {
        let spoken = self.say(outbox.state().form(), role);
        match spoken.and_then(|spoken| spoken.to_side(role)) {
            Some(bytes) => outbox.text(bytes.clone()),
            None => Push::Queued,
        }
    }

    /// Puts it into the words of a form, for somebody with this role, unless that has been done.
    pub(crate) fn say(&mut self, form: Form, role: Option<&str>) -> Option<&Spoken> {
        let spoken = self.spoken.get_mut(form as usize)?;
        let is_said = matches!(spoken, Spoken::Silent) || spoken.to_side(role).is_some();
        if !is_said {
            let words = dialect::words(form, self.event, &self.scene, role);
            let written = words.as_ref().map_or(0, Words::written);
            self.metrics.encoded(form).inc_by(written);
            spoken.add(role, words);
        }
        Some(spoken)
    }

    /// What it has been put into.
    pub(crate) fn into_forms(self) -> InForms {
        self.spoken
    }
}
