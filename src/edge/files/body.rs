//! The body of an upload, which is not read before the upload is admitted.

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use bytes::Bytes;
use clock::Clock;
use futures_util::StreamExt;
use std::cell::RefCell;
use std::future::{Ready, ready};
use std::time::Duration;

use crate::edge::http::Failure;
use crate::edge::http::call::Text;

/// Bytes that are still read from a refused client: many clients read the answer only after they have sent the body.
const DRAINED_BYTES: usize = 1024 * 1024;
/// How long it may go on sending that.
const DRAINED_TIME: Duration = Duration::from_secs(2);
/// The window over which the rate of an upload is measured.
const WINDOW: Duration = Duration::from_secs(60);
/// The bytes that must come in that time: 1 KiB/s.
const LEAST_BYTES: u64 = 60 * 1_024;

/// The body of an upload.
pub struct UploadBody {
    payload: RefCell<Option<Payload>>,
    headers: HeaderMap,
    summary: String,
}

impl FromRequest for UploadBody {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers().clone();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (length, kind) = (text(CONTENT_LENGTH), text(CONTENT_TYPE));
        let query = request.query_string();
        let summary = format!("{query}\n{length:?}\n{}", main_part(kind));
        ready(Ok(Self {
            payload: RefCell::new(Some(payload.take())),
            headers,
            summary,
        }))
    }
}

/// A media type without parameters: the boundary of a form is another each time.
fn main_part(kind: Option<&str>) -> &str {
    let kind = kind.unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}

impl Text for UploadBody {
    /// Two uploads with one key are told apart by their query, length and type: the bytes are not read.
    fn text(&self) -> &str {
        &self.summary
    }
}

impl UploadBody {
    /// The body; nothing, if it was taken before.
    pub(super) fn take(&self) -> Payload {
        self.payload.take().unwrap_or(Payload::None)
    }

    /// The headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The media type that the client gives.
    pub(super) fn media_type(&self) -> Option<&str> {
        let kind = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(main_part(Some(kind))).filter(|kind| !kind.is_empty())
    }

    /// The length that the client announces; `None` for one that it does not know.
    pub(super) fn length(&self) -> Option<u64> {
        let length = self.headers.get(CONTENT_LENGTH)?;
        length.to_str().ok()?.trim().parse().ok()
    }

    /// Reads on for a while if nobody has read the body, so that the client gets its answer.
    pub async fn drain(&self) {
        drain(&mut self.take()).await;
    }
}

/// Reads a little of a body that is not used.
pub(super) async fn drain<S, E>(body: &mut S)
where
    S: futures_util::Stream<Item = Result<Bytes, E>> + Unpin,
{
    let reading = async {
        let mut left = DRAINED_BYTES;
        while let Some(Ok(bytes)) = body.next().await {
            left = left.saturating_sub(bytes.len());
            if left == 0 {
                break;
            }
        }
    };
    // What comes later is not read.
    let _late = tokio::time::timeout(DRAINED_TIME, reading).await;
}

/// Why a body ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The connection was lost, or the body is malformed.
    Lost,
    /// Too little of it came for too long.
    TooSlow,
}

/// A body with a minimum rate. Time in which the server does not read is not counted.
pub(super) struct PacedBody<S> {
    body: S,
    clock: Clock,
    /// How long was waited for bytes in this window, and how many came.
    waited: Duration,
    came: u64,
}

impl<S, E> PacedBody<S>
where
    S: futures_util::Stream<Item = Result<Bytes, E>> + Unpin,
{
    pub(super) fn new(body: S, clock: Clock) -> Self {
        Self {
            body,
            clock,
            waited: Duration::ZERO,
            came: 0,
        }
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        loop {
            let left = WINDOW.saturating_sub(self.waited);
            let begun = self.clock.now();
            let next = tokio::time::timeout(left, self.body.next()).await;
            self.waited += self.clock.now().duration_since(begun);
            if let Ok(Some(Ok(bytes))) = &next {
                self.came += bytes.len() as u64;
            }
            let is_late = self.waited >= WINDOW;
            if is_late && self.came < LEAST_BYTES {
                return Some(Err(Cut::TooSlow));
            }
            if is_late {
                (self.waited, self.came) = (Duration::ZERO, 0);
            }
            match next {
                Ok(next) => return next.map(|bytes| bytes.map_err(|_| Cut::Lost)),
                // The timer runs by the machine's clock, which may be ahead of this one.
                Err(_) => continue,
            }
        }
    }

    /// The rest.
    pub(super) fn rest(&mut self) -> &mut S {
        &mut self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;
    use futures_util::stream;

    type Chunk = Result<Bytes, ()>;

    #[tokio::test]
    async fn a_body_that_gets_on_is_read_to_its_end() {
        let time = ManualClock::standing();
        let chunks: Vec<Chunk> = vec![Ok(Bytes::from_static(b"a")), Ok(Bytes::from_static(b"b"))];
        let mut body = PacedBody::new(stream::iter(chunks), time.clock());
        assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"a"))));
        assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"b"))));
        assert_eq!(body.next().await, None);
        let lost: Vec<Chunk> = vec![Err(())];
        let mut body = PacedBody::new(stream::iter(lost), time.clock());
        assert_eq!(body.next().await, Some(Err(Cut::Lost)));
    }

    #[tokio::test]
    async fn a_body_of_which_too_little_comes_is_cut() {
        let time = ManualClock::standing();
        // Each chunk takes a second to come.
        let slow = |size: usize| {
            let time = time.clone();
            Box::pin(stream::unfold(0, move |at| {
                time.advance(Duration::from_secs(1));
                let chunk: Chunk = Ok(Bytes::from(vec![0; size]));
                async move { (at < 1_000).then_some((chunk, at + 1)) }
            }))
        };
        let mut body = PacedBody::new(slow(1_023), time.clock());
        for _ in 0..59 {
            assert!(matches!(body.next().await, Some(Ok(_))));
        }
        assert_eq!(body.next().await, Some(Err(Cut::TooSlow)));
        let mut body = PacedBody::new(slow(1_024), time.clock());
        for _ in 0..1_000 {
            assert!(matches!(body.next().await, Some(Ok(_))));
        }
        assert_eq!(body.next().await, None);
    }
}
