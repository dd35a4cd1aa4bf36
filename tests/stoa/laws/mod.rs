//! The law of coming back: whatever happens, a snapshot and the events after it say what a fresh snapshot says.

mod listener;
mod model;
mod operations;
mod threads;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::test_app::TestApp;
use listener::{Listener, history};
use model::Subscription;
use operations::{Operation, PEOPLE, Scenario, operation};

/// One step of a sequence.
#[derive(Clone, Debug)]
enum Step {
    /// One after the other.
    Do(Operation),
    /// All at once.
    AtOnce(Vec<Operation>),
    /// All at once, and the room is lost meanwhile.
    AndPanic(Vec<Operation>),
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
        24 => operation().prop_map(Step::Do),
        4 => prop::collection::vec(operation(), 2..8).prop_map(Step::AtOnce),
        1 => prop::collection::vec(operation(), 1..6).prop_map(Step::AndPanic),
        6 => who.clone().prop_map(Step::Speak),
        3 => who.clone().prop_map(Step::MarkSeen),
        3 => who.clone().prop_map(Step::Disconnect),
        1 => who.clone().prop_map(Step::LeaveRoom),
        4 => who.clone().prop_map(Step::ComeBack),
        2 => who.prop_map(Step::JoinTwice),
        1 => Just(Step::Compare),
    ]
}

struct Fixture<'a> {
    app: &'a TestApp,
    scenario: Scenario,
    listeners: Vec<Listener>,
}

impl<'a> Fixture<'a> {
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
        let scenario = Scenario::new(conversation, people, platform);
        for listener in &mut listeners {
            listener.join(None, &scenario.whispers()).await;
        }
        Self {
            app,
            scenario,
            listeners,
        }
    }

    async fn take(&mut self, step: &Step) {
        let whispers = self.scenario.whispers();
        match step {
            Step::Do(operation) => self.scenario.carry_out(operation).await,
            Step::AtOnce(operations) => {
                join_all(
                    operations
                        .iter()
                        .map(|operation| self.scenario.carry_out(operation)),
                )
                .await;
            }
            Step::AndPanic(operations) => {
                let all = join_all(
                    operations
                        .iter()
                        .map(|operation| self.scenario.carry_out(operation)),
                );
                let panic = async {
                    tokio::task::yield_now().await;
                    self.app.lose_room(&self.scenario.conversation)
                };
                let (_, was_awake) = tokio::join!(all, panic);
                for listener in &mut self.listeners {
                    listener.model.room_was_lost |= was_awake;
                }
            }
            Step::Speak(who) => self.speak(*who).await,
            Step::MarkSeen(who) => {
                let listener = &mut self.listeners[*who];
                let seq = listener.model.last_seq;
                let data = json!({ "conversation_id": self.scenario.conversation, "seq": seq });
                let _refused = listener.ask("mark_seen", data, &whispers).await;
            }
            Step::Disconnect(who) => self.listeners[*who].disconnect().await,
            Step::LeaveRoom(who) => self.listeners[*who].leave_room(&whispers).await,
            Step::ComeBack(who) => {
                if self.listeners[*who].model.subscription != Subscription::Joined {
                    self.listeners[*who].come_back(&whispers).await;
                }
            }
            Step::JoinTwice(who) => self.listeners[*who].come_back(&whispers).await,
            Step::Compare => self.compare().await,
        }
    }

    async fn speak(&mut self, who: usize) {
        let whispers = self.scenario.whispers();
        let text = self.scenario.unique();
        let data = json!({ "conversation_id": self.scenario.conversation, "body": text, "client_id": text });
        let listener = &mut self.listeners[who];
        if let Ok(sent) = listener.ask("send_message", data, &whispers).await {
            self.scenario.note(&listener.person, &sent);
        }
    }

    async fn compare(&mut self) {
        let landmark = self.scenario.landmark().await;
        let whispers = self.scenario.whispers();
        let people = self.participants().await;
        for listener in &mut self.listeners {
            listener.settle(landmark, &whispers).await;
            let id = &listener.person.id;
            let may = people
                .iter()
                .any(|p| p["user_id"] == id.as_str() && p["blocked"] == false)
                || id.starts_with("eve");
            assert_eq!(
                listener.model.subscription == Subscription::Joined,
                may,
                "{id} in {people:?}"
            );
            match listener.fresh().await {
                Ok(fresh) => {
                    listener.settle_marks(&fresh, &whispers).await;
                    let history = history(&listener.person, &self.scenario.conversation).await;
                    listener.model.must_equal(&fresh, &history);
                    assert_eq!(
                        unread(listener, &self.scenario.conversation).await,
                        listener.model.unread()
                    );
                }
                Err(error) => assert!(!may, "{id}: {error}"),
            }
        }
        self.seqs_have_no_gap();
    }

    async fn participants(&self) -> Vec<Value> {
        let path = format!("/api/v1/conversations/{}", self.scenario.conversation);
        let answer = self.scenario.platform.get(&path).await.expect_status(200);
        answer.body["participants"]
            .as_array()
            .expect("a list")
            .clone()
    }

    /// Every seq from 1 to the conversation's last is in exactly one of the tables, but those of reactions and pins that later ones
    /// replaced: they are in none.
    fn seqs_have_no_gap(&self) {
        #[derive(QueryableByName)]
        struct Seqs {
            #[diesel(sql_type = Array<BigInt>)]
            seqs: Vec<i64>,
            #[diesel(sql_type = BigInt)]
            last_seq: i64,
            /// How many reactions and pins there are: without any, none was replaced.
            #[diesel(sql_type = BigInt)]
            replaced: i64,
        }
        let query = "select last_seq, (select coalesce(array_agg(seq order by seq), '{}') from (
                select conversation_no, seq from messages union all select conversation_no, seq from message_changes union all
                select conversation_no, seq from participant_changes union all select conversation_no, seq from conversation_changes union all
                select conversation_no, seq from reactions union all select conversation_no, seq from pins
            ) changes where conversation_no = no) as seqs, (select count(*) from reactions where conversation_no = no)
                + (select count(*) from pins where conversation_no = no) as replaced from conversations where id = $1::uuid";
        let found: Seqs = diesel::sql_query(query)
            .bind::<diesel::sql_types::Text, _>(&self.scenario.conversation)
            .get_result(&mut self.app.connection())
            .expect("the seqs");
        let all: Vec<i64> = (1..=found.last_seq).collect();
        let mut distinct = found.seqs.clone();
        distinct.dedup();
        assert_eq!(distinct, found.seqs, "a seq stands in two tables");
        assert!(
            found.seqs.iter().all(|seq| all.contains(seq)),
            "{:?}",
            found.seqs
        );
        assert!(found.replaced > 0 || found.seqs == all, "{:?}", found.seqs);
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
    let mut fixture = Fixture::open(app, case).await;
    for step in steps {
        fixture.take(step).await;
    }
    fixture.compare().await;
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
