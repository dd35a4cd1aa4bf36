//! What is done around every request: the address's rate limit, the figures by route pattern.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};
use std::time::Instant;

use super::caller::address;
use super::{Failure, Server};

/// Lets a request through if its address is not too fast, and notes how it went.
pub async fn watch(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Instant::now();
    let Some(server) = request.app_data::<web::Data<Server>>().cloned() else {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    };
    let method = label_of(request.method());
    let from = address(request.request(), &server.config.rates.trusted_proxies);
    let pace = |address| match is_poll(&request) {
        true => server.door.pace.poll(address),
        false => server.door.pace.address(address),
    };
    if let Some(Err(refusal)) = from.map(pace) {
        let failure = Failure::from(refusal);
        note(&server, method, "any", 429, begun, Some(&failure));
        let response = failure.error_response();
        return Ok(request.into_response(response).map_into_boxed_body());
    }
    let response = next.call(request).await?;
    let route = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| "none".to_owned());
    let failure = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Failure>());
    note(
        &server,
        method,
        &route,
        response.status().as_u16(),
        begun,
        failure,
    );
    Ok(response.map_into_boxed_body())
}

/// Whether it belongs to a session of Engine.IO that is there already, or says so.
fn is_poll(request: &ServiceRequest) -> bool {
    let mut pairs = request.query_string().split('&');
    request.path() == "/socket.io" && pairs.any(|pair| pair.starts_with("sid="))
}

/// The method as a label: those that some route takes, and one for whatever else a client makes up.
fn label_of(method: &Method) -> &'static str {
    const TAKEN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let found = TAKEN.into_iter().find(|name| *name == method.as_str());
    found.unwrap_or("other")
}

fn note(
    server: &Server,
    method: &str,
    route: &str,
    status: u16,
    begun: Instant,
    failure: Option<&Failure>,
) {
    let metrics = &server.door.house.metrics;
    metrics
        .requests
        .with_label_values(&[method, route, &status.to_string()])
        .observe(begun.elapsed().as_secs_f64());
    if let Some(failure) = failure {
        metrics
            .refusals
            .with_label_values(&[failure.refusal().code_and_status().0])
            .inc();
    }
}
