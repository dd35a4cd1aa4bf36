//! Long polling: GET requests that wait for packets and POST requests that bring some, one of each at a time.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use std::future::poll_fn;

use super::Ending;
use super::engine::Engine;
use super::line::{Batch, Carrier, Line, Polled, RequestKind};
use super::packet::{Payload, decode_in_payload};
use super::query::{Problem, Transport};
use super::unpacking::{Fault, Unpacker};
use crate::queue::{CloseReason, Extension, Frame};

/// Opens a session.
pub(super) fn handshake<E: Extension>(
    engine: &Engine<E>,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    let line = engine.open(request, Transport::Polling)?;
    Ok(text(engine.open_packet(&line, Transport::Polling)))
}

/// The right to be the session's only GET or POST. If the request is aborted before it ends, the session ends.
struct RequestSlot<'a, E: Extension> {
    engine: &'a Engine<E>,
    line: &'a Line<E>,
    kind: RequestKind,
    finished: bool,
}

impl<'a, E: Extension> RequestSlot<'a, E> {
    /// A second concurrent request of a kind violates the protocol and ends the session.
    fn take(engine: &'a Engine<E>, line: &'a Line<E>, kind: RequestKind) -> Result<Self, Problem> {
        if matches!(line.carrier(), Carrier::Websocket | Carrier::Nothing(_)) {
            return Err(Problem::BadRequest);
        }
        if !line.occupy(kind) {
            engine.end(line, Ending::Closed(CloseReason::Misuse));
            return Err(Problem::BadRequest);
        }
        Ok(Self {
            engine,
            line,
            kind,
            finished: false,
        })
    }
}

impl<E: Extension> Drop for RequestSlot<'_, E> {
    fn drop(&mut self) {
        self.line.vacate(self.kind);
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
    let mut taken = RequestSlot::take(engine, line, RequestKind::Get)?;
    let polled = poll_fn(|context| line.poll_get(context)).await;
    taken.finished = true;
    let mut payload = Payload::default();
    match polled {
        Polled::Noop => payload.push_text("6"),
        Polled::Close(reason) => return close(reason),
        Polled::Batch(batch) => {
            if let Some(reason) = fill(&mut payload, batch, line) {
                engine.end(line, Ending::Closed(reason));
                return close(reason);
            }
        }
    }
    Ok(text(payload.into_text()))
}

/// The last response of a session. Who should connect again hears that the session is unknown: `python-engineio` takes a close packet
/// for the server's wish to be left alone and never connects again (`_receive_packet`), while every client connects again after an
/// error.
fn close(reason: CloseReason) -> Result<HttpResponse, Problem> {
    match reason {
        CloseReason::Restarting
        | CloseReason::SlowReader
        | CloseReason::Silent
        | CloseReason::TooFast => Err(Problem::UnknownSession),
        _ => Ok(text("1".to_owned())),
    }
}

/// The most packets in one response: `python-engineio` accepts 16 (`Payload.max_decode_packets`).
const MOST_PACKETS: usize = 16;

/// Writes what fits and returns the rest to the session; returns whether the session closes with this response.
/// A close is sent alone: the official client closes before it processes the events of the same response, and
/// counts none of them as received.
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

/// Handles the packets of a body, each as soon as it is complete.
pub(super) async fn post<E: Extension>(
    engine: &Engine<E>,
    line: &Line<E>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let mut taken = RequestSlot::take(engine, line, RequestKind::Post)?;
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

/// Why the rest of a body is not read.
enum Stop {
    /// The client aborted the request, or took longer than a session may be silent.
    Broken,
    /// The client has closed the session.
    Left,
    /// The body is invalid.
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
    // The client is being closed for its rate, so the rest of its body is ignored.
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
    // Version 4 sends bytes as base64 (specification, "HTTP long-polling").
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
