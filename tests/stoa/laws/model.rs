//! A client as docs/protocol.md describes one: a join's answer, then events, each taken in once and by its seq.

use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

use super::threads;

/// Which roles alone may see which messages, by message id: what the tests know and the wire does not say.
pub type Whispers = HashMap<String, String>;

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// It has joined: every event is for it.
    Joined,
    /// It has not joined, and may.
    Away,
    /// It was told that it may not read any more.
    Lost,
}

/// What a client knows of one conversation.
#[derive(Debug)]
pub struct Model {
    /// Whose client.
    pub me: String,
    /// Messages by id, each with the seq of the newest change that is in it.
    pub messages: HashMap<String, (i64, Value)>,
    /// Participants by user id.
    pub people: BTreeMap<String, Value>,
    /// What it is called.
    pub title: Value,
    /// Whether it goes on.
    pub status: Value,
    /// The highest seq that was seen.
    pub last_seq: i64,
    /// Where the session stands.
    pub subscription: Subscription,
    /// The own role is another: other messages may be visible, so the client starts anew.
    pub starts_anew: bool,
    /// A room was lost, and with it what it had not told those who listen to nothing.
    pub room_was_lost: bool,
}

/// A participant without what is not durable.
fn durable(mut person: Value) -> (String, Value) {
    let id = person["user_id"].as_str().expect("a user id").to_owned();
    person
        .as_object_mut()
        .expect("a participant")
        .remove("status");
    (id, person)
}

/// People of a conversation by their ids, without their presence.
pub fn people_of(list: &Value) -> BTreeMap<String, Value> {
    let list = list.as_array().expect("participants").clone();
    list.into_iter().map(durable).collect()
}

/// Puts a reaction or a pin on a message, or takes it off.
fn annotate(message: &mut Value, name: &str, data: &Value, me: &str) {
    let fields = message.as_object_mut().expect("a message");
    if name == "pin_changed" {
        let pin = json!({ "user_id": data["user_id"], "at": data["at"], "expires_at": data["expires_at"] });
        match data["pinned"] == true {
            true => fields.insert("pinned".to_owned(), pin),
            false => fields.remove("pinned"),
        };
        return;
    }
    let mut reactions = match fields.remove("reactions") {
        Some(Value::Array(reactions)) => reactions,
        _ => Vec::new(),
    };
    let before = reactions.iter().position(|it| it["emoji"] == data["emoji"]);
    let before = before.map(|place| reactions.remove(place));
    let was_mine = before.is_some_and(|it| it["mine"] == true);
    let mine = match data["user_id"] == me {
        true => data["added"] == true,
        false => was_mine,
    };
    if data["count"] != 0 {
        reactions.push(
            json!({ "emoji": data["emoji"], "count": data["count"], "users": data["users"], "mine": mine }),
        );
    }
    if !reactions.is_empty() {
        fields.insert("reactions".to_owned(), reactions.into());
    }
}

/// A message with its reactions in the order of their emoji: their own order is not promised.
fn settled(mut message: Value) -> Value {
    if let Some(reactions) = message["reactions"].as_array_mut() {
        reactions.sort_by_key(|it| it["emoji"].as_str().map(str::to_owned));
    }
    if message["reactions"].is_null() {
        message
            .as_object_mut()
            .expect("a message")
            .remove("reactions");
    }
    threads::settled(&mut message);
    message
}

impl Model {
    /// A client that knows nothing yet.
    pub fn new(me: &str) -> Self {
        Self {
            me: me.to_owned(),
            messages: HashMap::new(),
            people: BTreeMap::new(),
            title: Value::Null,
            status: Value::Null,
            last_seq: 0,
            subscription: Subscription::Away,
            starts_anew: false,
            room_was_lost: false,
        }
    }

    /// The own part, for those who take part and may read as participants.
    fn own(&self) -> Option<&Value> {
        self.people
            .get(&self.me)
            .filter(|own| own["blocked"] == false)
    }

    /// The own role, which an audience may name.
    pub fn role(&self) -> Option<&str> {
        self.own()?["role"].as_str()
    }

