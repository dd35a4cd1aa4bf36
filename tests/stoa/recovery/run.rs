//! A script played: a fixture, two clients of one listener, and the judgement at the end.

use futures_util::future::join_all;
use serde_json::Value;
use std::time::{Duration, Instant};

use super::client::Client;
use super::dialect::Dialect;
use super::fixture::{Fixture, LISTENER};
use super::knowledge::{JoinState, Knowledge};
use super::law::judge;
use super::script::{CONVERSATIONS, GROUP, Move, Operation, Step, Transport};
use super::user_room;
use crate::client::PATIENCE;
use crate::test_app::TestApp;

struct Run<'a> {
    app: &'a mut TestApp,
    fixture: Fixture,
    clients: Vec<Client>,
}

/// Plays a script to its end and judges it.
pub async fn run_script(app: &mut TestApp, case: usize, script: &[Step]) {
    if !app.is_running() {
        app.start_again().await;
    }
    let fixture = Fixture::open(app, case).await;
    let listener = &fixture.people[LISTENER];
    let client = |dialect| {
        let keys = fixture.keys.iter();
        let conversations = keys.map(|key| Knowledge::new(key.id.clone(), key.no));
        Client::new(listener.clone(), dialect, conversations.collect())
    };
    let clients = Dialect::ALL.into_iter().map(client).collect();
    let mut run = Run {
        app,
        fixture,
        clients,
    };
    for client in 0..run.clients.len() {
        run.go(client, Move::ComeBack(Transport::WebSocket, 0))
            .await;
        for conversation in 0..CONVERSATIONS {
            run.go(client, Move::Join(conversation)).await;
        }
    }
    for step in script {
        run.take(step).await;
    }
    run.judge().await;
}

impl Run<'_> {
    async fn go(&mut self, client: usize, what: Move) {
        go(&self.fixture, &mut self.clients[client], what).await;
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Do(operation) => self.fixture.carry_out(operation).await,
            Step::Meanwhile(operations, client, what) => {
                let acting = act(&self.fixture, operations);
                let moving = go(&self.fixture, &mut self.clients[*client], *what);
                tokio::join!(acting, moving);
            }
            Step::Move(client, what) => self.go(*client, *what).await,
            Step::Remove(conversation) => {
                let conversations = self
                    .clients
                    .iter_mut()
                    .map(|client| &mut client.conversations[*conversation]);
                for there in conversations.filter(|there| there.join_state != JoinState::Out) {
                    there.disturb(JoinState::Unsure);
                }
                self.fixture.remove(*conversation).await;
            }
            Step::Add(conversation) => self.fixture.add(*conversation).await,
            Step::LoseRoom(conversation, operations) => {
                let losing = async {
                    tokio::task::yield_now().await;
                    self.app.lose_room(&self.fixture.keys[*conversation].id);
                };
                tokio::join!(act(&self.fixture, operations), losing);
            }
            Step::JoinInVain(client, conversation, operations) => {
                let client = &mut self.clients[*client];
                let joining = join_in_vain(&self.fixture, client, *conversation);
                tokio::join!(act(&self.fixture, operations), joining);
            }
            Step::Restart(is_heard_out) => self.restart(*is_heard_out).await,
        }
    }

    async fn restart(&mut self, is_heard_out: bool) {
        if is_heard_out {
            let hearing = join_all(self.clients.iter_mut().map(Client::listen_to_the_end));
            tokio::join!(self.app.stop(), hearing);
        } else {
            self.clients.iter_mut().for_each(Client::cut);
            self.app.stop().await;
        }
        self.app.start_again().await;
    }

    /// Everybody comes to hear of everything; then what they were told is compared with what happened.
    async fn judge(&mut self) {
        self.fixture.add(GROUP).await;
        for client in &mut self.clients {
            for conversation in 0..CONVERSATIONS {
                join_for_sure(&self.fixture, client, conversation).await;
            }
        }
        let connections: Vec<u64> = self
            .clients
            .iter()
            .map(|client| client.connections)
            .collect();
        let mut landmarks = Vec::new();
        for conversation in 0..CONVERSATIONS {
            landmarks.push(self.fixture.say(conversation, 0).await.expect("a landmark"));
        }
        for (client, connections) in self.clients.iter_mut().zip(connections) {
            hear_of(client, &landmarks).await;
            for conversation in 0..CONVERSATIONS {
                // What the room pushed before its answer has been read with it.
                join_for_sure(&self.fixture, client, conversation).await;
            }
            for conversation in 0..CONVERSATIONS {
                compare(&self.fixture, client, conversation).await;
            }
            if client.connections == connections {
                let keys = &self.fixture.keys;
                client.user_room.compare(keys, &landmarks, &client.log);
            }
        }
    }
}

