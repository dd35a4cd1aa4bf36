//! A call of a REST endpoint: who calls, what the path names, the body, and the key under which the answer is kept.

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::future::{LocalBoxFuture, try_join};
use serde::de::DeserializeOwned;
use std::sync::Arc;

use super::caller::Caller;
use super::idempotent::{self, StoredResponse};
use super::refusals::Body;
use super::{AppState, Failure};
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::ids::{ConversationId, UserId};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::pool::Pool;

/// A call, as handlers take it: `Call<ConversationId, Body>` for an endpoint of a conversation that has a body.
///
/// Checked in this order: the caller's token, the size and encoding of the body, the path. The body itself is read by the handler.
pub struct Call<P = (), B = ()> {
    /// The server.
    pub server: web::Data<AppState>,
    /// Who calls.
    pub caller: Arc<Principal>,
    /// What the path names.
    pub path: P,
    /// The body, where the endpoint has one.
    pub body: B,
    request: HttpRequest,
}

/// The text of a request, by which two requests with one `Idempotency-Key` are told apart.
pub trait Text {
    /// The text; nothing where the endpoint has no body.
    fn text(&self) -> &str;
}

impl Text for () {
    fn text(&self) -> &str {
        ""
    }
}

impl Text for Body {
    fn text(&self) -> &str {
        self.text()
    }
}

/// The variable parts of a path, parsed.
pub trait FromPath: Sized {
    /// The parts as texts.
    type Parts: DeserializeOwned + 'static;
    /// Parses them, or says which of them is wrong.
    fn parse(parts: Self::Parts) -> Result<Self, Refusal>;
}

impl FromPath for () {
    type Parts = ();
    fn parse((): ()) -> Result<Self, Refusal> {
        Ok(())
    }
}

impl FromPath for String {
    type Parts = String;
    fn parse(name: String) -> Result<Self, Refusal> {
        Ok(name)
    }
}

impl FromPath for ConversationId {
    type Parts = String;
    fn parse(id: String) -> Result<Self, Refusal> {
        Self::parse(&id, "id")
    }
}

impl FromPath for UserId {
    type Parts = String;
    fn parse(id: String) -> Result<Self, Refusal> {
        Self::parse(&id, "id")
    }
}

impl FromPath for (ConversationId, UserId) {
    type Parts = (String, String);
    fn parse((id, user): (String, String)) -> Result<Self, Refusal> {
        let id = ConversationId::parse(&id, "id")?;
        Ok((id, UserId::parse(&user, "user_id")?))
    }
}

impl FromPath for (ConversationId, String) {
    type Parts = (String, String);
    fn parse((id, name): (String, String)) -> Result<Self, Refusal> {
        Ok((ConversationId::parse(&id, "id")?, name))
    }
}

impl<P, B> FromRequest for Call<P, B>
where
    P: FromPath + 'static,
    B: FromRequest + 'static,
    B::Error: Into<actix_web::Error>,
    B::Future: 'static,
{
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let caller = Caller::from_request(&request, payload);
        let body = B::from_request(&request, payload);
        Box::pin(async move {
            let server = request.app_data::<web::Data<AppState>>().cloned();
            let server = server.ok_or_else(without_server)?;
            let caller = async { caller.await.map_err(actix_web::Error::from) };
            let body = async { body.await.map_err(Into::into) };
            let (Caller(caller), body) = try_join(caller, body).await?;
            let parts = web::Path::<P::Parts>::extract(&request).await?;
            let path = P::parse(parts.into_inner()).map_err(Failure::from)?;
            Ok(Self {
                server,
                caller,
                path,
                body,
                request,
            })
        })
    }
}

fn without_server() -> Failure {
    Error::internal("a handler without its server").into()
}

impl<P, B> Call<P, B> {
    /// The headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The address that was asked for, with its query.
    pub fn address(&self) -> String {
        self.request.full_url().to_string()
    }

    /// The database.
    pub fn pool(&self) -> &Pool {
        &self.server.deps.room.pool
    }

    /// Gives a conversation a command in the caller's name.
    pub async fn command(&self, id: ConversationId, command: Command) -> Result<Answer, Error> {
        let rooms = &self.server.deps.rooms;
        rooms.ask(id, Arc::clone(&self.caller), command).await
    }
}

impl<P, B: Text> Call<P, B> {
    /// Does the work, or answers what the first call with the same `Idempotency-Key` was answered.
    pub async fn once(
        &self,
        work: impl Future<Output = Result<StoredResponse, Failure>>,
    ) -> Result<HttpResponse, Failure> {
        let (request, text) = (&self.request, self.body.text());
        idempotent::once(&self.server, &self.caller, request, text, work).await
    }
}

/// A room's answer that does not fit the command: a fault of ours.
pub fn unexpected(command: &str, answer: &Answer) -> Failure {
    Error::internal(format!("{command} was answered with {answer:?}")).into()
}
