//! The bound of what waits, and the order.

use uuid::Uuid;

use super::*;
use crate::wire::frame::Unread;

fn frame(number: u64) -> HeardFrame {
    HeardFrame {
        node: Uuid::from_u128(1),
        number,
        sections: vec![Section::Stopping],
        unread: Unread::Nothing,
    }
}

/// The number of a frame, 0 for apart, `None` for the end.
async fn taken(heard: &mut Heard) -> Option<u64> {
    match heard.next().await? {
        Incoming::Frame(frame) => Some(frame.number),
        Incoming::Apart => Some(0),
        Incoming::Whole => Some(u64::MAX),
    }
}

#[actix_rt::test]
async fn it_comes_in_order_until_the_end() {
    let (inbox, mut heard) = Inbox::open();
    inbox.push_frame(frame(7), 100).unwrap();
    inbox.push_state(State::Apart);
    inbox.push_frame(frame(8), 100).unwrap();
    inbox.push_state(State::Whole);
    inbox.end();
    let mut all = Vec::new();
    while let Some(number) = taken(&mut heard).await {
        all.push(number);
    }
    assert_eq!(all, [7, 0, 8, u64::MAX]);
    assert_eq!(taken(&mut heard).await, None, "it stays ended");
}

#[actix_rt::test]
async fn over_the_bound_all_frames_are_dropped_and_the_states_stay() {
    let (inbox, mut heard) = Inbox::open();
    let quarter = MOST_WAITING / 4 - size_of::<Section>();
    for number in 1..=2 {
        inbox.push_frame(frame(number), quarter).unwrap();
    }
    assert_eq!(taken(&mut heard).await, Some(1));
    for number in 3..=5 {
        inbox.push_frame(frame(number), quarter).unwrap();
        inbox.push_state(State::Apart);
    }
    assert_eq!(inbox.push_frame(frame(6), 0), Err(Full { dropped: 5 }));
    inbox.push_frame(frame(7), quarter).unwrap();
    inbox.end();
    for expected in [Some(0), Some(0), Some(0), Some(7), None] {
        assert_eq!(taken(&mut heard).await, expected);
    }
}

#[test]
fn nothing_waits_for_somebody_who_is_gone() {
    let (inbox, heard) = Inbox::open();
    inbox.push_frame(frame(1), MOST_WAITING / 2).unwrap();
    drop(heard);
    for number in 2..9 {
        inbox.push_frame(frame(number), MOST_WAITING / 2).unwrap();
    }
    inbox.end();
    assert!(inbox.queue.lock().waiting.is_empty());
}

#[actix_rt::test]
async fn whoever_waits_is_woken() {
    let (inbox, mut heard) = Inbox::open();
    let waits = async { taken(&mut heard).await };
    let comes = async {
        tokio::task::yield_now().await;
        inbox.push_state(State::Apart);
    };
    let (heard, ()) = futures_util::future::join(waits, comes).await;
    assert_eq!(heard, Some(0));
}
