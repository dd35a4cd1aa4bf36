//! Authenticates the caller of a request by its bearer token.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use super::{AppState, Failure};
use crate::domain::network::{Network, client_behind};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::bearer::Use;
use crate::error::Error;

/// The authenticated caller of a request.
pub struct Caller(pub Arc<Principal>);

impl FromRequest for Caller {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let server = request.app_data::<web::Data<AppState>>().cloned();
        let found = server.map(|server| (server.tokens.token(request, Use::of(request)), server));
        Box::pin(async move {
            let (token, server) =
                found.ok_or_else(|| Error::internal("a handler without its server"))?;
            let token = token?.ok_or(Refusal::Unauthenticated("A bearer token is required"))?;
            let principal = server.deps.people.identify(&token).await?;
            server.deps.rate_limits.user(principal.no)?;
            Ok(Self(principal))
        })
    }
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The client's address: the peer of the connection, or the one that a trusted proxy forwards for.
    pub address: IpAddr,
    /// Whether a trusted proxy forwarded it for that address.
    pub is_forwarded: bool,
}

impl Source {
    /// The source of this request; `None` without a peer address.
    pub fn of(request: &HttpRequest, trusted: &[Network]) -> Option<Self> {
        let peer = request.peer_addr()?.ip().to_canonical();
        let headers = request.headers().get_all("x-forwarded-for");
        let written: Vec<&str> = headers.map(|line| line.to_str().unwrap_or("")).collect();
        let hops = written.iter().flat_map(|line| line.split(','));
        let address = client_behind(peer, hops, trusted);
        Some(Self {
            address,
            is_forwarded: address != peer,
        })
    }
}
