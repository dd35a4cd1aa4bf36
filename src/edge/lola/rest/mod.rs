//! The REST calls of these clients on rooms that exist, under `/chat` and `/api/chat`: bare documents, and 400 where access is denied.

mod acting;
pub(super) mod denial;
mod messages;
mod rooms;

use utoipa_actix_web::service_config::ServiceConfig;

/// The endpoints under one of the paths.
pub fn api(routes: &mut ServiceConfig) {
    routes
        .service(rooms::list)
        .service(rooms::unread_counts)
        .service(rooms::show)
        .service(messages::list)
        .service(messages::send)
        .service(messages::mark_read);
}
