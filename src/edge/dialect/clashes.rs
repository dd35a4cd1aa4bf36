//! Which dialects can be served together: those of which no request fits two. It follows from their endpoints and namespaces.

use super::endpoints::{self, Endpoint};
use super::{ALL, Spec};
use crate::domain::dialect::Dialect;
use crate::edge::http::own_endpoints;
use crate::edge::native;

/// The dialects with these names. Fails with a sentence that says what to do if one is not known, or if they cannot be served
/// together.
pub(super) fn wanted(names: &[String]) -> Result<Vec<&'static Spec>, String> {
    chosen(&ALL, names)
}

/// The dialects with these names, of these.
pub(super) fn chosen(
    all: &[&'static Spec],
    names: &[String],
) -> Result<Vec<&'static Spec>, String> {
    let mut chosen: Vec<&'static Spec> = Vec::new();
    let given = names.iter().map(|name| name.trim());
    for name in given.filter(|name| !name.is_empty()) {
        let spec = known(all, name)?;
        if chosen.iter().any(|other| other.name == name) {
            return Err(format!("--dialects: {name} is named twice; name it once."));
        }
        chosen.push(spec);
    }
    let most = Dialect::MOST - 1;
    if chosen.len() > most {
        let count = chosen.len();
        return Err(format!(
            "--dialects: one server serves at most {most} dialects besides the native one, not {count}; name fewer."
        ));
    }
    together(&chosen)?;
    Ok(chosen)
}

fn known(all: &[&'static Spec], name: &str) -> Result<&'static Spec, String> {
    let found = all.iter().find(|spec| spec.name == name);
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|spec| spec.name).collect();
        let known = known.join(", ");
        format!("--dialects: there is no dialect {name:?}; there are: {known}.")
    })
}

/// Fails if two of these dialects, or one of them and what every server has, would get the same requests.
fn together(chosen: &[&'static Spec]) -> Result<(), String> {
    for (index, spec) in chosen.iter().enumerate() {
        if let Some(what) = with_own_endpoints(spec).or_else(|| clash(&native::DIALECT, spec)) {
            let name = spec.name;
            return Err(format!(
                "--dialects: {name} cannot be served beside Stoa's native API: {what}; leave {name} out."
            ));
        }
        let earlier = chosen.iter().take(index);
        let found = earlier.filter_map(|other| Some((other.name, clash(other, spec)?)));
        if let Some((other, what)) = found.into_iter().next() {
            let name = spec.name;
            return Err(format!(
                "--dialects: {other} and {name} cannot be served together: {what}; name one of them."
            ));
        }
    }
    Ok(())
}

/// The first thing for which two dialects would get the same requests.
pub(super) fn clash(one: &Spec, other: &Spec) -> Option<String> {
    let (ones, others) = (endpoints::of(one), endpoints::of(other));
    in_namespace(one, other)
        .or_else(|| shared(&ones, &others))
        .or_else(|| hidden(&ones, other))
        .or_else(|| hidden(&others, one))
}

/// A client in a namespace is read by one dialect.
fn in_namespace(one: &Spec, other: &Spec) -> Option<String> {
    let (one, other) = (one.socketio.as_ref()?, other.socketio.as_ref()?);
    if one.namespace != other.namespace {
        return None;
    }
    let namespace = one.namespace;
    let mut events = one.requests.iter();
    let both = events.find(|event| other.requests.contains(event));
    Some(match both {
        Some(event) => {
            format!("both read the event {event} in the Socket.IO namespace {namespace}")
        }
        None => format!("both use the Socket.IO namespace {namespace}"),
    })
}

fn with_own_endpoints(spec: &Spec) -> Option<String> {
    let own: Vec<Endpoint> = own_endpoints().collect();
    shared(&own, &endpoints::of(spec))
}

fn shared(ones: &[Endpoint], others: &[Endpoint]) -> Option<String> {
    let pairs = ones
        .iter()
        .flat_map(|one| others.iter().map(move |other| (one, other)));
    let mut sharing = pairs.filter(|(one, other)| one.shares_requests(other));
    let (one, other) = sharing.next()?;
    Some(match one.path == other.path {
        true => format!("both have {}", one.name()),
        false => format!("some requests fit both {} and {}", one.name(), other.name()),
    })
}

fn hidden(endpoints: &[Endpoint], by: &Spec) -> Option<String> {
    let pairs = endpoints
        .iter()
        .flat_map(|endpoint| by.rest.iter().map(move |mount| (endpoint, mount)));
    let mut hidden = pairs.filter(|(endpoint, mount)| endpoint.is_hidden_by(mount));
    let (endpoint, mount) = hidden.next()?;
    let (endpoint, prefix, name) = (endpoint.name(), mount.prefix, by.name);
    Some(format!(
        "{endpoint} is below {prefix}, where {name} takes all requests"
    ))
}
