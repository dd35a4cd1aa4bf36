//! The law of coming back: whatever happens, a snapshot and the events after it say what a fresh snapshot says.

mod deeds;
mod listener;
mod model;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::test_app::TestApp;
use deeds::{Deed, PEOPLE, Scene, deed};
use listener::{Listener, history};
use model::Place;

/// One step of a sequence.
#[derive(Clone, Debug)]
enum Step {
    /// One after the other.
    Do(Deed),
    /// All at once.
    AtOnce(Vec<Deed>),
    /// All at once, and the room is lost meanwhile.
    AndPanic(Vec<Deed>),
    /// Over the socket.
    Speak(usize),
    MarkSeen(usize),
    Disconnect(usize),
    LeaveRoom(usize),
    ComeBack(usize),
    JoinTwice(usize),
    /// Everybody comes back, and is compared with somebody who knows nothing.
    Compare,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE;
    prop_oneof![
        24 => deed().prop_map(Step::Do),
        4 => prop::collection::vec(deed(), 2..8).prop_map(Step::AtOnce),
        1 => prop::collection::vec(deed(), 1..6).prop_map(Step::AndPanic),
        6 => who.clone().prop_map(Step::Speak),
        3 => who.clone().prop_map(Step::MarkSeen),
        3 => who.clone().prop_map(Step::Disconnect),
        1 => who.clone().prop_map(Step::LeaveRoom),
        4 => who.clone().prop_map(Step::ComeBack),
        2 => who.prop_map(Step::JoinTwice),
        1 => Just(Step::Compare),
    ]
}

struct Theatre<'a> {
    app: &'a TestApp,
    scene: Scene,
    listeners: Vec<Listener>,
}

impl<'a> Theatre<'a> {
    /// A group with everybody but the last one, who comes from the staff; all have joined.
    async fn open(app: &'a TestApp, case: usize) -> Self {
        let mut people = Vec::new();
        for (name, roles) in [
            ("ann", &[][..]),
            ("ben", &[]),
            ("cem", &[]),
            ("dia", &[]),
            ("eve", &["support"]),
        ] {
            people.push(app.person_with(&format!("{name}-{case}"), roles).await);
        }
        let others: Vec<_> = people[1..PEOPLE - 1].iter().collect();
        let conversation = app.group(&people[0], &others).await;
        let platform = app.person_with("platform", &["service"]).await;
        let listener =
            |person: &crate::client::Person| Listener::new(person.clone(), &conversation);
        let mut listeners: Vec<_> = people.iter().map(listener).collect();
        let scene = Scene::new(conversation, people, platform);
        for listener in &mut listeners {
            listener.join(None, &scene.whispers()).await;
        }
        Self {
            app,
            scene,
            listeners,
        }
    }

    async fn take(&mut self, step: &Step) {
        let whispers = self.scene.whispers();
        match step {
            Step::Do(deed) => self.scene.carry_out(deed).await,
            Step::AtOnce(deeds) => {
                join_all(deeds.iter().map(|deed| self.scene.carry_out(deed))).await;
            }
            Step::AndPanic(deeds) => {
                let all = join_all(deeds.iter().map(|deed| self.scene.carry_out(deed)));
                let panic = async {
                    tokio::task::yield_now().await;
                    self.app.panic_room(&self.scene.conversation);
                };
                tokio::join!(all, panic);
                for listener in &mut self.listeners {
                    listener.model.room_was_lost = true;
                }
            }
            Step::Speak(who) => self.speak(*who).await,
            Step::MarkSeen(who) => {
                let listener = &mut self.listeners[*who];
                let seq = listener.model.last_seq;
                let data = json!({ "conversation_id": self.scene.conversation, "seq": seq });
                let _refused = listener.ask("mark_seen", data, &whispers).await;
            }
            Step::Disconnect(who) => self.listeners[*who].disconnect().await,
            Step::LeaveRoom(who) => self.listeners[*who].leave_room(&whispers).await,
            Step::ComeBack(who) => {
                if self.listeners[*who].model.place != Place::Joined {
                    self.listeners[*who].come_back(&whispers).await;
                }
            }
            Step::JoinTwice(who) => self.listeners[*who].come_back(&whispers).await,
            Step::Compare => self.compare().await,
        }
    }

