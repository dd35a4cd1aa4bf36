//! Plays a script: each event is checked and decided, and its effects are carried out in a small world.

use chrono::{DateTime, SecondsFormat, Utc};
use std::collections::BTreeMap;

use super::Played;
use super::script::{Script, Sent, Step, What};
use super::world::World;
use crate::book::RuleBook;
use crate::deciding::{Decision, Facts, decide};
use crate::effect::Effect;
use crate::event::Subject;

/// Plays a script.
pub fn play(book: &RuleBook, script: &Script) -> Played {
    let mut player = Player {
        book,
        people: &script.people,
        now: script.begins,
        count: 0,
        planned: 0,
        world: World::default(),
        late: BTreeMap::new(),
        played: Played::default(),
    };
    for step in &script.steps {
        player.step(step);
    }
    let rooms: Vec<String> = player.world.lines().collect();
    player.played.transcript.extend(rooms);
    player.played
}

/// A rule that runs later.
type Late = (String, Vec<Effect>);

struct Player<'a> {
    book: &'a RuleBook,
    people: &'a BTreeMap<String, String>,
    now: DateTime<Utc>,
    count: usize,
    /// The rules that were planned for later so far.
    planned: usize,
    world: World,
    /// By when they are due, and the order in which they were planned.
    late: BTreeMap<(DateTime<Utc>, usize), Late>,
    played: Played,
}

impl Player<'_> {
    fn step(&mut self, step: &Step) {
        let before = self.played.transcript.len();
        match &step.what {
            What::Event(sent) => self.event(sent),
            What::Advance(span, text) => {
                self.tell(format!("{text} later"));
                let until = self.now + *span;
                self.run_late(until);
                self.now = until;
            }
        }
        let lines: Vec<String> = self
            .played
            .transcript
            .iter()
            .skip(before)
            .cloned()
            .chain(self.world.lines())
            .collect();
        let mut rest = lines.as_slice();
        for expected in &step.expect {
            let found = rest.iter().position(|line| line.contains(expected));
            match found {
                Some(place) => rest = rest.get(place..).unwrap_or_default(),
                None => {
                    let what = format!("nothing, or nothing in this order, says `{expected}`");
                    self.played.differences.push((step.line, what));
                }
            }
        }
    }

    fn tell(&mut self, line: String) {
        let at = self.now.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.played.transcript.push(format!("{at}  {line}"));
    }

    fn note(&mut self, line: String) {
        self.played.transcript.push(format!("    {line}"));
    }

    fn event(&mut self, sent: &Sent) {
        self.count += 1;
        let by = sent.actor.as_ref().map(|actor| format!(" by {actor}"));
        let about = sent.subject.as_ref().map(|about| format!(" about {about}"));
        let (about, by) = (about.unwrap_or_default(), by.unwrap_or_default());
        self.tell(format!("{}{about}{by}", sent.event_type));
        if let Err(why) = self.decided(sent) {
            self.note(format!("refused: {why}"));
        }
    }

    /// Decides on an event and carries out what follows at once; the error says why it is refused.
    fn decided(&mut self, sent: &Sent) -> Result<(), String> {
        let book = self.book;
        let name = sent.event_type.as_str();
        let of = book
            .event_type(name)
            .ok_or_else(|| format!("there is no event type `{name}`"))?;
        let subject = sent.subject.as_deref().map(|text| {
            Subject::parse(text).ok_or_else(|| format!("`{text}` is not a subject: type/id"))
        });
        let subject = subject.transpose()?;
        of.must_be_about(subject.as_ref())?;
        let checked = of
            .check(&sent.data)
            .map_err(|wrong| format!("{} {}", wrong.field, wrong.reason))?;
        for dropped in &checked.unknown {
            self.note(format!("not stored: {dropped}"));
        }
        let id = format!("event-{}", self.count);
        let facts = Facts {
            of,
            source: "simulation",
            id: &id,
            actor: sent.actor.as_deref(),
            subject: subject.as_ref(),
            data: &checked.data,
            names: self.people,
            now: self.now,
        };
        for (name, rule) in book.rules_for(&of.name) {
            match decide(rule, &book.engine, &facts) {
                Decision::Runs(effects) => match rule.after {
                    Some(after) => {
                        self.note(format!("{name} runs later"));
                        self.planned += 1;
                        let key = (self.now + after, self.planned);
                        self.late.insert(key, (name.to_owned(), effects));
                    }
                    None => self.run(name, &effects),
                },
                Decision::Skipped { condition, values } => {
                    let values = serde_json::Value::Object(values);
                    self.note(format!("{name} is skipped: {condition}, with {values}"));
                }
                Decision::Lacks(what) => self.note(format!("{name} fails: it lacks {what}")),
            }
        }
        Ok(())
    }

    fn run(&mut self, name: &str, effects: &[Effect]) {
        self.played.ran.insert(name.to_owned());
        self.note(format!("{name} runs"));
        for effect in effects {
            let outcome = self.world.carry_out(effect);
            let outcome = outcome.map(|outcome| format!(" ({outcome})"));
            self.note(format!("  {effect}{}", outcome.unwrap_or_default()));
        }
    }

    fn run_late(&mut self, until: DateTime<Utc>) {
        while let Some((&(due, no), _)) = self.late.first_key_value()
            && due <= until
        {
            if let Some((name, effects)) = self.late.remove(&(due, no)) {
                self.now = due;
                self.run(&name, &effects);
            }
        }
    }
}