    /// Takes in a join's answer.
    pub fn answer(&mut self, answer: &Value, after: Option<i64>, whispers: &Whispers) {
        let role = self.role().map(str::to_owned);
        let last_seq = answer["last_seq"].as_i64().expect("last_seq");
        let recovered = answer["recovered"].as_bool().expect("recovered");
        assert_eq!(
            recovered,
            after.is_some_and(|after| after <= last_seq && last_seq - after <= 1_000),
            "recovered, with {after:?} of {last_seq}"
        );
        if !recovered {
            self.messages.clear();
        }
        self.subscription = Subscription::Joined;
        self.last_seq = last_seq;
        self.conversation(&answer["conversation"]);
        assert_eq!(
            people_of(&answer["participants"]),
            self.people,
            "both lists of people are one"
        );
        let changed = self.role().map(str::to_owned) != role;
        self.starts_anew = recovered && (self.starts_anew || changed);
        for message in answer["messages"].as_array().expect("messages") {
            self.message(message, last_seq, whispers);
        }
    }

    fn conversation(&mut self, conversation: &Value) {
        self.title = conversation["title"].clone();
        self.status = conversation["status"].clone();
        self.people = people_of(&conversation["participants"]);
    }

    /// Takes in a message as it stood at a seq; an older one changes nothing.
    pub fn message(&mut self, message: &Value, at: i64, whispers: &Whispers) {
        let id = message["id"].as_str().expect("an id").to_owned();
        if let Some(only) = whispers.get(&id) {
            assert!(
                self.starts_anew || self.role() == Some(only),
                "{} as {:?} got what is for {only} alone: {message}",
                self.me,
                self.role()
            );
        }
        let known = self.messages.get(&id).is_some_and(|(seq, _)| *seq >= at);
        if !known {
            self.messages.insert(id, (at, message.clone()));
        }
    }

    /// Takes in the event of a message, which says nothing of its reactions, pins and thread: they stay, but only the thread if it was deleted.
    fn told(&mut self, message: &Value, at: i64, whispers: &Whispers) {
        let mut message = message.clone();
        let before = message["id"].as_str().and_then(|id| self.messages.get(id));
        let kept: &[&str] = match message["deleted_at"].is_null() {
            true => &["reactions", "pinned", "thread"],
            false => &["thread"],
        };
        for name in kept {
            if let Some(kept) = before.and_then(|(_, before)| before.get(name)) {
                message[name] = kept.clone();
            }
        }
        self.message(&message, at, whispers);
    }

    /// Takes in any event.
    pub fn event(&mut self, frame: &Value, whispers: &Whispers) {
        let (name, data) = (frame["event"].as_str().unwrap_or("none"), &frame["data"]);
        let is_a_word = ["conversation_updated", "notification", "unread_changed"].contains(&name);
        if self.subscription == Subscription::Lost && self.room_was_lost && is_a_word {
            self.subscription = Subscription::Away;
        }
        match name {
            "user_status_change" | "user_offline" => {}
            "conversation_created" => {
                if self.subscription == Subscription::Lost {
                    self.subscription = Subscription::Away;
                }
            }
            "conversation_updated" if data["conversation"].get("membership").is_some() => {
                self.subscription = Subscription::Lost;
            }
            _ if self.subscription == Subscription::Lost => {
                panic!("{} was told after the last word: {frame}", self.me)
            }
            "new_message" | "message_updated" | "message_deleted" => {
                assert_eq!(
                    self.subscription,
                    Subscription::Joined,
                    "{} heard {frame}",
                    self.me
                );
                let seq = self.rise(frame);
                let own = data["message"]["seq"].as_i64().expect("a seq");
                assert_eq!(own == seq, name == "new_message", "{frame}");
                self.told(&data["message"], seq, whispers);
                threads::count(&mut self.messages, name, &data["message"], seq);
            }
            "reaction_changed" | "pin_changed" => {
                let seq = self.rise(frame);
                let id = data["message_id"].as_str().expect("an id");
                let may_be_unknown = self.starts_anew;
                match self.messages.get_mut(id) {
                    Some((at, message)) => {
                        *at = seq;
                        annotate(message, name, data, &self.me);
                    }
                    None => assert!(may_be_unknown, "{} does not know {frame}", self.me),
                }
            }
            "conversation_updated" if self.subscription == Subscription::Joined => {
                let role = self.role().map(str::to_owned);
                self.rise(frame);
                self.conversation(&data["conversation"]);
                self.starts_anew |= self.role().map(str::to_owned) != role;
            }
            // What a thread is for somebody alone follows from the messages, as long as they do not say otherwise.
            "thread_changed" => {}
            "message_seen" => self.mark(data, &["read_seq", "delivered_seq"]),
            "message_delivered" => self.mark(data, &["delivered_seq"]),
            "conversation_updated" | "notification" | "unread_changed" => {}
            other => panic!("{} did not expect {other}: {frame}", self.me),
        }
    }

