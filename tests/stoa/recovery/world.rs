//! The people of a script, what they do, and what really happened: read from the database.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::dialect::Dialect;
use super::law::Happened;
use super::script::{DEAL, Deed};
use crate::client::{Answer, Person};
use crate::test_app::TestApp;

/// A conversation, by its id and its number.
#[derive(Clone, Debug)]
pub struct Spot {
    pub id: String,
    pub no: i64,
}

/// Those who act.
pub struct World {
    pub platform: Person,
    /// Two who talk, and the listener.
    pub people: [Person; 3],
    pub spots: Vec<Spot>,
    database: String,
    /// What they have said: a message's id and who said it.
    said: Mutex<Vec<(String, usize)>>,
    count: AtomicUsize,
}

/// The place of the listener among the people.
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

impl World {
    pub async fn open(app: &TestApp, case: usize) -> Self {
        let mut people = Vec::new();
        for name in ["ann", "cem", "bob"] {
            people.push(app.person(&format!("{name}-{case}")).await);
        }
        let platform = app.person_with("platform", &["service"]).await;
        let people: [Person; 3] = people.try_into().unwrap_or_else(|_| panic!("three"));
        let mut world = Self {
            platform,
            people,
            spots: Vec::new(),
            database: app.database.clone(),
            said: Mutex::default(),
            count: AtomicUsize::new(0),
        };
        let [ann, cem, bob] = &world.people;
        let two = app.direct(ann, bob).await;
        let group = app.group(ann, &[cem, bob]).await;
        let deal = json!({ "kind": "group", "flow": { "name": "swing" },
            "participants": [{ "user_id": bob.id, "role": "one" }, { "user_id": ann.id, "role": "other" }, { "user_id": cem.id }] });
        let made = world.platform.post("/api/v1/conversations", deal).await;
        let deal = made.expect_status(201).body["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        for id in [two, group, deal] {
            let query = format!("select no as n from conversations where id = '{id}'");
            let no = app.count(&query);
            world.spots.push(Spot { id, no });
        }
        world
    }

    fn connection(&self) -> PgConnection {
        PgConnection::establish(&self.database).expect("a connection")
    }

    fn marks(&self, query: &str, no: i64) -> Vec<Mark> {
        let query = diesel::sql_query(query).bind::<BigInt, _>(no);
        query.load(&mut self.connection()).expect("numbers")
    }

    /// The newest change of a place.
    pub fn newest(&self, place: usize) -> i64 {
        let query = "select '' as id, last_seq as n from conversations where no = $1";
        self.marks(query, self.spots[place].no)[0].n
    }

    /// How far everybody has read.
    pub fn read(&self, place: usize) -> HashMap<String, i64> {
        let query = "select u.id, p.read_seq as n from participants p join users u on u.no = p.user_no where conversation_no = $1";
        let marks = self.marks(query, self.spots[place].no).into_iter();
        marks.map(|mark| (mark.id, mark.n)).collect()
    }

    /// How many messages there are up to a seq.
    pub fn messages_up_to(&self, place: usize, seq: i64) -> i64 {
        let query = format!(
            "select '' as id, count(*) as n from messages where conversation_no = $1 and seq <= {seq}"
        );
        self.marks(&query, self.spots[place].no)[0].n
    }

    /// What happened in a place, as the listener is told of it.
    pub fn happened(&self, place: usize, dialect: Dialect) -> Vec<Happened> {
        let query = diesel::sql_query(HAPPENED)
            .bind::<BigInt, _>(self.spots[place].no)
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

    pub fn path(&self, place: usize, rest: &str) -> String {
        format!("/api/v1/conversations/{}{rest}", self.spots[place].id)
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
    pub async fn say(&self, place: usize, who: usize) -> Option<i64> {
        let text = self.unique();
        let body = json!({ "body": text, "client_id": text.replace(' ', "-") });
        let path = self.path(place, "/messages");
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
    pub async fn carry_out(&self, deed: &Deed) {
        match deed {
            Deed::Say(place, who) => drop(self.say(*place, *who).await),
            Deed::SayMany(place, count) => {
                join_all((0..*count).map(|number| self.say(*place, number % 2))).await;
            }
            Deed::Edit(which) => {
                if let Some((id, who)) = self.pick(*which) {
                    let (path, body) = (
                        format!("/api/v1/messages/{id}"),
                        json!({ "body": self.unique() }),
                    );
                    self.request(&self.people[who], "PATCH", &path, &body).await;
                }
            }
            Deed::Delete(which) => {
                if let Some((id, who)) = self.pick(*which) {
                    let path = format!("/api/v1/messages/{id}");
                    self.request(&self.people[who], "DELETE", &path, &Value::Null)
                        .await;
                }
            }
            Deed::Read(place, who, back) => {
                let seq = (self.newest(*place) - back).max(0);
                let (path, body) = (self.path(*place, "/seen"), json!({ "seq": seq }));
                self.request(&self.people[*who], "POST", &path, &body).await;
            }
            Deed::Title(place) => {
                let title = json!({ "title": self.unique() });
                let path = self.path(*place, "");
                self.request(&self.platform, "PATCH", &path, &title).await;
            }
            Deed::Press => self.press().await,
        }
    }

    /// Whoever's turn it is presses.
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

    /// Sends the listener away from a place, or brings them back.
    pub async fn remove(&self, place: usize) {
        let id = &self.people[LISTENER].id;
        let path = self.path(place, &format!("/participants/{id}"));
        self.request(&self.platform, "DELETE", &path, &Value::Null)
            .await;
    }

    pub async fn add(&self, place: usize) {
        let body = json!({ "user_id": self.people[LISTENER].id });
        let path = self.path(place, "/participants");
        self.request(&self.platform, "POST", &path, &body).await;
    }
}
