//! How a test waits for what comes about by itself: it fails with what it awaited, and with what it saw last.

use std::fmt::Debug;
use std::time::Duration;

use crate::client::PATIENCE;
use crate::drive::polling::{poll, poll_blocking};

/// Waits until what `look` sees is as it should be, and answers it.
pub async fn until<T: Debug>(
    what: &str,
    look: impl AsyncFnMut() -> T,
    is_so: impl Fn(&T) -> bool,
) -> T {
    until_within(PATIENCE, what, look, is_so).await
}

/// `until` with another deadline.
pub async fn until_within<T: Debug>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> T,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let looked = poll(what, patience, async || check(look().await, &is_so));
    looked.await.unwrap_or_else(|late| panic!("{late}"))
}

/// `until` for a thread without a runtime.
pub fn until_blocking<T: Debug>(
    what: &str,
    mut look: impl FnMut() -> T,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let looked = poll_blocking(what, PATIENCE, || check(look(), &is_so));
    looked.unwrap_or_else(|late| panic!("{late}"))
}

fn check<T>(seen: T, is_so: impl Fn(&T) -> bool) -> Result<T, T> {
    if is_so(&seen) { Ok(seen) } else { Err(seen) }
}

#[tokio::test]
async fn a_wait_ends_with_what_was_awaited() {
    let mut looks = 0;
    let third = until(
        "the third look",
        async || {
            looks += 1;
            looks
        },
        |n| *n == 3,
    );
    assert_eq!(third.await, 3);
}

#[tokio::test]
#[should_panic(expected = "waited 30ms in vain for a miracle; seen last: 7")]
async fn a_wait_in_vain_says_for_what_and_what_was_there_instead() {
    let patience = Duration::from_millis(30);
    until_within(patience, "a miracle", async || 7, |n| *n == 8).await;
}

#[test]
fn a_thread_without_a_runtime_waits_likewise() {
    let mut looks = 0;
    let look = || {
        looks += 1;
        looks
    };
    assert_eq!(until_blocking("the third look", look, |n| *n == 3), 3);
}
