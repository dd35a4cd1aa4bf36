//! Long-polling: a GET that waits for packets, a POST that brings some. One of each at a time.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::BytesMut;
use futures_util::StreamExt;
use std::future::poll_fn;

use super::Ending;
use super::engine::Engine;
use super::line::{Batch, Carrier, Line, Place, Polled};
use super::packet::{Payload, decode_payload};
use super::query::{Problem, Transport};
use crate::outbox::{CloseReason, Frame};

/// A new session.
pub(super) fn handshake(engine: &Engine, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let line = engine.open(request, Transport::Polling)?;
    Ok(text(engine.open_packet(&line, Transport::Polling)))
}

/// A place that is taken. A request that is broken off before its end ends the session.
struct Taken<'a> {
    engine: &'a Engine,
    line: &'a Line,
    place: Place,
    finished: bool,
}

impl<'a> Taken<'a> {
    /// A second request of a kind is a fault of the client's, and ends the session.
    fn take(engine: &'a Engine, line: &'a Line, place: Place) -> Result<Self, Problem> {
        if matches!(line.carrier(), Carrier::Websocket | Carrier::Nothing(_)) {
            return Err(Problem::BadRequest);
        }
        if !line.occupy(place) {
            engine.end(line, Ending::Closed(CloseReason::Misuse));
            return Err(Problem::BadRequest);
        }
        Ok(Self {
            engine,
            line,
            place,
            finished: false,
        })
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.line.vacate(self.place);
        if !self.finished {
            self.engine.end(self.line, Ending::Gone);
        }
    }
}

/// Waits for packets.
pub(super) async fn get(engine: &Engine, line: &Line) -> Result<HttpResponse, Problem> {
    let mut taken = Taken::take(engine, line, Place::Get)?;
    let polled = poll_fn(|context| line.poll_get(context)).await;
    taken.finished = true;
    let mut payload = Payload::default();
    match polled {
        Polled::Noop => payload.push_text("6"),
        Polled::Close => payload.push_text("1"),
        Polled::Batch(batch) => {
            if let Some(reason) = fill(&mut payload, batch, line) {
                engine.end(line, Ending::Closed(reason));
                payload.push_text("1");
            }
        }
    }
    Ok(text(payload.into_text()))
}

/// Packets in one answer: `python-engineio` reads no more than 16 (`Payload.max_decode_packets`).
const MOST_PACKETS: usize = 16;

/// Writes what fits and gives the rest back; says whether the session closes here. A close comes alone: the official client closes
/// before it looks at the events of the same answer, and counts none of them as received.
fn fill(payload: &mut Payload, mut batch: Batch, line: &Line) -> Option<CloseReason> {
    let (mut packets, mut frames) = (0, 0);
    for frame in &batch.frames {
        packets += match frame {
            Frame::Attached(_, parts) => 1 + parts.len(),
            _ => 1,
        };
        if packets > MOST_PACKETS && frames > 0 {
            break;
        }
        payload.push(frame);
        frames += 1;
    }
    if frames == 0 {
        return batch.close;
    }
    batch.frames.drain(..frames);
    if !batch.frames.is_empty() || batch.close.is_some() {
        line.put_back(batch);
    }
    None
}

/// Takes packets in.
pub(super) async fn post(
    engine: &Engine,
    line: &Line,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let mut taken = Taken::take(engine, line, Place::Post)?;
    let body = match read(engine, request, payload).await {
        Ok(body) => body,
        Err(None) => return Err(Problem::BadRequest),
        Err(Some((problem, reason))) => {
            engine.end(line, Ending::Closed(reason));
            return Err(problem);
        }
    };
    taken.finished = true;
    drop(taken);
    let faulty = Ending::Closed(CloseReason::Misuse);
    let ending = match std::str::from_utf8(&body) {
        Ok(body) => receive(line, body).err(),
        Err(_) => Some(faulty),
    };
    if let Some(ending) = ending {
        engine.end(line, ending);
    }
    match ending {
        None | Some(Ending::Gone) => Ok(text("ok".to_owned())),
        Some(Ending::Closed(_)) => Err(Problem::BadRequest),
    }
}

fn receive(line: &Line, body: &str) -> Result<(), Ending> {
    for packet in decode_payload(body) {
        line.receive(packet.ok_or(Ending::Closed(CloseReason::Misuse))?)?;
    }
    Ok(())
}

/// The body; `None` where the client broke off, or took longer than a session may be silent.
async fn read(
    engine: &Engine,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<BytesMut, Option<(Problem, CloseReason)>> {
    let most = engine.options.max_payload;
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    // Version 4 sends bytes as base64 (protocol, "HTTP long-polling").
    if header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/octet-stream")) {
        return Err(Some((Problem::BadRequest, CloseReason::Misuse)));
    }
    let too_large = Err(Some((Problem::TooLarge, CloseReason::TooLarge)));
    let declared = header(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if declared.is_some_and(|length| length > most) {
        return too_large;
    }
    let mut body = BytesMut::new();
    let patience = engine.options.ping_interval + engine.options.ping_timeout;
    let until = tokio::time::Instant::now() + patience;
    loop {
        match tokio::time::timeout_at(until, payload.next()).await {
            Ok(Some(Ok(chunk))) if body.len() + chunk.len() > most => return too_large,
            Ok(Some(Ok(chunk))) => body.extend_from_slice(&chunk),
            Ok(Some(Err(_))) | Err(_) => return Err(None),
            Ok(None) => return Ok(body),
        }
    }
}

fn text(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=UTF-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body)
}
