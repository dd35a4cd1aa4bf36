//! The people of a script, what they do, and what really happened: read from the database.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::dialect::Dialect;
use super::law::Happened;
use super::script::{DEAL, Operation};
use crate::client::{Answer, Person};
use crate::test_app::TestApp;

/// A conversation, by its id and its number.
#[derive(Clone, Debug)]
pub struct ConversationKey {
    pub id: String,
    pub no: i64,
}

/// Those who act.
pub struct Fixture {
    pub platform: Person,
    /// Two who talk, and the listener.
    pub people: [Person; 3],
    pub keys: Vec<ConversationKey>,
    database: String,
    /// What they have said: a message's id and who said it.
    said: Mutex<Vec<(String, usize)>>,
    count: AtomicUsize,
}

/// The index of the listener among the people.
pub const LISTENER: usize = 2;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Nullable<Text>)]
    act: Option<String>,
}

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// What happened in a conversation ($1) that a person ($2) may see.
const HAPPENED: &str = "
with reader as (select p.role, u.no from participants p join users u on u.no = p.user_no where p.conversation_no = $1 and u.id = $2)
select seq, 'said ' || seq as what, null::text as act from messages, reader where conversation_no = $1
    and (audience_role is null or audience_role = reader.role) and (audience_user_no is null or audience_user_no = reader.no)
union all select seq, action || ' ' || target_seq, null from message_changes where conversation_no = $1
union all select seq, 'changed', null from participant_changes where conversation_no = $1
union all select seq, 'changed', null from conversation_changes where conversation_no = $1
union all select seq, 'step ' || to_state, case when actor_no is not null then 'act ' || action end from flow_steps where conversation_no = $1
order by seq";

impl Fixture {
    pub async fn open(app: &TestApp, case: usize) -> Self {
        let mut people = Vec::new();
        for name in ["ann", "cem", "bob"] {
            people.push(app.person(&format!("{name}-{case}")).await);
        }
        let platform = app.person_with("platform", &["service"]).await;
        let people: [Person; 3] = people.try_into().unwrap_or_else(|_| panic!("three"));
        let mut fixture = Self {
            platform,
            people,
            keys: Vec::new(),
            database: app.database.clone(),
            said: Mutex::default(),
            count: AtomicUsize::new(0),
        };
        let [ann, cem, bob] = &fixture.people;
        let two = app.direct(ann, bob).await;
        let group = app.group(ann, &[cem, bob]).await;
        let deal = json!({ "kind": "group", "flow": { "name": "swing" },
            "participants": [{ "user_id": bob.id, "role": "one" }, { "user_id": ann.id, "role": "other" }, { "user_id": cem.id }] });
        let made = fixture.platform.post("/api/v1/conversations", deal).await;
        let deal = made.expect_status(201).body["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        for id in [two, group, deal] {
            let query = format!("select no as n from conversations where id = '{id}'");
            let no = app.count(&query);
            fixture.keys.push(ConversationKey { id, no });
        }
        fixture
    }

    fn connection(&self) -> PgConnection {
        PgConnection::establish(&self.database).expect("a connection")
    }

    /// Keeps every join from being read, until the connection is dropped.
    pub fn lock_users(&self) -> PgConnection {
        let mut connection = self.connection();
        let lock = "begin; lock table users in access exclusive mode";
        connection.batch_execute(lock).expect("a lock");
        connection
    }

    fn marks(&self, query: &str, no: i64) -> Vec<Mark> {
        let query = diesel::sql_query(query).bind::<BigInt, _>(no);
        query.load(&mut self.connection()).expect("numbers")
    }

    /// The newest change of a conversation.
    pub fn newest(&self, conversation: usize) -> i64 {
        let query = "select '' as id, last_seq as n from conversations where no = $1";
        self.marks(query, self.keys[conversation].no)[0].n
    }

    /// How far everybody has read.
    pub fn read(&self, conversation: usize) -> HashMap<String, i64> {
        let query = "select u.id, p.read_seq as n from participants p join users u on u.no = p.user_no where conversation_no = $1";
        let marks = self.marks(query, self.keys[conversation].no).into_iter();
        marks.map(|mark| (mark.id, mark.n)).collect()
    }

    /// How many messages there are up to a seq.
    pub fn messages_up_to(&self, conversation: usize, seq: i64) -> i64 {
        let query = format!(
            "select '' as id, count(*) as n from messages where conversation_no = $1 and seq <= {seq}"
        );
        self.marks(&query, self.keys[conversation].no)[0].n
    }

