//! What one client knows of one conversation, from its events alone.

use serde_json::Value;
use std::collections::HashMap;

use super::law::Break;

/// Whether a client has joined a conversation, as far as it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinState {
    /// It has not joined, or has left: it hears no message.
    Out,
    /// It has joined: it hears everything.
    Joined,
    /// It has asked for something and not heard the answer, or was sent away: it may hear messages.
    Unsure,
}

/// An event about a conversation, in neither dialect's words.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message was said, edited or deleted: the seq that it was born with, and its text.
    Message(&'static str, i64, String),
    Step(String),
    Act(String),
    Changed(String),
    /// The client may read there no more.
    Lost,
    /// Somebody has read up to this.
    Read(String, i64),
}

/// What is known of one conversation.
pub struct Knowledge {
    pub id: String,
    pub no: i64,
    pub join_state: JoinState,
    pub heard: Vec<String>,
    pub breaks: Vec<Break>,
    /// The newest text of each message, by the seq that it was born with.
    pub texts: HashMap<i64, String>,
    /// How far everybody has read, as was told last.
    pub read: HashMap<String, i64>,
    /// How far everybody had read at the last join.
    pub read_at_join: HashMap<String, i64>,
    /// A step of which only the first event had come when the connection broke: it is told again.
    incomplete: Option<String>,
    /// It was told that it may read there no more, and has not asked to join since.
    is_lost: bool,
    /// It has asked to join and not heard the answer.
    is_joining: bool,
    /// The newest conversation that came with an event.
    pub conversation: Value,
}

impl Knowledge {
    pub fn new(id: String, no: i64) -> Self {
        Self {
            id,
            no,
            join_state: JoinState::Out,
            heard: Vec::new(),
            breaks: vec![Break::behind(0)],
            texts: HashMap::new(),
            read: HashMap::new(),
            read_at_join: HashMap::new(),
            incomplete: None,
            is_lost: false,
            is_joining: false,
            conversation: Value::Null,
        }
    }

    /// From now on the client may miss events. It need not hear the second event of a step of which it has heard the first.
    pub fn disturb(&mut self, join_state: JoinState) {
        self.incomplete = None;
        self.breaks.push(Break::behind(self.heard.len()));
        self.join_state = join_state;
    }

    /// It is about to join; everything up to `newest` has happened.
    pub fn ask_to_join(&mut self, newest: i64) {
        if self.join_state == JoinState::Out {
            if let Some(last) = self.breaks.last_mut() {
                last.floor = newest;
            }
            self.join_state = JoinState::Unsure;
        }
        self.is_lost = false;
        self.is_joining = true;
    }

    /// The answer to its last request to join was heard.
    pub fn answered(&mut self) {
        self.is_joining = false;
    }

    /// It has joined; everything up to `newest` may be in the answer.
    pub fn joined(&mut self, newest: i64, read: HashMap<String, i64>) {
        if self.join_state == JoinState::Unsure {
            let open = self.breaks.iter_mut().filter(|one| one.ceiling == i64::MAX);
            open.for_each(|one| one.ceiling = newest);
            self.read_at_join = read;
            self.join_state = JoinState::Joined;
        }
    }

    /// The connection broke. `is_paired`: a step is told by two events, and the second one counts.
    pub fn broke(&mut self, is_paired: bool) {
        // Only a connection that goes on has taken the conversation off its list.
        if self.is_lost {
            self.disturb(JoinState::Unsure);
        }
        let is_incomplete = is_paired
            && self
                .heard
                .last()
                .is_some_and(|told| told.starts_with("step "));
        if is_incomplete {
            self.incomplete = self.heard.pop();
            let end = self.heard.len();
            self.breaks
                .iter_mut()
                .for_each(|one| one.at = one.at.min(end));
        }
    }

    /// Takes an event in.
    pub fn hear(&mut self, told: Event, whole: &Value) {
        match told {
            Event::Message(what, seq, text) => {
                assert_ne!(
                    self.join_state,
                    JoinState::Out,
                    "not joined, and told {whole}"
                );
                self.note(format!("{what} {seq}"));
                self.texts.insert(seq, text);
            }
            Event::Lost => {
                assert_ne!(
                    self.join_state,
                    JoinState::Joined,
                    "sent away by nobody: {whole}"
                );
                // It may have been sent away before it was let in again.
                self.disturb(match self.is_joining {
                    true => JoinState::Unsure,
                    false => JoinState::Out,
                });
                self.is_lost = true;
            }
            Event::Read(who, seq) => drop(self.read.insert(who, seq)),
            // Of these those hear too who have not joined.
            Event::Step(told) | Event::Act(told) | Event::Changed(told) => {
                if self.join_state == JoinState::Joined {
                    self.note(told);
                }
            }
        }
        for name in ["conversation_context", "conversation"] {
            if whole[1][name].is_object() {
                self.conversation = whole[1][name].clone();
            }
        }
    }

    fn note(&mut self, told: String) {
        let half = self.incomplete.take();
        self.heard
            .extend(half.filter(|_| !told.starts_with("step ")));
        self.heard.push(told);
    }

    /// Whether it has heard that this message was said.
    pub fn has_heard(&self, seq: i64) -> bool {
        self.texts.contains_key(&seq)
    }
}
