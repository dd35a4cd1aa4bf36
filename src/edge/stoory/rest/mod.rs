//! The REST endpoints of Stoory's published API and of its real front end: they read its names, answer its rows, and use the same core as the
//! native API.

pub mod acting;
pub mod answers;
mod automated;
pub mod bids;
pub mod campaigns;
pub mod conversations;
mod deal_view;
pub mod direct;
mod free_text;
mod initializing;
pub mod messages;
mod outcome;
mod paging;
mod prompting;
mod reading;
mod speaking;
mod verifying;

use utoipa_actix_web::service_config::ServiceConfig;

/// The endpoints under `/api/messages`. A single segment names a conversation, so those with a name of their own come first.
pub fn messages(routes: &mut ServiceConfig) {
    routes
        .service(conversations::list)
        .service(conversations::direct)
        .service(conversations::bids)
        .service(conversations::campaigns)
        .service(messages::list)
        .service(messages::send_new)
        .service(messages::send)
        .service(messages::send_in)
        .service(messages::send_directly)
        .service(messages::delete)
        .service(conversations::seen)
        .service(conversations::seen_by_put)
        .service(conversations::unread_count)
        .service(direct::connect)
        .service(direct::list)
        .service(conversations::context)
        .service(acting::button_click)
        .service(acting::text_input)
        .service(messages::list_shortly);
}

/// The endpoints under `/api/conversations`.
pub fn conversations(routes: &mut ServiceConfig) {
    routes
        .service(messages::list_there)
        .service(messages::send_there)
        .service(conversations::seen_there);
}

/// The endpoints under `/api/bids`.
pub fn bids(routes: &mut ServiceConfig) {
    routes
        .service(bids::begin)
        .service(bids::brand_owner_action)
        .service(bids::influencer_action)
        .service(bids::final_confirmation)
        .service(bids::flow_context)
        .service(bids::verify_payment)
        .service(bids::submit_work)
        .service(bids::review_work);
}

/// The endpoints under `/api/campaigns`.
pub fn campaigns(routes: &mut ServiceConfig) {
    routes
        .service(campaigns::begin)
        .service(campaigns::begin_at_first)
        .service(campaigns::brand_owner_action)
        .service(campaigns::brand_owner_action_at_first)
        .service(campaigns::influencer_action)
        .service(campaigns::influencer_action_at_first)
        .service(campaigns::verify_payment)
        .service(campaigns::submit_work)
        .service(campaigns::submit_work_at_first)
        .service(campaigns::review_work)
        .service(campaigns::review_work_at_first);
}
