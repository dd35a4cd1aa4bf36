//! The REST endpoints of the Stoory guide under `/api/messages`: they read its names, answer its rows, and use the same core as the
//! native API.

pub mod acting;
pub mod answers;
pub mod conversations;
mod deal_view;
pub mod direct;
pub mod messages;
mod paging;
mod reading;
mod speaking;

use utoipa_actix_web::service_config::ServiceConfig;

/// The endpoints under `/api/messages`.
pub fn api(routes: &mut ServiceConfig) {
    routes
        .service(conversations::list)
        .service(messages::list)
        .service(messages::send)
        .service(conversations::seen)
        .service(conversations::unread_count)
        .service(direct::connect)
        .service(direct::list)
        .service(conversations::context)
        .service(acting::button_click)
        .service(acting::text_input);
}
