//! A script played: a world, two clients of one listener, and the judgement at the end.

use futures_util::future::join_all;
use std::time::{Duration, Instant};

use super::client::Client;
use super::dialect::Dialect;
use super::law::judge;
use super::place::{Place, Standing};
use super::script::{Deed, GROUP, Move, PLACES, Step, Transport};
use super::world::{LISTENER, World};
use crate::client::PATIENCE;
use crate::test_app::TestApp;

struct Theatre<'a> {
    app: &'a mut TestApp,
    world: World,
    clients: Vec<Client>,
}

/// Plays a script to its end and judges it.
pub async fn play(app: &mut TestApp, case: usize, script: &[Step]) {
    if !app.is_running() {
        app.start_again().await;
    }
    let world = World::open(app, case).await;
    let listener = &world.people[LISTENER];
    let client = |dialect| {
        let spots = world.spots.iter();
        let places = spots.map(|spot| Place::new(spot.id.clone(), spot.no));
        Client::new(listener.clone(), dialect, places.collect())
    };
    let clients = Dialect::ALL.into_iter().map(client).collect();
    let mut theatre = Theatre {
        app,
        world,
        clients,
    };
    for client in 0..theatre.clients.len() {
        theatre
            .go(client, Move::ComeBack(Transport::WebSocket, 0))
            .await;
        for place in 0..PLACES {
            theatre.go(client, Move::Join(place)).await;
        }
    }
    for step in script {
        theatre.take(step).await;
    }
    theatre.judge().await;
}

impl Theatre<'_> {
    async fn go(&mut self, client: usize, what: Move) {
        go(&self.world, &mut self.clients[client], what).await;
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Do(deed) => self.world.carry_out(deed).await,
            Step::Meanwhile(deeds, client, what) => {
                let acting = act(&self.world, deeds);
                let moving = go(&self.world, &mut self.clients[*client], *what);
                tokio::join!(acting, moving);
            }
            Step::Move(client, what) => self.go(*client, *what).await,
            Step::Remove(place) => {
                let places = self
                    .clients
                    .iter_mut()
                    .map(|client| &mut client.places[*place]);
                for there in places.filter(|there| there.standing != Standing::Out) {
                    there.shake(Standing::Unsure);
                }
                self.world.remove(*place).await;
            }
            Step::Add(place) => self.world.add(*place).await,
            Step::LoseRoom(place, deeds) => {
                let losing = async {
                    tokio::task::yield_now().await;
                    self.app.lose_room(&self.world.spots[*place].id);
                };
                tokio::join!(act(&self.world, deeds), losing);
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
        self.world.add(GROUP).await;
        for client in &mut self.clients {
            for place in 0..PLACES {
                join_for_sure(&self.world, client, place).await;
            }
        }
        let mut landmarks = Vec::new();
        for place in 0..PLACES {
            landmarks.push(self.world.say(place, 0).await.expect("a landmark"));
        }
        for client in &mut self.clients {
            hear_of(client, &landmarks).await;
            for place in 0..PLACES {
                // What the room pushed before its answer has been read with it.
                join_for_sure(&self.world, client, place).await;
            }
            for place in 0..PLACES {
                compare(&self.world, client, place).await;
            }
        }
    }
}

async fn act(world: &World, deeds: &[Deed]) {
    join_all(deeds.iter().map(|deed| world.carry_out(deed))).await;
}

async fn go(world: &World, client: &mut Client, what: Move) {
    match what {
        Move::Cut => client.cut(),
        Move::ComeBack(transport, ms) => {
            client.come_back(transport).await;
            client.listen(ms).await;
        }
        Move::Listen(ms) => client.listen(ms).await,
        _ if !client.is_connected() => {}
        Move::Join(place) => drop(join(world, client, place).await),
        Move::JoinUnheard(place) => {
            client.places[place].ask_to_join(world.newest(place));
            let request = client.dialect.join(&world.spots[place].id);
            client.tell(request).await;
        }
        Move::Leave(place) => {
            client.places[place].shake(Standing::Unsure);
            let request = client.dialect.leave(&world.spots[place].id);
            if client.ask(request).await.is_some() {
                client.places[place].shake(Standing::Out);
            }
        }
        Move::LeaveUnheard(place) => {
            client.places[place].shake(Standing::Unsure);
            let request = client.dialect.leave(&world.spots[place].id);
            client.tell(request).await;
        }
        Move::Speak(place) => {
            let request = client.dialect.send(&world.spots[place].id, &world.unique());
            client.ask(request).await;
        }
    }
}