async fn act(fixture: &Fixture, operations: &[Operation]) {
    join_all(
        operations
            .iter()
            .map(|operation| fixture.carry_out(operation)),
    )
    .await;
}

async fn go(fixture: &Fixture, client: &mut Client, what: Move) {
    match what {
        Move::Cut => client.cut(),
        Move::ComeBack(transport, ms) => {
            client.come_back(transport).await;
            client.listen(ms).await;
        }
        Move::Listen(ms) => client.listen(ms).await,
        _ if !client.is_connected() => {}
        Move::Join(conversation) => drop(join(fixture, client, conversation).await),
        Move::JoinUnheard(conversation) => {
            client.conversations[conversation].ask_to_join(fixture.newest(conversation));
            let request = client.dialect.join(&fixture.keys[conversation].id);
            client.tell(request).await;
        }
        Move::Leave(conversation) => {
            client.conversations[conversation].disturb(JoinState::Unsure);
            let request = client.dialect.leave(&fixture.keys[conversation].id);
            if client.ask(request).await.is_some() {
                client.conversations[conversation].disturb(JoinState::Out);
            }
        }
        Move::LeaveUnheard(conversation) => {
            client.conversations[conversation].disturb(JoinState::Unsure);
            let request = client.dialect.leave(&fixture.keys[conversation].id);
            client.tell(request).await;
        }
        Move::Speak(conversation) => {
            let request = client
                .dialect
                .send(&fixture.keys[conversation].id, &fixture.unique());
            client.ask(request).await;
        }
        Move::UserRoom(wanted) => user_room::go(client, wanted).await,
        Move::UserRoomUnheard(wanted) => user_room::go_unheard(client, wanted).await,
    }
}

/// Joins; whether it was let in.
async fn join(fixture: &Fixture, client: &mut Client, conversation: usize) -> bool {
    client.conversations[conversation].ask_to_join(fixture.newest(conversation));
    let request = client.dialect.join(&fixture.keys[conversation].id);
    let Some(answer) = client.ask(request).await else {
        return false;
    };
    note_answer(fixture, client, conversation, &answer)
}

/// Takes in a join's answer; whether it was let in. A client that had joined may be refused for the moment only, and goes on.
fn note_answer(
    fixture: &Fixture,
    client: &mut Client,
    conversation: usize,
    answer: &Value,
) -> bool {
    let there = &mut client.conversations[conversation];
    there.answered();
    if answer["success"] == true {
        there.joined(fixture.newest(conversation), fixture.read(conversation));
        return true;
    }
    if there.join_state == JoinState::Joined {
        assert_eq!(answer["temporary"], true, "turned away: {answer}");
    }
    let turned_away = format!("turned away from {conversation}: {answer}");
    client.log.push(turned_away);
    false
}

/// Joins while the answer cannot be read.
async fn join_in_vain(fixture: &Fixture, client: &mut Client, conversation: usize) {
    if !client.is_connected() {
        return;
    }
    let lock = fixture.lock_users();
    client.conversations[conversation].ask_to_join(fixture.newest(conversation));
    let request = client.dialect.join(&fixture.keys[conversation].id);
    let answer = client.ask(request).await;
    drop(lock);
    if let Some(answer) = answer {
        note_answer(fixture, client, conversation, &answer);
    }
}

async fn join_for_sure(fixture: &Fixture, client: &mut Client, conversation: usize) {
    let begun = Instant::now();
    loop {
        if !client.is_connected() {
            client.come_back(Transport::WebSocket).await;
        }
        if join(fixture, client, conversation).await {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{:?} cannot join conversation {conversation}; {:?}",
            client.dialect,
            client.log
        );
    }
}

