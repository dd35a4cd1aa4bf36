//! An event is put into words once for each form that is present, whoever hears it and however many they are.

use serde_json::json;

use super::bounds::figure;
use super::talker::Talker;
use crate::client::Socket;
use crate::deals::Deal;
use crate::house::House;

const FORMS: [&str; 3] = ["native", "stoory", "lola"];

/// Those who hear of a deal: both of its people, over many connections.
#[derive(Default)]
struct Ears {
    native: Vec<Socket>,
    foreign: Vec<Talker>,
}

impl Ears {
    /// So many more in each form that have joined, and so many that have not.
    async fn more(&mut self, deal: &Deal, joined: usize, elsewhere: usize) {
        for place in 0..joined + elsewhere {
            let person = match place % 2 {
                0 => &deal.influencer,
                _ => &deal.brand_owner,
            };
            let mut stoory = Talker::stoory(person).await;
            let mut lola = Talker::lola(person).await;
            match place < joined {
                true => {
                    self.native.push(person.joined(&deal.id).await);
                    stoory.call("join_conversation", json!(deal.id)).await;
                    lola.call("chat:join-room", json!(deal.id)).await;
                }
                false => self.native.push(person.socket().await),
            }
            self.foreign.extend([stoory, lola]);
        }
    }

    /// Hears what was told up to now; what those in the Stoory words heard of this name.
    async fn hear(&mut self, name: &str) -> usize {
        for socket in &mut self.native {
            socket.drain().await;
        }
        let mut heard = 0;
        for talker in &mut self.foreign {
            let events = talker.drain().await;
            heard += events.iter().filter(|event| event[0] == name).count();
        }
        heard
    }
}

async fn worded(house: &House) -> [f64; 3] {
    let mut counts = [0.0; 3];
    for (count, form) in counts.iter_mut().zip(FORMS) {
        let name = format!("stoa_events_encoded_total{{form=\"{form}\"}}");
        *count = figure(house, &name).await;
    }
    counts
}

/// How many events were put into words in each form meanwhile.
async fn while_doing(deal: &Deal, deed: impl Future<Output = ()>) -> [f64; 3] {
    let before = worded(&deal.house).await;
    deed.await;
    let after = worded(&deal.house).await;
    std::array::from_fn(|form| after[form] - before[form])
}

async fn last_seq(deal: &Deal) -> f64 {
    let path = format!("/api/v1/conversations/{}", deal.id);
    let stands = deal.platform.get(&path).await.expect_status(200).body;
    stands["last_seq"].as_f64().expect("a seq")
}

async fn say(deal: &Deal) {
    let path = format!("/api/v1/conversations/{}/messages", deal.id);
    let said = json!({ "body": "hello", "kind": "system" });
    deal.platform.post(&path, said).await.expect_status(201);
}

async fn rename(deal: &Deal) {
    let path = format!("/api/v1/conversations/{}", deal.id);
    let renamed = deal.platform.patch(&path, json!({ "title": "Posts" }));
    renamed.await.expect_status(200);
}

#[actix_rt::test]
async fn however_many_listen_an_event_is_put_into_words_once_in_each_form() {
    let deal = Deal::begin().await;
    let mut ears = Ears::default();
    ears.more(&deal, 6, 4).await;
    let said = while_doing(&deal, async {
        say(&deal).await;
        ears.hear("new_message").await;
    });
    assert_eq!(said.await, [1.0, 1.0, 1.0], "a message");
    let renamed = while_doing(&deal, async {
        rename(&deal).await;
        ears.hear("conversation_updated").await;
    });
    assert_eq!(
        renamed.await,
        [1.0, 1.0, 1.0],
        "a change of the conversation"
    );
    let before = last_seq(&deal).await;
    let pressed = while_doing(&deal, async {
        deal.connect().await;
        let told = ears.hear("conversation_state_changed").await;
        assert_eq!(told, 10, "those who have not joined hear of the step too");
    })
    .await;
    let changes = last_seq(&deal).await - before;
    assert!(changes > 1.0, "the step, and what is said with it");
    let with_the_press = changes + 1.0;
    assert_eq!(pressed, [changes, with_the_press, changes], "a step");
}

#[actix_rt::test]
async fn nothing_is_put_into_words_that_nobody_hears() {
    let deal = Deal::begin().await;
    let mut native = deal.influencer.joined(&deal.id).await;
    let said = while_doing(&deal, async {
        say(&deal).await;
        native.event("new_message").await;
    });
    assert_eq!(said.await, [1.0, 0.0, 0.0]);
    let mut ears = Ears::default();
    let mut lola = Talker::lola(&deal.brand_owner).await;
    lola.call("chat:join-room", json!(deal.id)).await;
    ears.foreign.push(lola);
    let said = while_doing(&deal, async {
        say(&deal).await;
        native.event("new_message").await;
        ears.hear("").await;
    });
    assert_eq!(said.await, [1.0, 0.0, 1.0]);
}