/// Joins; whether it was let in.
async fn join(world: &World, client: &mut Client, place: usize) -> bool {
    client.places[place].ask_to_join(world.newest(place));
    let request = client.dialect.join(&world.spots[place].id);
    let Some(answer) = client.ask(request).await else {
        return false;
    };
    let there = &mut client.places[place];
    if answer["success"] == true {
        there.joined(world.newest(place), world.read(place));
        return true;
    }
    assert_ne!(there.standing, Standing::Joined, "turned away: {answer}");
    false
}

async fn join_for_sure(world: &World, client: &mut Client, place: usize) {
    let begun = Instant::now();
    loop {
        if !client.is_connected() {
            client.come_back(Transport::WebSocket).await;
        }
        if join(world, client, place).await {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{:?} can not join",
            client.dialect
        );
    }
}

/// Reads until these messages were heard, each in its place.
async fn hear_of(client: &mut Client, landmarks: &[i64]) {
    let begun = Instant::now();
    loop {
        let mut places = client.places.iter().zip(landmarks);
        if places.all(|(place, seq)| place.has_heard(*seq)) {
            return;
        }
        if !client.is_connected() {
            client.come_back(Transport::Polling).await;
        }
        client.listen(20).await;
        let heard = || {
            client
                .places
                .iter()
                .map(|place| &place.heard)
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
async fn compare(world: &World, client: &Client, place: usize) {
    let there = &client.places[place];
    let (dialect, log) = (client.dialect, &client.log);
    let happened = world.happened(place, dialect);
    if let Err(complaint) = judge(&happened, &there.heard, &there.breaks) {
        panic!(
            "{dialect:?} in place {place}: {complaint}\nheard: {:?}\nhappened: {happened:?}\nbreaks: {:?}\ncame back: {log:?}",
            there.heard, there.breaks
        );
    }
    let fresh = fresh_texts(world, client, place).await;
    let times = |list: &mut dyn Iterator<Item = &String>, seq: &i64| {
        let changes = [format!("edited {seq}"), format!("deleted {seq}")];
        list.filter(|told| changes.contains(told)).count()
    };
    for (seq, text) in &there.texts {
        let told = times(&mut there.heard.iter(), seq);
        // One that has missed a change, while it had left, reads the history again.
        if told == times(&mut happened.iter().map(|one| &one.told), seq) {
            let read = fresh.get(seq);
            assert_eq!(
                Some(text),
                read,
                "{dialect:?}: message {seq} in place {place}; {log:?}"
            );
        }
    }
    for (who, seq) in world.read(place) {
        let then = there.read_at_join.get(&who);
        if then.is_some_and(|then| *then >= seq) {
            continue;
        }
        let known = there.read.get(&who).copied().unwrap_or(0);
        // In one dialect a watermark is told by its message.
        let agrees = match dialect {
            Dialect::Stoory => {
                world.messages_up_to(place, known) == world.messages_up_to(place, seq)
            }
            Dialect::Lola => known == seq,
        };
        assert!(
            agrees,
            "{dialect:?} in place {place}: {who} has read up to {seq}, not {known}; {log:?}"
        );
    }
}

/// The text of each message, as a fresh client of this dialect reads it.
async fn fresh_texts(
    world: &World,
    client: &Client,
    place: usize,
) -> std::collections::HashMap<i64, String> {
    let (id, mut texts, mut page) = (&world.spots[place].id, std::collections::HashMap::new(), 1);
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
