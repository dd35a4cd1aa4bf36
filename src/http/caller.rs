//! Who is calling: the bearer token of a request, as a principal.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use super::{Failure, Server};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::wire::bearer::bearer;

/// The authenticated caller of a request.
pub struct Caller(pub Arc<Principal>);

impl FromRequest for Caller {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let server = request.app_data::<web::Data<Server>>().cloned();
        let token = bearer(request).map(|token| token.map(str::to_owned));
        Box::pin(async move {
            let server = server.ok_or_else(|| Error::internal("a handler without its server"))?;
            let token = token?.ok_or(Refusal::Unauthenticated("A bearer token is required"))?;
            let principal = server.door.people.identify(&token).await?;
            server.door.pace.user(principal.no)?;
            Ok(Self(principal))
        })
    }
}

/// The address of the client: of the connection, or what a trusted proxy says.
pub fn address(request: &HttpRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = request.peer_addr().map(|address| address.ip())?;
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let forwarded = request
        .headers()
        .get("x-forwarded-for")
        .and_then(|header| header.to_str().ok())?;
    let hops = forwarded
        .split(',')
        .rev()
        .filter_map(|hop| hop.trim().parse::<IpAddr>().ok());
    Some(
        hops.into_iter()
            .find(|hop| !trusted.contains(hop))
            .unwrap_or(peer),
    )
}
