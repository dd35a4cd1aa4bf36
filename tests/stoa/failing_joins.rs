//! Joins whose answer cannot be read for a moment. A client that has joined before hears everything all the same, each event once and
//! in order; one that has not is refused.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::client::Socket;
use crate::lola::Desk;
use crate::servers::Alone;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// Holds what every join reads, and what no message needs.
struct Locked(PgConnection);

impl Locked {
    fn users(app: &TestApp) -> Self {
        let mut connection = app.connection();
        let lock = "begin; lock table users in access exclusive mode";
        connection.batch_execute(lock).expect("a lock");
        Self(connection)
    }

    fn release(mut self) {
        self.0.batch_execute("commit").expect("let go");
    }
}

/// A server whose reads wait for a lock for a short while only.
async fn impatient() -> TestApp {
    TestApp::alone(Alone::Failures)
        .with(&["--rate-limits", "off", "--lock-timeout-ms", "500"])
        .await
}

/// Waits until something waits for a lock.
async fn until_waiting(app: &TestApp) {
    let waiting = "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    app.until_count(waiting, 1).await;
}

async fn say(socket: &mut Socket, conversation: &str, body: &str) {
    let message = json!({ "conversation_id": conversation, "body": body });
    let sent = socket.call("send_message", message).await;
    sent.expect("sent");
}

async fn join(socket: &mut Socket, conversation: &str) -> Result<Value, Value> {
    let wanted = json!({ "conversation_id": conversation });
    socket.call("join_conversation", wanted).await
}

#[track_caller]
fn must_be_unavailable(refused: &Value) {
    assert!(refused.to_string().contains("UNAVAILABLE"), "{refused}");
}

/// Exactly these messages come next, and nothing else that was said.
async fn must_hear(socket: &mut Socket, bodies: &[&str]) {
    for body in bodies {
        let message = socket.event("new_message").await;
        assert_eq!(message["message"]["body"], *body);
    }
    let rest = socket.drain().await;
    let is_said = |frame: &Value| frame["event"] == "new_message";
    assert!(!rest.iter().any(is_said), "{rest:?}");
}

#[tokio::test]
async fn a_native_client_that_joins_again_in_vain_hears_everything() {
    let app = impatient().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.direct(&ann, &bob).await;
    let (mut sending, mut told) = (ann.joined(&id).await, bob.joined(&id).await);
    say(&mut sending, &id, "before").await;
    for _ in 0..2 {
        let lock = Locked::users(&app);
        let meanwhile = async {
            until_waiting(&app).await;
            say(&mut sending, &id, "meanwhile").await;
        };
        let (refused, ()) = tokio::join!(join(&mut told, &id), meanwhile);
        must_be_unavailable(&refused.expect_err("it cannot be read"));
        lock.release();
    }
    say(&mut sending, &id, "after").await;
    let all = ["before", "meanwhile", "meanwhile", "after"];
    must_hear(&mut told, &all).await;
    join(&mut told, &id).await.expect("joined");
    say(&mut sending, &id, "and on").await;
    must_hear(&mut told, &["and on"]).await;
}

#[tokio::test]
async fn two_joins_at_once_of_a_client_that_has_joined_end_in_one_stream() {
    let app = impatient().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.direct(&ann, &bob).await;
    let (mut sending, mut told) = (ann.joined(&id).await, bob.joined(&id).await);
    let lock = Locked::users(&app);
    let wanted = |number: u64| json!({ "event": "join_conversation", "id": number, "data": { "conversation_id": id } });
    for number in [901, 902] {
        told.send_text(&wanted(number).to_string()).await;
    }
    until_waiting(&app).await;
    say(&mut sending, &id, "meanwhile").await;
    for number in [901, 902] {
        must_be_unavailable(&told.answer_to(number).await);
    }
    lock.release();
    say(&mut sending, &id, "after").await;
    must_hear(&mut told, &["meanwhile", "after"]).await;
}