    /// What happened in a conversation, as the listener is told of it.
    pub fn happened(&self, conversation: usize, dialect: Dialect) -> Vec<Happened> {
        let query = diesel::sql_query(HAPPENED)
            .bind::<BigInt, _>(self.keys[conversation].no)
            .bind::<Text, _>(&self.people[LISTENER].id);
        let rows: Vec<Row> = query.load(&mut self.connection()).expect("what happened");
        let mut happened = Vec::new();
        for Row { seq, what, act } in rows {
            let is_message = ["said ", "edited ", "deleted "]
                .iter()
                .any(|opening| what.starts_with(opening));
            let told = match is_message {
                true => what,
                false => dialect.numbered(&what, seq),
            };
            // A message is told as it stands: an edit of one that was deleted since as a deletion.
            let or = told
                .strip_prefix("edited ")
                .map(|born| format!("deleted {born}"));
            happened.push(Happened { seq, told, or });
            let act = act.filter(|_| dialect.has_acts());
            happened.extend(act.map(|told| Happened {
                seq,
                told,
                or: None,
            }));
        }
        happened
    }

    pub fn path(&self, conversation: usize, rest: &str) -> String {
        format!("/api/v1/conversations/{}{rest}", self.keys[conversation].id)
    }

    pub fn unique(&self) -> String {
        format!("text {}", self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// A request, again as long as it is refused for the moment.
    pub async fn request(&self, who: &Person, method: &str, path: &str, body: &Value) -> Answer {
        loop {
            let answer = who.request(method, path, Some(body.to_string()), &[]).await;
            let is_fine = answer.status < 500 || answer.status == 503;
            assert!(is_fine, "{method} {path} {body}: {answer:?}");
            if answer.status != 503 {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Says something; answers its seq where it is said.
    pub async fn say(&self, conversation: usize, who: usize) -> Option<i64> {
        let text = self.unique();
        let body = json!({ "body": text, "client_id": text.replace(' ', "-") });
        let path = self.path(conversation, "/messages");
        let answer = self.request(&self.people[who], "POST", &path, &body).await;
        if answer.status >= 400 {
            return None;
        }
        let id = answer.body["id"].as_str().expect("an id").to_owned();
        self.said.lock().expect("a lock").push((id, who));
        answer.body["seq"].as_i64()
    }

    fn pick(&self, which: usize) -> Option<(String, usize)> {
        let said = self.said.lock().expect("a lock");
        (!said.is_empty()).then(|| said[which % said.len()].clone())
    }

    /// Does it, whatever comes of it.
    pub async fn carry_out(&self, operation: &Operation) {
        match operation {
            Operation::Say(conversation, who) => drop(self.say(*conversation, *who).await),
            Operation::SayMany(conversation, count) => {
                join_all((0..*count).map(|number| self.say(*conversation, number % 2))).await;
            }
            Operation::Edit(which) => {
                if let Some((id, who)) = self.pick(*which) {
                    let (path, body) = (
                        format!("/api/v1/messages/{id}"),
                        json!({ "body": self.unique() }),
                    );
                    self.request(&self.people[who], "PATCH", &path, &body).await;
                }
            }
            Operation::Delete(which) => {
                if let Some((id, who)) = self.pick(*which) {
                    let path = format!("/api/v1/messages/{id}");
                    self.request(&self.people[who], "DELETE", &path, &Value::Null)
                        .await;
                }
            }
            Operation::Read(conversation, who, back) => {
                let seq = (self.newest(*conversation) - back).max(0);
                let (path, body) = (self.path(*conversation, "/seen"), json!({ "seq": seq }));
                self.request(&self.people[*who], "POST", &path, &body).await;
            }
            Operation::Title(conversation) => {
                let title = json!({ "title": self.unique() });
                let path = self.path(*conversation, "");
                self.request(&self.platform, "PATCH", &path, &title).await;
            }
            Operation::Press => self.press().await,
        }
    }

    /// The role whose turn it is presses.
    async fn press(&self) {
        let note = json!({ "input": { "note": self.unique() } });
        for (who, action, body) in [(LISTENER, "push", &json!({})), (0, "push_back", &note)] {
            let path = self.path(DEAL, &format!("/flow/actions/{action}"));
            let answer = self.request(&self.people[who], "POST", &path, body).await;
            if answer.status == 200 {
                return;
            }
        }
    }

    /// Sends the listener away from a conversation, or brings them back.
    pub async fn remove(&self, conversation: usize) {
        let id = &self.people[LISTENER].id;
        let path = self.path(conversation, &format!("/participants/{id}"));
        self.request(&self.platform, "DELETE", &path, &Value::Null)
            .await;
    }

    pub async fn add(&self, conversation: usize) {
        let body = json!({ "user_id": self.people[LISTENER].id });
        let path = self.path(conversation, "/participants");
        let added = self.request(&self.platform, "POST", &path, &body).await;
        assert!(added.status < 300, "not brought back: {added:?}");
    }
}
