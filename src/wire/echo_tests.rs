//! When a server is apart from the others, and when it is whole again.

use clock::ManualClock;
use proptest::prelude::*;

use super::*;

const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn it_is_whole_when_it_hears_itself_and_apart_before() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut echo = Echo::default();
    assert_eq!(echo.state(clock.now()), State::Apart);
    echo.note_sent(1, clock.now());
    assert_eq!(echo.state(clock.now()), State::Apart);
    time.advance(MOMENT);
    assert_eq!(echo.note_heard(1, clock.now()), Some(MOMENT));
    assert_eq!(echo.state(clock.now()), State::Whole);
    assert_eq!(echo.note_heard(1, clock.now()), None, "heard twice");
    assert_eq!(echo.note_heard(2, clock.now()), None, "never said");
    time.advance(10 * DEAF);
    assert_eq!(echo.state(clock.now()), State::Whole, "it says nothing");
}

#[test]
fn a_frame_that_does_not_come_back_sets_it_apart_and_then_makes_it_connect_anew() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut echo = Echo::default();
    echo.note_sent(1, clock.now());
    echo.note_heard(1, clock.now());
    echo.note_sent(2, clock.now());
    time.advance(APART - MOMENT);
    assert_eq!(echo.state(clock.now()), State::Whole);
    time.advance(MOMENT);
    assert_eq!(echo.state(clock.now()), State::Apart);
    time.advance(DEAF - APART - MOMENT);
    assert!(!echo.is_deaf(clock.now()));
    time.advance(MOMENT);
    assert!(echo.is_deaf(clock.now()));
    echo.begin();
    assert!(!echo.is_deaf(clock.now()));
    assert_eq!(echo.note_heard(2, clock.now()), None);
    assert_eq!(echo.state(clock.now()), State::Apart);
}

#[test]
fn a_frame_that_comes_back_late_does_not_make_it_whole() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut echo = Echo::default();
    echo.note_sent(1, clock.now());
    time.advance(WHOLE);
    echo.note_sent(2, clock.now());
    assert_eq!(echo.note_heard(1, clock.now()), Some(WHOLE));
    assert_eq!(echo.state(clock.now()), State::Apart);
    time.advance(MOMENT);
    assert_eq!(echo.note_heard(2, clock.now()), Some(MOMENT));
    assert_eq!(echo.state(clock.now()), State::Whole);
}

#[test]
fn frames_before_one_that_came_back_are_given_up() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut echo = Echo::default();
    for number in [1, 2, 5] {
        echo.note_sent(number, clock.now());
    }
    assert_eq!(echo.note_heard(2, clock.now()), Some(Duration::ZERO));
    assert_eq!(echo.note_heard(1, clock.now()), None);
    time.advance(DEAF);
    assert!(echo.is_deaf(clock.now()), "the fifth");
    echo.note_heard(5, clock.now());
    assert!(!echo.is_deaf(clock.now()));
}

#[derive(Clone, Debug)]
enum Happening {
    Said,
    Heard(u64),
    Passed(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        Just(Happening::Said),
        (0..20_u64).prop_map(Happening::Heard),
        (0..2_000_u64).prop_map(Happening::Passed),
    ]
}

proptest! {
    /// Whatever happens: it is whole only after it has heard itself, and never while a frame is older than `APART`.
    #[test]
    fn it_is_never_whole_while_it_is_deaf(happenings in prop::collection::vec(happening(), 0..60)) {
        let time = ManualClock::standing();
        let clock = time.clock();
        let mut echo = Echo::default();
        let (mut last, mut has_heard) = (0, false);
        for happening in happenings {
            match happening {
                Happening::Said => {
                    last += 1;
                    echo.note_sent(last, clock.now());
                }
                Happening::Heard(number) => {
                    has_heard |= echo.note_heard(number, clock.now()).is_some();
                }
                Happening::Passed(milliseconds) => time.advance(Duration::from_millis(milliseconds)),
            }
            let now = clock.now();
            let is_whole = echo.state(now) == State::Whole;
            prop_assert!(!is_whole || has_heard);
            prop_assert!(!is_whole || !echo.has_waited(APART, now));
            prop_assert!(!is_whole || !echo.is_deaf(now));
        }
    }
}
