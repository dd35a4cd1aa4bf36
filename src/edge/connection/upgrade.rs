//! The realtime upgrade: an HTTP request becomes a session, if it may.

use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use uuid::Uuid;

use crate::domain::ids::SessionId;
use crate::domain::refusal::Refusal;
use crate::edge::connection::stage::Stage;
use crate::edge::connection::websocket::NativeSession;
use crate::edge::http::bearer::Use;
use crate::edge::http::origin::{is_welcome, shown};
use crate::edge::http::{AppState, Failure};
use crate::queue::{ConnectionQueue, ORIGIN_REFUSED};
use socketio::guard::{FrameGuard, Guarded};
use socketio::handshake;

/// The field that is named where what asks for a socket is no handshake.
const HANDSHAKE: &str = "Upgrade";

/// Opens a session. The reason of a refusal is logged, since a browser hides it from its page.
pub async fn upgrade(
    server: web::Data<AppState>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let opened = open(&server, &request, payload).await;
    if let Err(failure) = &opened {
        let refusal = failure.refusal();
        let (code, _) = refusal.code_and_status();
        let refusals = &server.deps.refusals;
        refusals.note("handshake_refused", code, &refusal.message());
        if matches!(refusal, Refusal::Invalid { field, .. } if field == HANDSHAKE) {
            let failure = Failure::from(refusal.clone());
            return Ok(handshake::refused(HttpResponse::from_error(failure)));
        }
    }
    opened
}

async fn open(
    server: &AppState,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let (deps, sockets) = (&server.deps, &server.config.sockets);
    if deps.stages.now() == Stage::Draining {
        return Err(Refusal::Unavailable("The server is restarting").into());
    }
    if request.query_string().contains("token") {
        return Err(Refusal::invalid(
            "token",
            "belongs in the Authorization header or the first frame, not in the URL",
        )
        .into());
    }
    let Some(mut response) = handshake::accept(request) else {
        let unfit = "must be a WebSocket handshake of version 13 over HTTP/1.1";
        return Err(Refusal::invalid(HANDSHAKE, unfit).into());
    };
    let principal = match server.tokens.token(request, Use::Acting)? {
        Some(token) => Some(deps.people.identify(&token).await?),
        None => None,
    };
    let queue = ConnectionQueue::new(
        SessionId(Uuid::new_v4()),
        sockets.queue_limit as usize,
        deps.room.clock.clone(),
    );
    if !is_welcome(request, &server.origins) {
        let refusals = &deps.refusals;
        refusals.note(
            "origin_refused",
            "not in --allowed-origins",
            &shown(request),
        );
        queue.close(ORIGIN_REFUSED);
    }
    deps.enter(&queue, principal.as_deref())?;
    let verdict = Rc::new(Cell::new(None));
    let limit = sockets.frame_limit;
    let stream = Guarded::new(
        payload,
        FrameGuard::new(u64::from(limit)),
        Rc::clone(&verdict),
    );
    let session = NativeSession::new(Arc::clone(deps), queue, principal, verdict);
    let codec = actix_http::ws::Codec::new().max_size(limit as usize);
    Ok(response.streaming(ws::WebsocketContext::with_codec(session, stream, codec)))
}
