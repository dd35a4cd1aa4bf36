//! The 13 REST calls of the page's messages, under `/api/v1/messages` and once more under `/api/v1/v1/messages`.

mod answers;
mod beginning;
mod conversations;
pub(super) mod denial;
mod messages;
mod paging;
mod reacting;
mod reading;
mod searching;

use utoipa_actix_web::service_config::ServiceConfig;

/// The endpoints under `…/conversations`.
pub fn conversations(routes: &mut ServiceConfig) {
    routes
        .service(conversations::list)
        .service(beginning::begin)
        .service(conversations::hide)
        .service(messages::list)
        .service(messages::send)
        .service(conversations::mark_read)
        .service(conversations::show_people);
}

/// The endpoints under `…/messages`.
pub fn messages(routes: &mut ServiceConfig) {
    routes
        .service(messages::edit)
        .service(messages::delete)
        .service(reacting::react);
}

/// The endpoint `…/search`.
pub fn search(routes: &mut ServiceConfig) {
    routes.service(searching::search);
}

/// The endpoint `…/unread-count`.
pub fn unread_count(routes: &mut ServiceConfig) {
    routes.service(conversations::count_unread);
}
