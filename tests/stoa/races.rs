//! Races: one message sent many times, a mute while its target speaks, changes between sends.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use futures_util::future::{join, join_all, join3};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::{Person, Socket};
use crate::test_app::TestApp;

#[derive(Debug, QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    body: String,
}

/// What a person has said, in the order of seq, as the database has it.
fn stored(app: &TestApp, person: &str) -> Vec<Stored> {
    diesel::sql_query(
        "select seq, body from messages join users on no = sender_no where id = $1 order by seq",
    )
    .bind::<Text, _>(person)
    .load(&mut app.connection())
    .unwrap()
}

/// Sends many messages without waiting for an answer, and then takes the answers, by the number in the body.
async fn pour(
    socket: &mut Socket,
    conversation: &str,
    from: u64,
    count: u64,
) -> BTreeMap<u64, Value> {
    for number in from..from + count {
        let data = json!({ "conversation_id": conversation, "body": number.to_string(), "client_id": format!("c-{number}") });
        let frame = json!({ "event": "send_message", "id": number, "data": data });
        socket.send_text(&frame.to_string()).await;
    }
    let mut answers = BTreeMap::new();
    while answers.len() < count as usize {
        let frame = socket.next().await.expect("an open socket");
        if let Some(number) = frame["ack"].as_u64() {
            assert!(answers.insert(number, frame).is_none(), "answered twice");
        }
    }
    answers
}

#[tokio::test]
async fn one_message_sent_fifty_times_at_once_is_stored_once() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut sockets = join_all((0..5).map(|_| alice.joined(&id))).await;
    let message = json!({ "conversation_id": id, "body": "once", "client_id": "same" });
    let path = format!("/api/v1/conversations/{id}/messages");
    let over_sockets = join_all(sockets.iter_mut().map(async |socket| {
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(socket.call("send_message", message.clone()).await.unwrap());
        }
        answers
    }));
    let by_rest = join_all(
        (0..25).map(|_| alice.post(&path, json!({ "body": "once", "client_id": "same" }))),
    );
    let (over_sockets, by_rest) = join(over_sockets, by_rest).await;
    let made = by_rest.iter().filter(|answer| answer.status == 201).count();
    assert!(
        made <= 1 && by_rest.iter().all(|answer| answer.status <= 201),
        "{by_rest:?}"
    );
    let all: Vec<Value> = over_sockets
        .into_iter()
        .flatten()
        .chain(by_rest.into_iter().map(|a| a.body))
        .collect();
    assert_eq!(all.len(), 50);
    for answer in &all {
        for name in ["id", "seq", "created_at", "client_id"] {
            assert_eq!(answer[name], all[0][name]);
        }
    }
    assert_eq!(stored(&app, "alice").len(), 1);
    let heard = sockets[0].drain().await;
    let told = heard.iter().filter(|frame| frame["event"] == "new_message");
    assert_eq!(told.count(), 1, "{heard:?}");
}

#[derive(QueryableByName)]
struct Change {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

async fn mute(alice: &Person, id: &str, muted: bool) {
    let path = format!("/api/v1/conversations/{id}/participants/bob");
    alice
        .patch(&path, json!({ "muted": muted }))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn nothing_of_the_muted_is_stored_after_the_mute_and_all_that_was_acknowledged_is() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.group(&alice, &[&bob]).await;
    let mut socket = bob.joined(&id).await;
    let (mut refused_so_far, mut stored_so_far) = (0, 0);
    for round in 0..6 {
        let (answers, ()) = join(pour(&mut socket, &id, round * 1_000 + 1, 200), async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            mute(&alice, &id, true).await;
        })
        .await;
        let (mut said, mut refused) = (Vec::new(), 0);
        for answer in answers.values() {
            match answer["error"]["error_code"].as_str() {
                None => said.push(answer["data"]["seq"].as_i64().unwrap()),
                Some(code) => {
                    assert_eq!(code, "MUTED");
                    refused += 1;
                }
            }
        }
        let change: Change = diesel::sql_query("select max(seq) as seq from participant_changes")
            .get_result(&mut app.connection())
            .unwrap();
        let kept: Vec<i64> = stored(&app, "bob")
            .iter()
            .skip(stored_so_far)
            .map(|row| row.seq)
            .collect();
        said.sort_unstable();
        assert_eq!(kept, said, "what was acknowledged, and only that");
        assert!(
            kept.iter().all(|seq| *seq < change.seq),
            "{kept:?} after {}",
            change.seq
        );
        stored_so_far += kept.len();
        refused_so_far += refused;
        let late = pour(&mut socket, &id, round * 1_000 + 900, 1).await;
        assert_eq!(late[&(round * 1_000 + 900)]["error"]["error_code"], "MUTED");
        mute(&alice, &id, false).await;
    }
    assert!(
        refused_so_far > 0 && stored_so_far > 0,
        "the mutes met no stream of messages: {refused_so_far} refused, {stored_so_far} stored"
    );
}