/// Reads until these messages were heard, each in its conversation.
async fn hear_of(client: &mut Client, landmarks: &[i64]) {
    let begun = Instant::now();
    loop {
        let mut conversations = client.conversations.iter().zip(landmarks);
        if conversations.all(|(conversation, seq)| conversation.has_heard(*seq)) {
            return;
        }
        if !client.is_connected() {
            client.come_back(Transport::Polling).await;
        }
        client.listen(20).await;
        let heard = || {
            client
                .conversations
                .iter()
                .map(|conversation| &conversation.heard)
                .collect::<Vec<_>>()
        };
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?} does not hear {landmarks:?} of {:?} ({:?})",
            client.dialect,
            heard(),
            client.log
        );
    }
}

/// What was told is what happened, and what is known is what a fresh client reads.
async fn compare(fixture: &Fixture, client: &Client, conversation: usize) {
    let there = &client.conversations[conversation];
    let (dialect, log) = (client.dialect, &client.log);
    let happened = fixture.happened(conversation, dialect);
    if let Err(complaint) = judge(&happened, &there.heard, &there.breaks) {
        panic!(
            "{dialect:?} in conversation {conversation}: {complaint}\nheard: {:?}\nhappened: {happened:?}\nbreaks: {:?}\ncame back: {log:?}",
            there.heard, there.breaks
        );
    }
    let fresh = fresh_texts(fixture, client, conversation).await;
    let times = |list: &mut dyn Iterator<Item = &String>, seq: &i64| {
        let changes = [format!("edited {seq}"), format!("deleted {seq}")];
        list.filter(|told| changes.contains(told)).count()
    };
    for (seq, text) in &there.texts {
        let told = times(&mut there.heard.iter(), seq);
        // One that has missed a change, while it had left, reads the history again.
        if told == times(&mut happened.iter().map(|one| &one.told), seq) {
            // The front end of one dialect knows no deleted messages: it takes them off its list.
            let is_gone = dialect == Dialect::Stoory && text.is_empty();
            assert_eq!(
                (!is_gone).then_some(text),
                fresh.get(seq),
                "{dialect:?}: message {seq} in conversation {conversation}; {log:?}"
            );
        }
    }
    for (who, seq) in fixture.read(conversation) {
        let then = there.read_at_join.get(&who);
        if then.is_some_and(|then| *then >= seq) {
            continue;
        }
        let known = there.read.get(&who).copied().unwrap_or(0);
        // In one dialect a watermark is told by its message.
        let agrees = match dialect {
            Dialect::Stoory => {
                fixture.messages_up_to(conversation, known)
                    == fixture.messages_up_to(conversation, seq)
            }
            Dialect::Lola => known == seq,
        };
        assert!(
            agrees,
            "{dialect:?} in conversation {conversation}: {who} has read up to {seq}, not {known}; {log:?}"
        );
    }
}

/// The text of each message, as a fresh client of this dialect reads it.
async fn fresh_texts(
    fixture: &Fixture,
    client: &Client,
    conversation: usize,
) -> std::collections::HashMap<i64, String> {
    let (id, mut texts, mut page) = (
        &fixture.keys[conversation].id,
        std::collections::HashMap::new(),
        1,
    );
    let mut after = 0;
    loop {
        let (path, list, field) = match client.dialect {
            Dialect::Stoory => (
                format!("/api/messages/conversations/{id}/messages?limit=100&page={page}"),
                "messages",
                "message",
            ),
            Dialect::Lola => (
                format!("/api/v1/conversations/{id}/messages?limit=100&after={after}"),
                "items",
                "body",
            ),
        };
        let body = client.person.get(&path).await.expect_status(200).body;
        let messages = body[list].as_array().expect("a list");
        for message in messages {
            let uuid =
                uuid::Uuid::parse_str(message["id"].as_str().expect("an id")).expect("a UUID");
            let born = stoa::domain::ids::MessageId::from_uuid(uuid)
                .expect("a message")
                .seq;
            texts.insert(born, message[field].as_str().expect("a text").to_owned());
            after = after.max(born);
        }
        page += 1;
        if messages.len() < 100 {
            return texts;
        }
    }
}
