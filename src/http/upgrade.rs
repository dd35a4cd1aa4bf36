//! The realtime upgrade: an HTTP request becomes a session, if it may.

use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Failure, Server};
use crate::domain::refusal::Refusal;
use crate::outbox::{CloseReason, Outbox};
use crate::session::{Session, fresh_session};
use crate::wire::bearer::bearer;
use crate::wire::guard::{FrameGuard, Guarded};
use crate::wire::handshake;
use crate::wire::origin::is_welcome;

/// Opens a session.
pub async fn upgrade(
    server: web::Data<Server>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    if server.door.draining.load(Ordering::Relaxed) {
        return Err(Refusal::Unavailable("The server is restarting").into());
    }
    if request.query_string().contains("token") {
        return Err(Refusal::invalid(
            "token",
            "belongs in the Authorization header or the first frame, not in the URL",
        )
        .into());
    }
    let Some(mut response) = handshake::accept(&request) else {
        let unfit = "must be a WebSocket handshake of version 13 over HTTP/1.1";
        let failure = Failure::from(Refusal::invalid("Upgrade", unfit));
        return Ok(handshake::refused(HttpResponse::from_error(failure)));
    };
    let principal = match bearer(&request)? {
        Some(token) => Some(server.door.people.identify(token).await?),
        None => None,
    };
    let sockets = &server.config.sockets;
    let outbox = Outbox::new(fresh_session(), sockets.outbox_limit as usize);
    if !is_welcome(&request, &server.config.auth.allowed_origins) {
        outbox.close(CloseReason::Origin);
    }
    let open = server
        .door
        .house
        .directory
        .open(&outbox, sockets.max_connections);
    open.ok_or(Refusal::Unavailable("Too many connections"))?;
    let verdict = Rc::new(Cell::new(None));
    let limit = sockets.frame_limit;
    let stream = Guarded::new(
        payload,
        FrameGuard::new(u64::from(limit)),
        Rc::clone(&verdict),
    );
    let session = Session::new(Arc::clone(&server.door), outbox, principal, verdict);
    let codec = actix_http::ws::Codec::new().max_size(limit as usize);
    Ok(response.streaming(ws::WebsocketContext::with_codec(session, stream, codec)))
}
