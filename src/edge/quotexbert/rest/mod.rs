//! The REST calls of the messages page and the chat.

mod beginning;
mod messages;
mod threads;
mod typing;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::domain::refusal::Refusal;

/// The endpoints under `/api/threads`.
pub fn threads(routes: &mut ServiceConfig) {
    routes
        .service(threads::list)
        .service(beginning::create)
        .service(messages::list)
        .service(messages::send)
        .service(messages::mark_read)
        .service(threads::hide);
}

/// The endpoints under `/api/typing-indicators`.
pub fn typing_indicators(routes: &mut ServiceConfig) {
    routes.service(typing::list).service(typing::say);
}

/// What a request must give; an empty text is nothing.
fn given(value: Option<String>, missing: &'static str) -> Result<String, Refusal> {
    value
        .filter(|text| !text.is_empty())
        .ok_or(Refusal::Unprocessable(missing))
}
