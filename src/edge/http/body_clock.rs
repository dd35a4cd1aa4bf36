//! Limits the time of a request's body, in total and by a minimum rate. A late body ends its request with 408, whatever the
//! endpoint.

use actix_http::ConnectionType;
use actix_http::error::PayloadError;
use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use bytes::Bytes;
use clock::Clock;
use futures_util::Stream;
use std::cell::RefCell;
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time::{Sleep, sleep};

use super::Failure;
use crate::config::BoundOptions;
use crate::domain::refusal::Refusal;

/// The minimum rate applies after this time: connections start slowly.
const GRACE: Duration = Duration::from_secs(5);
/// How long one request may upload a file.
const LONGEST_UPLOAD: Duration = Duration::from_secs(24 * 3_600);

/// How long bodies may take.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    whole: Duration,
    /// The minimum rate applies after this time.
    grace: Duration,
    rate: u32,
}

impl Allowance {
    /// The limits from the options.
    pub fn new(options: &BoundOptions) -> Self {
        Self {
            whole: Duration::from_secs(u64::from(options.body_seconds)),
            grace: GRACE,
            rate: options.body_rate,
        }
    }

    /// The limits of the body of an upload, which is large, and has a minimum rate of its own.
    pub fn of_upload() -> Self {
        Self {
            whole: LONGEST_UPLOAD,
            grace: LONGEST_UPLOAD,
            rate: 1,
        }
    }

    /// The time after which a body with this many bytes received is late.
    fn patience(self, come: u64) -> Duration {
        let earned = Duration::from_secs_f64(come as f64 / f64::from(self.rate));
        self.whole.min(self.grace.saturating_add(earned))
    }
}

/// The progress of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The body has not been read to its end.
    Coming,
    Whole,
    Late,
}

struct Timed {
    payload: Payload,
    allowance: Allowance,
    clock: Clock,
    begun: Instant,
    come: u64,
    progress: Progress,
    /// Runs only while a handler waits for the body.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The clock of one request's body.
pub struct BodyClock(Rc<RefCell<Timed>>);

impl BodyClock {
    /// Starts to time the request's body, whichever extractor reads it. What a socket sends after its handshake is not a body.
    pub fn start(request: &mut ServiceRequest, allowance: Allowance, clock: Clock) -> Option<Self> {
        let payload = match request.take_payload() {
            Payload::None => return None,
            payload => payload,
        };
        let timed = Rc::new(RefCell::new(Timed::new(payload, allowance, clock)));
        let read = Box::pin(Reading(Rc::clone(&timed)));
        request.set_payload(Payload::Stream { payload: read });
        Some(Self(timed))
    }

    /// Returns the response, or 408 if the body was late. The server does not wait for the rest of a body that was not read to its
    /// end: the payload is kept until the response is sent, and the connection closes then.
    pub fn conclude(self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let progress = self.0.borrow().progress;
        let response = match progress {
            Progress::Whole => return response,
            Progress::Coming => response,
            Progress::Late => {
                let late = Failure::from(Refusal::BodyTooSlow);
                let mut late = actix_web::HttpResponse::from_error(late);
                late.head_mut().set_connection_type(ConnectionType::Close);
                response.into_response(late)
            }
        };
        response.map_body(|_, body| BoxBody::new(Holding { body, _held: self }))
    }
}

struct Reading(Rc<RefCell<Timed>>);

impl Stream for Reading {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll(context)
    }
}

impl Timed {
    fn new(payload: Payload, allowance: Allowance, clock: Clock) -> Self {
        Self {
            payload,
            allowance,
            begun: clock.now(),
            clock,
            come: 0,
            progress: Progress::Coming,
            timer: None,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        let next = Pin::new(&mut self.payload).poll_next(context);
        match &next {
            Poll::Ready(None) => self.progress = Progress::Whole,
            Poll::Ready(Some(Ok(bytes))) => self.come += bytes.len() as u64,
            Poll::Ready(Some(Err(_))) => {}
            Poll::Pending => return self.poll_late(context),
        }
        self.timer = None;
        next
    }

    /// Completes when the time is up.
    fn poll_late(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, PayloadError>>> {
        while let Some(left) = self.time_left() {
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(left)));
            ready!(timer.as_mut().poll(context));
            self.timer = None;
        }
        self.progress = Progress::Late;
        let late = Error::new(ErrorKind::TimedOut, "the body is late");
        Poll::Ready(Some(Err(PayloadError::Io(late))))
    }

    /// How long the body may go on as it is; none when it is late.
    fn time_left(&self) -> Option<Duration> {
        let taken = self.clock.now().duration_since(self.begun);
        let patience = self.allowance.patience(self.come);
        patience.checked_sub(taken).filter(|left| !left.is_zero())
    }
}

/// A response body that keeps a value alive until the body is sent.
pub struct Holding<T> {
    /// The body.
    pub body: BoxBody,
    /// The value.
    pub _held: T,
}

impl<T: Unpin> MessageBody for Holding<T> {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;
    use futures_util::{StreamExt, stream};
    use proptest::prelude::*;

    fn allowance(whole: u64, rate: u32) -> Allowance {
        Allowance {
            whole: Duration::from_secs(whole),
            grace: GRACE,
            rate,
        }
    }

    #[test]
    fn a_body_has_its_grace_then_its_rate_and_never_more_than_the_whole() {
        let allowance = allowance(30, 500);
        assert_eq!(allowance.patience(0), GRACE);
        assert_eq!(allowance.patience(5_000), GRACE + Duration::from_secs(10));
        assert_eq!(allowance.patience(u64::MAX), Duration::from_secs(30));
    }

    fn body(chunks: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
        let payload: Pin<Box<dyn Stream<Item = _>>> = Box::pin(chunks);
        Payload::Stream { payload }
    }

    /// What a read of a body ends with now; nothing where it waits.
    fn read(timed: &mut Timed) -> Option<Progress> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        let is_over = timed.poll(&mut context).is_ready();
        is_over.then_some(timed.progress)
    }

    #[tokio::test]
    async fn a_body_of_which_nothing_comes_is_late_when_its_grace_is_over() {
        let time = ManualClock::standing();
        let mut timed = Timed::new(body(stream::pending()), allowance(30, 500), time.clock());
        assert_eq!(read(&mut timed), None);
        time.advance(GRACE - Duration::from_nanos(1));
        assert_eq!(read(&mut timed), None);
        time.advance(Duration::from_nanos(1));
        assert_eq!(read(&mut timed), Some(Progress::Late));
    }

    #[tokio::test]
    async fn what_has_come_earns_a_body_more_time() {
        let time = ManualClock::standing();
        let one = stream::iter([Ok(Bytes::from_static(&[0; 1_000]))]);
        let mut timed = Timed::new(
            body(one.chain(stream::pending())),
            allowance(30, 500),
            time.clock(),
        );
        assert_eq!(read(&mut timed), Some(Progress::Coming));
        time.advance(GRACE + Duration::from_secs(1));
        assert_eq!(read(&mut timed), None, "two seconds were earned");
        time.advance(Duration::from_secs(1));
        assert_eq!(read(&mut timed), Some(Progress::Late));
    }

    proptest! {
        #[test]
        fn more_bytes_never_shorten_the_time(whole in 1u64..600, rate in 1u32.., come in any::<u64>(), more in 0u64..1_000_000) {
            let allowance = allowance(whole, rate);
            let (now, then) = (allowance.patience(come), allowance.patience(come.saturating_add(more)));
            prop_assert!(now <= then && then <= Duration::from_secs(whole));
        }
    }
}
