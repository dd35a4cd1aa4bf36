//! An event is encoded once for each dialect that is present, however many clients listen; in a deal, once for
//! each side that hears it, where it shows its sides different things.

use serde_json::json;

use super::client::SocketIoClient;
use crate::client::{Person, Socket};
use crate::deals::Deal;
use crate::metrics::figure;
use crate::servers::Alone;
use crate::test_app::TestApp;

const FORMS: [&str; 3] = ["native", "stoory", "lola"];

/// Those who hear of a conversation: its two people, over many connections.
#[derive(Default)]
struct Ears {
    native: Vec<Socket>,
    foreign: Vec<SocketIoClient>,
}

impl Ears {
    /// So many more in each form that have joined, and so many that have not.
    async fn more(&mut self, people: [&Person; 2], id: &str, joined: usize, elsewhere: usize) {
        for index in 0..joined + elsewhere {
            let person = people[index % 2];
            let mut stoory = SocketIoClient::stoory(person).await;
            let mut lola = SocketIoClient::lola(person).await;
            match index < joined {
                true => {
                    self.native.push(person.joined(id).await);
                    stoory.call("join_conversation", json!(id)).await;
                    lola.call("chat:join-room", json!(id)).await;
                }
                false => self.native.push(person.socket().await),
            }
            self.foreign.extend([stoory, lola]);
        }
    }

    /// Hears what was told up to now; how many events of this name came.
    async fn hear(&mut self, name: &str) -> usize {
        for socket in &mut self.native {
            socket.drain().await;
        }
        let mut heard = 0;
        for client in &mut self.foreign {
            let events = client.drain().await;
            heard += events.iter().filter(|event| event[0] == name).count();
        }
        heard
    }
}

async fn worded(app: &TestApp) -> [f64; 3] {
    let mut counts = [0.0; 3];
    for (count, form) in counts.iter_mut().zip(FORMS) {
        let name = format!("stoa_events_encoded_total{{form=\"{form}\"}}");
        *count = figure(app.address, &name).await;
    }
    counts
}

/// How often an event was put into words in each form meanwhile.
async fn while_doing(app: &TestApp, deed: impl Future<Output = ()>) -> [f64; 3] {
    let before = worded(app).await;
    deed.await;
    let after = worded(app).await;
    std::array::from_fn(|form| after[form] - before[form])
}

#[actix_rt::test]
async fn however_many_listen_an_event_is_put_into_words_once_in_each_form() {
    let app = TestApp::alone(Alone::Metrics).start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.group(&ann, &[&bob]).await;
    let mut ears = Ears::default();
    ears.more([&ann, &bob], &conversation, 6, 4).await;
    let said = while_doing(&app, async {
        ann.say(&conversation, "hello").await;
        assert_eq!(ears.hear("new_message").await, 6);
    });
    assert_eq!(said.await, [1.0, 1.0, 1.0], "a message");
    let renamed = while_doing(&app, async {
        let path = format!("/api/v1/conversations/{conversation}");
        let renamed = ann.patch(&path, json!({ "title": "Posts" })).await;
        renamed.expect_status(200);
        assert_eq!(ears.hear("conversation_updated").await, 10);
    });
    assert_eq!(renamed.await, [1.0, 1.0, 1.0], "a change");
    let seen = while_doing(&app, async {
        let path = format!("/api/v1/conversations/{conversation}/seen");
        bob.post(&path, json!({ "seq": 1 }))
            .await
            .expect_status(200);
        assert_eq!(ears.hear("message_seen").await, 6);
    });
    assert_eq!(seen.await, [1.0, 1.0, 1.0], "a mark");
}

#[actix_rt::test]
async fn in_a_deal_each_side_that_hears_has_its_own() {
    let deal = Deal::begin().await;
    let sides = [&deal.influencer, &deal.brand_owner];
    let mut ears = Ears::default();
    ears.more(sides, &deal.id, 6, 4).await;
    let visible = async || {
        let (one, other) = (deal.messages(sides[0]).await, deal.messages(sides[1]).await);
        (one.len() + other.len()) as f64
    };
    let (seq, seen) = (last_seq(&deal).await, visible().await);
    let pressed = while_doing(&deal.app, async {
        deal.connect().await;
        let told = ears.hear("conversation_state_changed").await;
        assert_eq!(told, 10, "those who have not joined hear of the step too");
    })
    .await;
    let messages = last_seq(&deal).await - seq - 1.0;
    let for_sides = visible().await - seen;
    assert!(messages > 1.0 && for_sides >= messages);
    let step = 2.0;
    let (the_conversation, the_press) = (2.0, 2.0);
    let stoory = 1.0 + the_conversation + the_press + for_sides;
    let wanted = [step + messages, stoory, step + messages];
    assert_eq!(pressed, wanted);
}

async fn last_seq(deal: &Deal) -> f64 {
    let path = format!("/api/v1/conversations/{}", deal.id);
    let stands = deal.platform.get(&path).await.expect_status(200).body;
    stands["last_seq"].as_f64().expect("a seq")
}

#[actix_rt::test]
async fn nothing_is_put_into_words_that_nobody_hears() {
    let app = TestApp::alone(Alone::Metrics).start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.group(&ann, &[&bob]).await;
    let mut native = ann.joined(&conversation).await;
    let said = while_doing(&app, async {
        bob.say(&conversation, "hello").await;
        native.event("new_message").await;
    });
    assert_eq!(said.await, [1.0, 0.0, 0.0]);
    let mut lola = SocketIoClient::lola(&bob).await;
    lola.call("chat:join-room", json!(conversation)).await;
    let said = while_doing(&app, async {
        bob.say(&conversation, "hello again").await;
        native.event("new_message").await;
        lola.event("chat:new-message").await;
    });
    assert_eq!(said.await, [1.0, 0.0, 1.0]);
}

#[actix_rt::test]
async fn in_a_deal_nobody_is_written_for_who_is_not_there() {
    let deal = Deal::begin_on(TestApp::alone(Alone::Metrics).start().await).await;
    let mut owner = SocketIoClient::stoory(&deal.brand_owner).await;
    owner.call("join_conversation", json!(deal.id)).await;
    let seen = deal.messages(&deal.brand_owner).await.len();
    let pressed = while_doing(&deal.app, async {
        deal.connect().await;
        owner.event("button_action").await;
        owner.drain().await;
    });
    let pressed = pressed.await;
    let messages = (deal.messages(&deal.brand_owner).await.len() - seen) as f64;
    assert_eq!(pressed, [0.0, 3.0 + messages, 0.0]);
}