#[tokio::test]
async fn messages_of_one_sender_keep_their_order_while_others_change_the_conversation() {
    // The listener reads in turn with everything else of this test: on a busy machine much waits for it.
    let options = ["--rate-limits", "off", "--outbox-limit", "8388608"];
    let app = TestApp::with(&options).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.group(&alice, &[&bob]).await;
    let (mut socket, mut listening) = (bob.joined(&id).await, alice.joined(&id).await);
    let path = format!("/api/v1/conversations/{id}");
    let changes = async {
        for number in 0..25 {
            let title = json!({ "title": format!("title {number}") });
            alice.patch(&path, title).await.expect_status(200);
        }
    };
    let hearing = async {
        for number in 1..=600u64 {
            let heard = listening.event("new_message").await;
            assert_eq!(heard["message"]["body"], number.to_string());
        }
    };
    let (answers, (), ()) = join3(pour(&mut socket, &id, 1, 600), changes, hearing).await;
    assert!(answers.values().all(|answer| answer["error"].is_null()));
    let bodies: Vec<u64> = stored(&app, "bob")
        .iter()
        .map(|row| row.body.parse().unwrap())
        .collect();
    assert_eq!(bodies, (1..=600).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_watermark_that_was_acknowledged_never_goes_back() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.group(&alice, &[&bob]).await;
    let mut socket = bob.joined(&id).await;
    for number in 0..40 {
        alice.say(&id, &number.to_string()).await;
    }
    let part = format!("/api/v1/conversations/{id}/participants/bob");
    let changes = async {
        for number in 0..12 {
            let role = json!({ "role": format!("role_{number}") });
            alice.patch(&part, role).await.expect_status(200);
        }
    };
    let marks = async {
        let mut highest = 0;
        for number in 1..=40u64 {
            let seq = if number % 3 == 0 { number / 2 } else { number };
            let data = json!({ "conversation_id": id, "seq": seq });
            let frame = json!({ "event": "mark_seen", "id": number, "data": data });
            socket.send_text(&frame.to_string()).await;
        }
        let mut answered = 0;
        while answered < 40 {
            let frame = socket.next().await.expect("an open socket");
            if frame["ack"].is_u64() {
                answered += 1;
                let stands = frame["data"]["seq"].as_i64().unwrap();
                assert!(
                    stands >= highest,
                    "{highest} was acknowledged, and then {stands}"
                );
                highest = stands;
            }
        }
        assert_eq!(highest, 40);
    };
    join(marks, changes).await;
    let data = json!({ "conversation_id": id, "seq": 39 });
    assert_eq!(socket.call("mark_seen", data).await.unwrap()["seq"], 40);
    let shown = alice.get(&format!("/api/v1/conversations/{id}")).await.body;
    assert_eq!(shown["participants"][1]["read_seq"], 40);
}

/// Says it, again as long as the answer is that it may be said again.
async fn say_for_sure(person: &Person, path: &str, number: usize) {
    let body = json!({ "body": number.to_string(), "client_id": format!("c-{number}") });
    loop {
        let answer = person.post(path, body.clone()).await;
        if answer.status != 503 {
            assert!([200, 201].contains(&answer.status), "{answer:?}");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_while_a_room_is_lost_is_answered_and_heard_once() {
    const SAID: usize = 100;
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    for round in 0..20 {
        let id = app.group(&alice, &[&bob]).await;
        let mut listener = bob.joined(&id).await;
        let path = format!("/api/v1/conversations/{id}/messages");
        let saying = join_all((0..SAID).map(|number| {
            let number = round * SAID + number;
            say_for_sure(&alice, &path, number)
        }));
        let losing = async {
            for _ in 0..6 {
                // Spreads the losses over the time in which they speak.
                tokio::time::sleep(Duration::from_millis(4)).await;
                app.lose_room(&id);
            }
        };
        join(saying, losing).await;
        let mut heard = Vec::new();
        while heard.len() < SAID {
            let seq = listener.event("new_message").await["seq"].as_i64();
            heard.push(seq.expect("a seq"));
        }
        let wanted: Vec<i64> = (1..=SAID as i64).collect();
        assert_eq!(heard, wanted, "round {round}");
    }
}
