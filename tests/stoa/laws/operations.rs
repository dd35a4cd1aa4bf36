//! What people do to a conversation over REST; several operations may be under way at once.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::model::Whispers;
use crate::client::{Answer, Person};

/// One request. Numbers name people and messages by their places.
#[derive(Clone, Debug)]
pub enum Operation {
    Say(usize),
    Reply(usize, usize),
    Thread(usize, usize, bool),
    Whisper(&'static str, &'static str),
    Edit(usize),
    Delete(usize, usize),
    React(usize, usize, &'static str, bool),
    Pin(usize, bool),
    Mark(usize, &'static str, i64),
    Add(usize),
    Remove(usize),
    Leave(usize),
    Change(usize, Value),
    Settings(Value),
}

/// Those who take part at first, and one of the staff.
pub const PEOPLE: usize = 5;
/// The roles that people have and whispers are for.
const ROLES: [&str; 3] = ["member", "helper", "owner"];

/// Any operation.
pub fn operation() -> impl Strategy<Value = Operation> {
    let (who, which) = (0..PEOPLE, 0..200usize);
    let role = prop::sample::select(&ROLES[..]);
    let kind = prop::sample::select(&["user_input", "system", "automated", "audit"][..]);
    let mark = prop::sample::select(&["seen", "delivered"][..]);
    let emoji = prop::sample::select(&["👍", "❤️", "🎉"][..]);
    let flag = prop::sample::select(&["muted", "blocked"][..]);
    let changes = prop_oneof![
        (flag, any::<bool>()).prop_map(|(flag, on)| json!({ flag: on })),
        role.clone().prop_map(|role| json!({ "role": role })),
    ];
    let settings = prop_oneof![
        "[a-z]{1,8}".prop_map(|title| json!({ "title": title })),
        Just(json!({ "title": null })),
        Just(json!({ "status": "closed" })),
        Just(json!({ "status": "open" })),
        Just(json!({ "status": "open" })),
    ];
    prop_oneof![
        10 => who.clone().prop_map(Operation::Say),
        2 => (who.clone(), which.clone()).prop_map(|(who, which)| Operation::Reply(who, which)),
        8 => (who.clone(), which.clone(), any::<bool>())
            .prop_map(|(who, which, also)| Operation::Thread(who, which, also)),
        3 => (role, kind).prop_map(|(role, kind)| Operation::Whisper(role, kind)),
        5 => which.clone().prop_map(Operation::Edit),
        3 => (who.clone(), which.clone()).prop_map(|(who, which)| Operation::Delete(who, which)),
        8 => (who.clone(), which.clone(), emoji, any::<bool>())
            .prop_map(|(who, which, emoji, added)| Operation::React(who, which, emoji, added)),
        2 => (which.clone(), any::<bool>()).prop_map(|(which, pinned)| Operation::Pin(which, pinned)),
        6 => (who.clone(), mark, 0..6i64).prop_map(|(who, mark, back)| Operation::Mark(who, mark, back)),
        3 => who.clone().prop_map(Operation::Add),
        1 => who.clone().prop_map(Operation::Remove),
        1 => who.clone().prop_map(Operation::Leave),
        4 => (who, changes).prop_map(|(who, change)| Operation::Change(who, change)),
        3 => settings.prop_map(Operation::Settings),
    ]
}

/// A conversation, those who act in it, and what they have said.
pub struct Scenario {
    pub conversation: String,
    pub people: Vec<Person>,
    pub platform: Person,
    pub whispers: Mutex<Whispers>,
    said: Mutex<Vec<(String, Person)>>,
    newest: AtomicU64,
    counter: AtomicU64,
}

impl Scenario {
    /// Nothing has been said.
    pub fn new(conversation: String, people: Vec<Person>, platform: Person) -> Self {
        Self {
            conversation,
            people,
            platform,
            whispers: Mutex::default(),
            said: Mutex::default(),
            newest: AtomicU64::new(0),
            counter: AtomicU64::new(0),
        }
    }

    /// A text that was not used before.
    pub fn unique(&self) -> String {
        format!(
            "{}-{}",
            &self.conversation[24..],
            self.counter.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// What may be whispered to whom, as of now.
    pub fn whispers(&self) -> Whispers {
        self.whispers.lock().unwrap().clone()
    }

    /// Remembers a message and who sent it.
    pub fn note(&self, sender: &Person, message: &Value) {
        let id = message["id"].as_str().expect("an id").to_owned();
        let seq = message["seq"].as_u64().expect("a seq");
        self.newest.fetch_max(seq, Ordering::Relaxed);
        self.said.lock().unwrap().push((id, sender.clone()));
    }

    fn pick(&self, which: usize) -> Option<(String, Person)> {
        let said = self.said.lock().unwrap();
        (!said.is_empty()).then(|| said[which % said.len()].clone())
    }

    /// A request, again as long as it is refused for the moment. What is wrong with the server fails the test.
    async fn request(&self, who: &Person, method: &str, path: &str, body: Value) -> Answer {
        loop {
            let answer = who.request(method, path, Some(body.to_string()), &[]).await;
            assert!(
                answer.status < 500 || answer.status == 503,
                "{method} {path} {body}: {answer:?}"
            );
            if answer.status != 503 {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/conversations/{}{rest}", self.conversation)
    }

    async fn send(&self, who: &Person, mut message: Value) -> Option<Value> {
        message["client_id"] = self.unique().into();
        message["body"] = self.unique().into();
        let path = self.path("/messages");
        let answer = self.request(who, "POST", &path, message).await;
        if answer.status >= 400 {
            return None;
        }
        self.note(who, &answer.body);
        Some(answer.body)
    }

    /// A durable change that everybody who may read sees; answers its seq. A message, where one can be sent.
    pub async fn landmark(&self) -> i64 {
        let said = self.send(&self.platform, json!({ "kind": "automated" }));
        if let Some(message) = said.await {
            return message["seq"].as_i64().expect("a seq");
        }
        let change = json!({ "title": self.unique() });
        let path = self.path("");
        let answer = self.request(&self.platform, "PATCH", &path, change).await;
        answer.expect_status(200).body["last_seq"]
            .as_i64()
            .expect("a seq")
    }

    /// Does it, whatever comes of it.
    pub async fn carry_out(&self, operation: &Operation) {
        match operation {
            Operation::Say(who) => drop(self.send(&self.people[*who], json!({})).await),
            Operation::Reply(who, which) => {
                if let Some((id, _)) = self.pick(*which) {
                    let message = json!({ "reply_to": id, "context": { "a": [1, null] } });
                    drop(self.send(&self.people[*who], message).await);
                }
            }
            Operation::Thread(who, which, also) => self.reply_in_thread(*who, *which, *also).await,
            Operation::Whisper(role, kind) => self.whisper(role, kind).await,
            Operation::Edit(which) => {
                if let Some((id, sender)) = self.pick(*which) {
                    let path = format!("/api/v1/messages/{id}");
                    let body = json!({ "body": self.unique() });
                    self.request(&sender, "PATCH", &path, body).await;
                }
            }
            Operation::Delete(who, which) => {
                if let Some((id, _)) = self.pick(*which) {
                    let path = format!("/api/v1/messages/{id}");
                    self.request(&self.people[*who], "DELETE", &path, Value::Null)
                        .await;
                }
            }
            Operation::React(who, which, emoji, added) => {
                // Few messages, so that people toggle the same reactions.
                if let Some((id, _)) = self.pick(which % 3) {
                    let path = crate::annotations::reaction(&id, emoji);
                    let method = if *added { "PUT" } else { "DELETE" };
                    self.request(&self.people[*who], method, &path, json!({}))
                        .await;
                }
            }
            Operation::Pin(which, pinned) => {
                if let Some((id, _)) = self.pick(which % 3) {
                    let path = format!("/api/v1/messages/{id}/pin");
                    let method = if *pinned { "PUT" } else { "DELETE" };
                    self.request(&self.platform, method, &path, json!({})).await;
                }
            }
            Operation::Mark(who, mark, back) => {
                let newest = self.newest.load(Ordering::Relaxed) as i64;
                let (path, seq) = (self.path(&format!("/{mark}")), (newest - back).max(0));
                self.request(&self.people[*who], "POST", &path, json!({ "seq": seq }))
                    .await;
            }
            Operation::Add(_)
            | Operation::Remove(_)
            | Operation::Leave(_)
            | Operation::Change(..) => self.manage(operation).await,
            Operation::Settings(change) => {
                self.request(&self.platform, "PATCH", &self.path(""), change.clone())
                    .await;
            }
        }
    }

    /// Whom it is for is known before anybody can hear it: the id of a message follows from nothing else, so the whisper is
    /// noted as soon as it is answered, and listeners look when they take it in, later.
    async fn whisper(&self, role: &str, kind: &str) {
        let message = json!({ "audience_role": role, "kind": kind });
        if let Some(message) = self.send(&self.platform, message).await {
            let id = message["id"].as_str().expect("an id").to_owned();
            self.whispers.lock().unwrap().insert(id, role.to_owned());
        }
    }

    /// A reply in the thread of one of a few messages, which only those see who see that message.
    async fn reply_in_thread(&self, who: usize, which: usize, also: bool) {
        let Some((id, _)) = self.pick(which % 6) else {
            return;
        };
        let message = json!({ "thread_id": id, "also_in_conversation": also });
        let Some(reply) = self.send(&self.people[who], message).await else {
            return;
        };
        let mut whispers = self.whispers.lock().unwrap();
        let root = reply["thread_id"].as_str().expect("a thread");
        if let Some(role) = whispers.get(root).cloned() {
            whispers.insert(reply["id"].as_str().expect("an id").to_owned(), role);
        }
    }

    async fn manage(&self, operation: &Operation) {
        let of = |who: &usize| self.path(&format!("/participants/{}", self.people[*who].id));
        match operation {
            Operation::Add(who) => {
                let body = json!({ "user_id": self.people[*who].id });
                let path = self.path("/participants");
                self.request(&self.platform, "POST", &path, body).await;
            }
            Operation::Remove(who) => {
                self.request(&self.platform, "DELETE", &of(who), Value::Null)
                    .await;
            }
            Operation::Leave(who) => {
                self.request(&self.people[*who], "DELETE", &of(who), Value::Null)
                    .await;
            }
            Operation::Change(who, change) => {
                self.request(&self.platform, "PATCH", &of(who), change.clone())
                    .await;
            }
            _ => unreachable!("{operation:?} is no deed of a manager"),
        }
    }
}