#[tokio::test]
async fn a_client_whose_room_ends_while_it_joins_again_hears_everything() {
    let app = TestApp::alone(Alone::Failures).start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.direct(&ann, &bob).await;
    let (mut sending, mut told) = (ann.joined(&id).await, bob.joined(&id).await);
    let lock = Locked::users(&app);
    let meanwhile = async {
        until_waiting(&app).await;
        say(&mut sending, &id, "meanwhile").await;
        app.panic_room(&id);
    };
    let (refused, ()) = tokio::join!(join(&mut told, &id), meanwhile);
    must_be_unavailable(&refused.expect_err("its room has ended"));
    lock.release();
    say(&mut sending, &id, "after").await;
    must_hear(&mut told, &["meanwhile", "after"]).await;
}

#[tokio::test]
async fn a_first_join_in_vain_is_refused_and_can_be_made_again() {
    let app = impatient().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.direct(&ann, &bob).await;
    let (mut sending, mut waiting) = (ann.joined(&id).await, bob.socket().await);
    let lock = Locked::users(&app);
    let refused = join(&mut waiting, &id).await;
    must_be_unavailable(&refused.expect_err("it cannot be read"));
    lock.release();
    say(&mut sending, &id, "unheard").await;
    must_hear(&mut waiting, &[]).await;
    join(&mut waiting, &id).await.expect("joined");
    say(&mut sending, &id, "heard").await;
    must_hear(&mut waiting, &["heard"]).await;
}

/// What the next events of this name say, as many as are wanted.
async fn told(client: &mut SocketIoClient, name: &str, field: &str, count: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..count {
        let event = client.event(name).await;
        let body = event.pointer(field).and_then(Value::as_str);
        told.push(body.unwrap_or_else(|| panic!("{event}")).to_owned());
    }
    let rest = client.come(name);
    assert!(rest.is_empty(), "{rest:?}");
    told
}

#[actix_rt::test]
async fn clients_of_socketio_that_join_again_in_vain_hear_everything() {
    let desk = Desk::on(impatient().await).await;
    let mut lola = SocketIoClient::lola(&desk.sam).await;
    let mut stoory = SocketIoClient::stoory(&desk.sam).await;
    let room = json!({ "roomId": desk.room });
    lola.call("chat:join-room", room.clone()).await;
    stoory.call("join_conversation", json!(desk.room)).await;
    let lock = Locked::users(&desk.app);
    let meanwhile = async {
        until_waiting(&desk.app).await;
        desk.ann.say(&desk.room, "meanwhile").await;
    };
    let (refused, ()) = tokio::join!(lola.ask("chat:join-room", room), meanwhile);
    must_be_unavailable(&refused);
    // Its answers have no messages, so nothing is read for them.
    stoory.call("join_conversation", json!(desk.room)).await;
    lock.release();
    desk.ann.say(&desk.room, "after").await;
    let all = ["meanwhile", "after"];
    let heard = told(&mut lola, "chat:new-message", "/content", 2).await;
    assert_eq!(heard, all);
    let heard = told(&mut stoory, "new_message", "/message/message", 2).await;
    assert_eq!(heard, all);
}

#[actix_rt::test]
async fn a_client_that_is_told_what_it_missed_and_joins_again_in_vain_is_told_the_rest() {
    let desk = Desk::on(impatient().await).await;
    let mut sam = SocketIoClient::lola(&desk.sam).await;
    let room = json!({ "roomId": desk.room });
    sam.call("chat:join-room", room.clone()).await;
    desk.ann.say(&desk.room, "0").await;
    sam.event("chat:new-message").await;
    let away = sam.disconnect();
    // More than a page.
    let missed: Vec<String> = (1..=130).map(|number| number.to_string()).collect();
    for text in &missed {
        desk.ann.say(&desk.room, text).await;
    }
    let lock = Locked::users(&desk.app);
    let (mut sam, is_found) = away.again(&desk.sam).await;
    assert!(is_found);
    let refused = sam.ask("chat:join-room", room.clone()).await;
    must_be_unavailable(&refused);
    lock.release();
    let heard = told(&mut sam, "chat:new-message", "/content", missed.len()).await;
    assert_eq!(heard, missed);
    sam.call("chat:join-room", room).await;
    desk.ann.say(&desk.room, "after").await;
    let heard = told(&mut sam, "chat:new-message", "/content", 1).await;
    assert_eq!(heard, ["after"]);
}