    async fn speak(&mut self, who: usize) {
        let whispers = self.scene.whispers();
        let text = self.scene.unique();
        let data =
            json!({ "conversation_id": self.scene.conversation, "body": text, "client_id": text });
        let listener = &mut self.listeners[who];
        if let Ok(sent) = listener.ask("send_message", data, &whispers).await {
            self.scene.note(&listener.person, &sent);
        }
    }

    async fn compare(&mut self) {
        let landmark = self.scene.landmark().await;
        let whispers = self.scene.whispers();
        let people = self.participants().await;
        for listener in &mut self.listeners {
            listener.settle(landmark, &whispers).await;
            let id = &listener.person.id;
            let may = people
                .iter()
                .any(|p| p["user_id"] == id.as_str() && p["blocked"] == false)
                || id.starts_with("eve");
            assert_eq!(
                listener.model.place == Place::Joined,
                may,
                "{id} in {people:?}"
            );
            match listener.fresh().await {
                Ok(fresh) => {
                    let history = history(&listener.person, &self.scene.conversation).await;
                    listener.model.must_equal(&fresh, &history);
                    assert_eq!(
                        unread(listener, &self.scene.conversation).await,
                        listener.model.unread()
                    );
                }
                Err(error) => assert!(!may, "{id}: {error}"),
            }
        }
        self.seqs_have_no_gap();
    }

    async fn participants(&self) -> Vec<Value> {
        let path = format!("/api/v1/conversations/{}", self.scene.conversation);
        let answer = self.scene.platform.get(&path).await.expect_status(200);
        answer.body["participants"]
            .as_array()
            .expect("a list")
            .clone()
    }

    /// Every seq from 1 to the conversation's last is in exactly one of the four tables.
    fn seqs_have_no_gap(&self) {
        #[derive(QueryableByName)]
        struct Seqs {
            #[diesel(sql_type = Array<BigInt>)]
            seqs: Vec<i64>,
            #[diesel(sql_type = BigInt)]
            last_seq: i64,
        }
        let query = "select last_seq, (select coalesce(array_agg(seq order by seq), '{}') from (
                select conversation_no, seq from messages union all select conversation_no, seq from message_changes union all
                select conversation_no, seq from participant_changes union all select conversation_no, seq from conversation_changes
            ) changes where conversation_no = no) as seqs from conversations where id = $1::uuid";
        let found: Seqs = diesel::sql_query(query)
            .bind::<diesel::sql_types::Text, _>(&self.scene.conversation)
            .get_result(&mut self.app.connection())
            .expect("the seqs");
        assert_eq!(found.seqs, (1..=found.last_seq).collect::<Vec<_>>());
    }
}

async fn unread(listener: &Listener, conversation: &str) -> usize {
    let answer = listener
        .person
        .get("/api/v1/unread")
        .await
        .expect_status(200);
    let all = answer.body["conversations"]
        .as_array()
        .expect("a list")
        .clone();
    let here = all
        .iter()
        .find(|one| one["conversation_id"] == conversation);
    here.map_or(0, |one| one["unread"].as_u64().expect("a number") as usize)
}

async fn play(app: &TestApp, case: usize, steps: &[Step]) {
    let mut theatre = Theatre::open(app, case).await;
    for step in steps {
        theatre.take(step).await;
    }
    theatre.compare().await;
}

#[test]
fn a_snapshot_and_the_events_after_it_say_what_a_fresh_snapshot_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let app = runtime.block_on(TestApp::start());
    let cases = std::cell::Cell::new(0);
    let asked = std::env::var("PROPTEST_CASES").ok();
    let config = Config {
        cases: asked.map_or(24, |cases| cases.parse().expect("a number")),
        max_shrink_iters: 40,
        failure_persistence: None,
        ..Config::default()
    };
    let sequences = prop::collection::vec(step(), 1..60);
    let outcome = TestRunner::new(config).run(&sequences, |steps| {
        cases.set(cases.get() + 1);
        runtime.block_on(play(&app, cases.get(), &steps));
        Ok::<(), TestCaseError>(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