    fn rise(&mut self, frame: &Value) -> i64 {
        let seq = frame["data"]["seq"].as_i64().expect("a seq");
        assert!(
            seq > self.last_seq,
            "{} had {} and heard {frame}",
            self.me,
            self.last_seq
        );
        self.last_seq = seq;
        seq
    }

    /// Moves watermarks forward.
    pub fn mark(&mut self, data: &Value, names: &[&str]) {
        let user = data["user_id"].as_str().expect("a user id");
        let Some(person) = self.people.get_mut(user) else {
            return;
        };
        for name in names {
            let seq = person[*name].as_i64().max(data["seq"].as_i64());
            person[*name] = seq.into();
        }
    }

    /// The messages in their order.
    pub fn in_order(&self) -> Vec<Value> {
        let mut all: Vec<Value> = self.messages.values().map(|(_, m)| m.clone()).collect();
        all.sort_by_key(|message| message["seq"].as_i64());
        all.into_iter().map(settled).collect()
    }

    /// How many messages of others are unread, as the client counts.
    pub fn unread(&self) -> usize {
        let Some(own) = self.own() else {
            return 0;
        };
        let read = own["read_seq"].as_i64();
        let counts = |message: &&Value| {
            message["seq"].as_i64() > read
                && threads::is_in_main_line(message)
                && message["sender_id"] != self.me.as_str()
                && message["kind"] != "audit"
                && message["deleted_at"].is_null()
        };
        let all = self.in_order();
        let in_threads = threads::unread(&all, &self.me, read.unwrap_or(0));
        all.iter().filter(counts).count() + in_threads
    }

    /// Fails unless a fresh answer and the whole history say what this client knows.
    pub fn must_equal(&self, fresh: &Value, history: &[Value]) {
        let conversation = &fresh["conversation"];
        let history: Vec<Value> = history.iter().cloned().map(settled).collect();
        assert_eq!(self.in_order(), history, "messages of {}", self.me);
        let newest = history.len().saturating_sub(50);
        let first = fresh["messages"].as_array().expect("messages").iter();
        let first: Vec<Value> = first.cloned().map(settled).collect();
        assert_eq!(first, &history[newest..], "the first page of {}", self.me);
        assert_eq!(self.title, conversation["title"], "title of {}", self.me);
        assert_eq!(self.status, conversation["status"], "status of {}", self.me);
        assert_eq!(fresh["last_seq"], self.last_seq, "last_seq of {}", self.me);
        // Somebody who is blocked reads on with a staff token, and then has no role.
        assert_eq!(conversation["my_role"].as_str(), self.role());
        assert_eq!(
            conversation["unread"],
            self.unread(),
            "unread of {}",
            self.me
        );
        self.same_people(people_of(&fresh["participants"]));
    }

    /// Whether the client knows how far everybody was reached and has read, as a fresh answer says. After a room was lost, that is told
    /// behind everything else that was missed.
    pub fn knows_marks(&self, fresh: &Value) -> bool {
        let fresh = people_of(&fresh["participants"]);
        let mut known = fresh
            .iter()
            .map(|(id, person)| (self.people.get(id), person));
        known.all(|(known, person)| known.is_none_or(|known| self.knows_mark(known, person)))
    }

    /// Of how far others were reached, one knows what concerns one's own messages.
    fn knows_mark(&self, known: &Value, fresh: &Value) -> bool {
        let messages = self.messages.values().map(|(_, message)| message);
        let own = messages.filter(|message| message["sender_id"] == self.me.as_str());
        let own: Vec<Option<i64>> = own.map(|message| message["seq"].as_i64()).collect();
        let reached = |person: &Value| {
            let seq = person["delivered_seq"].as_i64();
            own.iter().filter(|own| **own <= seq).count()
        };
        let is_own = fresh["user_id"] == self.me.as_str();
        known["read_seq"] == fresh["read_seq"] && (is_own || reached(known) == reached(fresh))
    }

    /// Everything of everybody is equal, but how far others were reached.
    fn same_people(&self, fresh: BTreeMap<String, Value>) {
        let ids = |people: &BTreeMap<String, Value>| people.keys().cloned().collect::<Vec<_>>();
        assert_eq!(ids(&self.people), ids(&fresh), "people of {}", self.me);
        for (id, mut person) in fresh {
            let mut known = self.people[&id].clone();
            assert!(
                self.knows_mark(&known, &person),
                "{id} was reached by messages of {}: {known} {person}",
                self.me
            );
            known["delivered_seq"] = Value::Null;
            person["delivered_seq"] = Value::Null;
            assert_eq!(known, person, "{} of {}", id, self.me);
        }
    }
}
