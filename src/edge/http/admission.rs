//! Admits connections: each counts from its first byte to its last; one above a bound is answered 503 and closed.

use actix_rt::net::TcpStream;
use actix_service::{Service, ServiceFactory, apply_fn_factory};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::network::Network;
use crate::domain::refusal::Refusal;
use crate::edge::connection::connection_limits::{ConnectionLimits, Crowded};
use crate::edge::connection::takeover::linger;
use crate::edge::refusal_json::refusal_json;
use crate::telemetry::refusal_log::RefusalLog;

/// How long a refused connection may take to send its request.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the admission of a connection depends on.
#[derive(Clone)]
pub struct Admission {
    /// The bounds.
    pub limits: Arc<ConnectionLimits>,
    /// Trusted proxies. They connect on behalf of many clients, so the bound for one address does not apply to them.
    pub trusted: Vec<Network>,
    /// Logs the refusals.
    pub refusals: Arc<RefusalLog>,
}

impl Admission {
    /// The address that the connection counts for; `None` for a proxy's connection.
    fn address(&self, stream: &TcpStream) -> Option<IpAddr> {
        let address = stream.peer_addr().ok()?.ip();
        let is_proxy = self.trusted.iter().any(|network| network.contains(address));
        (!is_proxy).then_some(address)
    }
}

/// Serves the admitted connections with `service` and refuses the others.
pub fn admitting<F>(
    admission: Admission,
    inner: F,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = F::Error, InitError = F::InitError>
where
    F: ServiceFactory<TcpStream, Config = (), Response = ()>,
    <F::Service as Service<TcpStream>>::Future: 'static,
{
    let admission = Rc::new(admission);
    apply_fn_factory(inner, move |stream: TcpStream, service| {
        let admission = Rc::clone(&admission);
        let address = admission.address(&stream);
        // Boxed: a future that is moved into an `await` occupies its space twice while the connection is open.
        let serving: LocalBoxFuture<_> = match admission.limits.admit(address) {
            Ok(permit) => Box::pin(service.call(stream).map(move |served| {
                drop(permit);
                served
            })),
            Err(crowded) => Box::pin(async move {
                turn_away(&admission, crowded, &stream).await;
                Ok(())
            }),
        };
        serving
    })
}

/// Answers 503 with the reason. If too many connections are being answered like this already, closes without an answer.
async fn turn_away(admission: &Admission, crowded: Crowded, stream: &TcpStream) {
    let from = stream.peer_addr().map(|address| address.ip().to_string());
    let from = from.unwrap_or_default();
    let refusals = &admission.refusals;
    refusals.note("connection_refused", crowded.message(), &from);
    let Some(_telling) = admission.limits.tell() else {
        return;
    };
    let asked = tokio::time::timeout(PATIENCE, stream.readable()).await;
    if !matches!(asked, Ok(Ok(()))) {
        return;
    }
    // A new connection's send buffer has room for so short an answer.
    if stream.try_write(answer(crowded).as_bytes()).is_ok() {
        linger(stream).await;
    }
}

fn answer(crowded: Crowded) -> String {
    let refusal = Refusal::Unavailable(crowded.message());
    let (body, wait) = (refusal_json(&refusal).to_string(), refusal.retry_after());
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nRetry-After: {}\r\nConnection: close\r\n\r\n{body}",
        body.len(),
        wait.unwrap_or(1),
    )
}
