//! The demo's deals: a new one, one with an offer open, and a finished one.

use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

use self::Beat::{Paid, Press, Reads, Says};
use super::{find, principal};
use crate::deal::deciding::begin;
use crate::domain::access::beginning::Inviter;
use crate::domain::command::{self, Command, Mark};
use crate::domain::conversation::{Conversation, ConversationKind, Subject};
use crate::domain::flow::{FlowInput, PaymentOutcome, StateVersion};
use crate::domain::ids::ConversationId;
use crate::domain::message::Content;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::connection::SessionDeps;
use crate::error::Error;
use crate::identity::auth::Claims;
use crate::store::creation::{Creation, NewConversation};

const FLOW: &str = "bid";
/// The platform begins deals, in the demo as elsewhere.
const PLATFORM: &str = "marketplace";
/// How often, and after which pause, a room that has not taken in a step yet is asked again.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

struct DealStory {
    id: &'static str,
    title: &'static str,
    influencer: &'static str,
    brand_owner: &'static str,
    /// What the influencer proposed, in paise.
    proposed: i64,
    beats: Vec<Beat>,
}

enum Beat {
    /// A participant presses a button.
    Press(&'static str, &'static str, Value),
    /// The payment is captured.
    Paid,
    /// A participant sends a message.
    Says(&'static str, &'static str),
    /// A participant has read everything so far.
    Reads(&'static str),
}

fn price(rupees: i64) -> Value {
    json!({ "price": { "amount": rupees * 100, "currency": "INR" } })
}

/// A finished deal: negotiated, paid, delivered, approved.
fn done() -> DealStory {
    let details = json!({ "details": "Show the library in Lindenstrasse before and after the refit: one reel and a set of photographs, by the end of the month." });
    let submission = json!({
        "deliverables": "https://example.com/reels/blue-library",
        "description": "One reel of 45 seconds and eight photographs, before and after.",
        "submission_notes": "The music is licensed for a year.",
    });
    let word = json!({ "comment": "Just as I hoped." });
    let thanks = "The owners are delighted. May I recommend you to them?";
    DealStory {
        id: "bid-198",
        title: "A library in blue, before and after",
        influencer: "priya",
        brand_owner: "lena",
        proposed: 900_000,
        beats: vec![
            Press("priya", "accept_connection", json!({})),
            Press("lena", "send_project_details", details),
            Press("priya", "accept_project", json!({})),
            Press("lena", "send_price_offer", price(8_000)),
            Press("priya", "negotiate_price", price(9_500)),
            Press("lena", "accept_negotiation", json!({})),
            Paid,
            Press("priya", "start_work", json!({})),
            Press("priya", "submit_work", submission),
            Press("lena", "approve_work", word),
            Says("lena", thanks),
            Says("priya", "Please do! It was a pleasure."),
            Reads("lena"),
            Reads("priya"),
        ],
    }
}

/// A deal with an open offer.
fn offered() -> DealStory {
    let details = json!({ "details": "A film from your workshop, about three minutes: how our new counter comes about, from the board to the last coat of oil. For our web page and for yours." });
    DealStory {
        id: "bid-203",
        title: "How an oak counter is made",
        influencer: "jonas",
        brand_owner: "mira",
        proposed: 1_500_000,
        beats: vec![
            Press("jonas", "accept_connection", json!({})),
            Press("mira", "send_project_details", details),
            Press("jonas", "accept_project", json!({})),
            Press("mira", "send_price_offer", price(12_000)),
            Reads("mira"),
        ],
    }
}

/// A deal that waits for its first answer.
fn begins() -> DealStory {
    DealStory {
        id: "bid-204",
        title: "Three reels about sourdough",
        influencer: "priya",
        brand_owner: "mira",
        proposed: 600_000,
        beats: vec![],
    }
}

/// Creates the deals through the interfaces that everybody uses.
pub(super) async fn play(deps: &SessionDeps, people: &[Arc<Principal>]) -> Result<(), Error> {
    let claims = Claims {
        sub: PLATFORM.to_owned(),
        name: Some("The marketplace".to_owned()),
        roles: vec!["service".to_owned()],
        ..Claims::default()
    };
    let mut platform = principal(deps, claims).await?;
    platform.roles.service = true;
    for story in [done(), offered(), begins()] {
        let Some(conversation) = begun(deps, &story, &platform, people).await? else {
            continue;
        };
        let mut offered = 0;
        for (number, beat) in story.beats.into_iter().enumerate() {
            happen(deps, &conversation, people, (number, beat), &mut offered).await?;
        }
    }
    Ok(())
}

/// Begins a deal; returns `None` if it exists already.
async fn begun(
    deps: &SessionDeps,
    story: &DealStory,
    platform: &Principal,
    people: &[Arc<Principal>],
) -> Result<Option<Conversation>, Error> {
    let catalogue = &deps.deals.deps().catalogue;
    let Some(definition) = catalogue.current(FLOW) else {
        return Ok(None);
    };
    let part = |id: &str, role: &str| Ok::<_, Error>((find(people, id)?.no, role.to_owned()));
    let proposed = json!({ "amount": story.proposed, "currency": "INR" });
    let mut new = NewConversation {
        first_step: None,
        id: ConversationId::fresh(),
        kind: ConversationKind::Group,
        title: None,
        subject: Some(Subject {
            kind: "bid".to_owned(),
            id: story.id.to_owned(),
            card: json!({ "title": story.title, "url": format!("https://example.com/bids/{}", story.id), "data": { "proposed_price": format!("₹{},000", story.proposed / 100_000) } }),
        }),
        creator: platform.no,
        inviter: Inviter::Platform,
        max_participants: None,
        external_id: None,
        business: None,
        participants: vec![
            part(story.brand_owner, "brand_owner")?,
            part(story.influencer, "influencer")?,
        ],
        first_message: None,
    };
    let context = Map::from_iter([
        ("bid_title".to_owned(), json!(story.title)),
        ("proposed_amount".to_owned(), proposed),
    ]);
    let now = deps.room.pool.clock().now();
    let first = begin(
        &new.as_new(platform, now),
        catalogue,
        &definition,
        context,
        platform,
        now,
    )?;
    new.first_step = Some(first.step);
    match deps.room.journal.create(new).await? {
        Creation::Created(conversation) => Ok(Some(conversation)),
        Creation::Found(_) => Ok(None),
    }
}

async fn happen(
    deps: &SessionDeps,
    conversation: &Conversation,
    people: &[Arc<Principal>],
    (number, beat): (usize, Beat),
    offered: &mut StateVersion,
) -> Result<(), Error> {
    let id = conversation.id;
    match beat {
        Beat::Press(who, action, input) => {
            let press = FlowInput::Press {
                action: action.to_owned(),
                input: input.as_object().cloned().unwrap_or_default(),
                version: None,
            };
            let caller = Arc::clone(find(people, who)?);
            let stands = deps.deals.press(id, caller, press, None).await?;
            *offered = stands
                .get("state_version")
                .and_then(|version| version.as_i64())
                .unwrap_or_default();
        }
        Beat::Paid => pay(deps, conversation, *offered).await?,
        Beat::Says(who, line) => {
            let content = Content::text(Some(format!("story-{id}-{number}")), line.to_owned());
            say(deps, id, find(people, who)?, content).await?;
        }
        Beat::Reads(who) => {
            let seen = Command::Mark {
                mark: Mark::Seen(command::Reads::All),
                seq: i64::MAX,
            };
            let reader = Arc::clone(find(people, who)?);
            deps.rooms.ask(id, reader, seen).await?;
        }
    }
    Ok(())
}

/// Sends a message as soon as the room has taken in that everybody may.
async fn say(
    deps: &SessionDeps,
    id: ConversationId,
    speaker: &Arc<Principal>,
    content: Content,
) -> Result<(), Error> {
    let content = Arc::new(content);
    for _ in 0..ATTEMPTS {
        let said = Command::Send(Arc::clone(&content));
        match deps.rooms.ask(id, Arc::clone(speaker), said).await {
            Err(Error::Refused(Refusal::Flow(flow::Refusal::ChatNotAllowed { .. }))) => {
                tokio::time::sleep(PAUSE).await;
            }
            said => return said.map(drop),
        }
    }
    Err(Error::internal("a deal that is over takes no text"))
}

/// Reports a payment as the jobs would, which do not run yet.
async fn pay(
    deps: &SessionDeps,
    conversation: &Conversation,
    order: StateVersion,
) -> Result<(), Error> {
    let ready = PaymentOutcome::Ready {
        checkout: json!({}),
    };
    for (name, outcome) in [("ready", ready), ("paid", PaymentOutcome::Paid)] {
        let told = FlowInput::Payment { order, outcome };
        let once = format!("story:{order}:{name}");
        let deal_sink = deps.deals.deal_sink();
        deal_sink.deliver(conversation.no, told, once).await?;
    }
    Ok(())
}
