//! Errors as responses: a refusal has its code and status, any other error is 500 with a request id.

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::error::QueryPayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_ENCODING, RETRY_AFTER};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;

use super::AppState;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::RefusalForm;
use crate::edge::files::tus;
use crate::edge::native::read::{plain_words, read};
use crate::edge::refusal_json::refusal_json;
use crate::error::Error;

/// An error that becomes a response.
#[derive(Debug)]
pub struct Failure {
    refusal: Refusal,
    /// The status of a dialect whose clients expect another than the usual one.
    status: Option<StatusCode>,
}

impl Failure {
    /// The refusal that the caller gets.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The same refusal with this status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            status: None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Internal(cause) => {
                let request_id = uuid::Uuid::now_v7();
                log::error!(event = "request_failed", request_id:% = request_id; "{cause}");
                Refusal::Internal { request_id }.into()
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.refusal.code_and_status().0)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        let usual = StatusCode::from_u16(self.refusal.code_and_status().1);
        let usual = usual.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.status.unwrap_or(usual)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.refusal.retry_after() {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Refusal::Unauthenticated(_) | Refusal::SignedOut(_) = self.refusal {
            response.insert_header(("WWW-Authenticate", "Bearer"));
        }
        if self.refusal == Refusal::TusVersion {
            response.insert_header(("Tus-Version", tus::VERSION));
        }
        if self.refusal == Refusal::EncodingNotSupported {
            response.insert_header((ACCEPT_ENCODING, "identity"));
        }
        response.json(refusal_json(&self.refusal))
    }
}

/// A response in the form that its dialect has for refusals.
pub fn in_form(
    mut response: ServiceResponse<BoxBody>,
    form: RefusalForm,
) -> ServiceResponse<BoxBody> {
    let error = response.response().error();
    let failure = error.and_then(|error| error.as_error::<Failure>());
    let Some(refusal) = failure.map(|failure| failure.refusal().clone()) else {
        return response;
    };
    let (status, body) = form(&refusal, response.status());
    *response.response_mut().status_mut() = status;
    response.map_body(|_, _| BoxBody::new(body.to_string()))
}

/// A request's body as text, within the server's limit.
pub struct Body(String);

impl Body {
    /// Parses the JSON; a failure names the field that is wrong.
    pub fn read<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, Refusal> {
        read(&self.0)
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl FromRequest for Body {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = request
            .app_data::<web::Data<AppState>>()
            .map_or(0, |server| server.config.sockets.body_limit as usize);
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|_| Refusal::TooLarge { limit })?;
            let text = String::from_utf8(bytes.to_vec());
            Ok(Self(
                text.map_err(|_| Refusal::invalid("body", "is not UTF-8"))?,
            ))
        })
    }
}

/// A request's query; a failure names the parameter that is wrong. All parameters must be optional.
pub struct Query<T>(pub T);

impl<T: serde::de::DeserializeOwned> FromRequest for Query<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string();
        let read = |text: &str| web::Query::<T>::from_query(text);
        let wrong = |error: QueryPayloadError| {
            let alone = query.split('&').find(|pair| read(pair).is_err());
            let said = error.to_string();
            let twice = said.split('`').nth(1);
            let name = alone.and_then(|pair| pair.split('=').next());
            Failure::from(Refusal::invalid(
                name.or(twice).unwrap_or("query").to_owned(),
                match &error {
                    QueryPayloadError::Deserialize(reason) => plain_words(&reason.to_string()),
                    other => format!("is not valid: {other}"),
                },
            ))
        };
        ready(
            read(query)
                .map(|read| Self(read.into_inner()))
                .map_err(wrong),
        )
    }
}

/// Explains why a path cannot be read.
pub fn wrong_path(error: actix_web::error::PathError, _: &HttpRequest) -> actix_web::Error {
    Failure::from(Refusal::invalid("path", format!("is not valid: {error}"))).into()
}
