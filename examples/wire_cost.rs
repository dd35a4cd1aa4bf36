//! Measures what the wire between servers costs for each message: queueing, encoding and sealing at the sender, opening and decoding at a
//! receiver.
//!
//! `cargo run --profile dist --example wire_cost` prints nanoseconds and bytes for each message.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use chrono::{DateTime, Utc};
use clock::Clock;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stoa::domain::entry::{Entry, Fact};
use stoa::domain::ids::{ConversationId, ConversationNo, MessageId, UserId, UserNo};
use stoa::domain::message::{Content, Message};
use stoa::wire::frame;
use stoa::wire::frames::{Frame, Frames};
use stoa::wire::outgoing::Outgoing;
use stoa::wire::seal::{Opener, Sealer, WireKey};
use stoa::wire::section::{CommittedEntries, Section, WireEntries};
use uuid::Uuid;

/// Messages in a frame, each of a conversation of its own: 200 frames a second carry 20,000 messages.
const MESSAGES: i64 = 100;
/// Characters of a message.
const CHARACTERS: usize = 100;
/// Frames that are measured.
const FRAMES: u32 = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let (outgoing, gathered) = Outgoing::open(Clock::default());
    outgoing.set_peers(true);
    let key = WireKey::new(&[1; 32]);
    let mut frames = Frames::new(gathered, Sealer::new(&key, Uuid::now_v7())?);
    let mut opener = Opener::new(key);
    let mut spent = Spent::default();
    let mut bytes = 0;
    for number in 0..FRAMES {
        let messages: Vec<Section> = (0..MESSAGES).map(|i| message(i, number.into())).collect();
        let begin = Instant::now();
        for section in messages {
            outgoing.say(|| section);
        }
        spent.queueing += begin.elapsed();
        let begin = Instant::now();
        let Some(frame) = frames.next_now()? else {
            return Err("nothing waits".into());
        };
        spent.encoding += begin.elapsed();
        bytes += frame.bytes.len();
        receive(&mut opener, &frame, &mut spent)?;
    }
    let messages = f64::from(FRAMES) * MESSAGES as f64;
    println!("for each message of {CHARACTERS} characters, in frames of {MESSAGES}:");
    for (what, time) in [
        ("queueing", spent.queueing),
        ("encoding and sealing", spent.encoding),
        ("opening, reading the headers", spent.opening),
        ("decoding", spent.decoding),
    ] {
        println!("{:>8.0} ns  {what}", time.as_nanos() as f64 / messages);
    }
    println!("{:>8.0} bytes", bytes as f64 / messages);
    Ok(())
}

#[derive(Default)]
struct Spent {
    queueing: Duration,
    encoding: Duration,
    opening: Duration,
    decoding: Duration,
}

fn receive(opener: &mut Opener, frame: &Frame, spent: &mut Spent) -> Result<(), String> {
    let begin = Instant::now();
    let heard = frame::read(opener, &frame.bytes).map_err(|why| format!("{why:?}"))?;
    spent.opening += begin.elapsed();
    let begin = Instant::now();
    for section in &heard.sections {
        if let Section::Entries(committed) = section {
            black_box(committed.entries.read());
        }
    }
    spent.decoding += begin.elapsed();
    Ok(())
}

/// A message in a conversation of two.
fn message(no: i64, seq: i64) -> Section {
    let at: DateTime<Utc> = Utc::now();
    let seq = seq + 1;
    let no = ConversationNo(1_000_000 + no);
    let content = Content::text(Some(Uuid::now_v7().to_string()), "x".repeat(CHARACTERS));
    let message = Message {
        id: MessageId {
            conversation: no,
            seq,
        },
        sender: UserNo(1_234_567),
        sender_id: UserId::stored("auth0|507f1f77bcf86cd799439020".into()),
        actor_id: None,
        content: Arc::new(content),
        card: None,
        created_at: at,
        edited_at: None,
        deleted_at: None,
        from_blocked: false,
    };
    let fact = Fact::Said(message);
    Section::Entries(CommittedEntries {
        conversation: ConversationId::fresh(),
        no,
        first: seq,
        last: seq,
        people: vec![UserNo(1_234_567), UserNo(7_654_321)],
        newcomers: Vec::new(),
        entries: WireEntries::Values([Entry { seq, at, fact }].into()),
    })
}
