//! Long-polling: a GET that waits for packets, a POST that brings some. One of each at a time.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use std::future::poll_fn;

use super::Ending;
use super::engine::Engine;
use super::line::{Batch, Carrier, Line, Place, Polled};
use super::packet::{Payload, decode_in_payload};
use super::query::{Problem, Transport};
use super::unpacking::{Fault, Unpacker};
use crate::queue::{CloseReason, Extension, Frame};

/// A new session.
pub(super) fn handshake<E: Extension>(
    engine: &Engine<E>,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    let line = engine.open(request, Transport::Polling)?;
    Ok(text(engine.open_packet(&line, Transport::Polling)))
}

/// A place that is taken. A request that is broken off before its end ends the session.
struct Taken<'a, E: Extension> {
    engine: &'a Engine<E>,
    line: &'a Line<E>,
    place: Place,
    finished: bool,
}

impl<'a, E: Extension> Taken<'a, E> {
    /// A second request of a kind is a fault of the client's, and ends the session.
    fn take(engine: &'a Engine<E>, line: &'a Line<E>, place: Place) -> Result<Self, Problem> {
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

impl<E: Extension> Drop for Taken<'_, E> {
    fn drop(&mut self) {
        self.line.vacate(self.place);
        if !self.finished {
            self.engine.end(self.line, Ending::Gone);
        }
    }
}

/// Waits for packets.
pub(super) async fn get<E: Extension>(
    engine: &Engine<E>,
    line: &Line<E>,
) -> Result<HttpResponse, Problem> {
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
fn fill<E: Extension>(
    payload: &mut Payload,
    mut batch: Batch<E::Frame>,
    line: &Line<E>,
) -> Option<CloseReason> {
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

/// Takes packets in, each as soon as it has come as a whole.
pub(super) async fn post<E: Extension>(
    engine: &Engine<E>,
    line: &Line<E>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let mut taken = Taken::take(engine, line, Place::Post)?;
    let stop = read(engine, line, request, payload).await.err();
    if let Some(Stop::Broken) = stop {
        return Err(Problem::BadRequest);
    }
    taken.finished = true;
    drop(taken);
    match stop {
        None | Some(Stop::Broken) => Ok(text("ok".to_owned())),
        Some(Stop::Faulty(problem, reason)) => {
            engine.end(line, Ending::Closed(reason));
            Err(problem)
        }
        Some(Stop::Left) => {
            engine.end(line, Ending::Gone);
            Ok(text("ok".to_owned()))
        }
    }
}

/// Why no more of a body is taken in.
enum Stop {
    /// The client broke off, or took longer than a session may be silent.
    Broken,
    /// The client has closed the session.
    Left,
    /// Something is wrong with it.
    Faulty(Problem, CloseReason),
}

const MISUSED: Stop = Stop::Faulty(Problem::BadRequest, CloseReason::Misuse);
const TOO_LARGE: Stop = Stop::Faulty(Problem::TooLarge, CloseReason::TooLarge);

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLong => TOO_LARGE,
            Fault::NotUtf8 => MISUSED,
        }
    }
}

fn receive<E: Extension>(line: &Line<E>, packet: &str) -> Result<(), Stop> {
    // Of a client that is closed for its speed, the rest of a long body is not looked at.
    if line.closing() == Some(CloseReason::TooFast) {
        return Ok(());
    }
    let packet = decode_in_payload(packet).ok_or(MISUSED)?;
    line.receive(packet).map_err(|ending| match ending {
        Ending::Gone => Stop::Left,
        Ending::Closed(reason) => Stop::Faulty(Problem::BadRequest, reason),
    })
}

/// Reads the body to its end.
async fn read<E: Extension>(
    engine: &Engine<E>,
    line: &Line<E>,
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<(), Stop> {
    let options = &engine.options;
    let most = options.max_body;
    let header = |name| {
        let value = request.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    };
    // Version 4 sends bytes as base64 (protocol, "HTTP long-polling").
    if header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/octet-stream")) {
        return Err(MISUSED);
    }
    let declared = header(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if declared.is_some_and(|length| length > most) {
        return Err(TOO_LARGE);
    }
    let mut unpacker = Unpacker::new(options.max_payload);
    let mut take = |packet: &str| receive(line, packet);
    let mut come = 0;
    let unpack = async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Stop::Broken)?;
            come += chunk.len();
            if come > most {
                return Err(TOO_LARGE);
            }
            unpacker.push(&chunk, &mut take)?;
        }
        unpacker.finish(&mut take)
    };
    let patience = options.ping_interval + options.ping_timeout;
    let unpacked = tokio::time::timeout(patience, unpack).await;
    unpacked.unwrap_or(Err(Stop::Broken))
}

fn text(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=UTF-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body)
}
