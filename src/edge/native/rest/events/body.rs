//! The body of a request with events, which may be larger than others.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;

/// The most bytes of a request with events.
const LIMIT: usize = 1_024 * 1_024;

/// The text of a body of at most 1 MiB.
pub struct EventsBody(String);

impl EventsBody {
    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl FromRequest for EventsBody {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            let too_large = || Refusal::TooLarge { limit: LIMIT };
            let payload = payload.await.map_err(|_| Refusal::BodyTooSlow)?;
            let bytes = payload.to_bytes_limited(LIMIT).await;
            let bytes = bytes.map_err(|_| too_large())?;
            let bytes = bytes.map_err(|_| Refusal::BodyTooSlow)?;
            let text = String::from_utf8(bytes.to_vec());
            let text = text.map_err(|_| Refusal::invalid("body", "is not UTF-8"))?;
            Ok(Self(text))
        })
    }
}
