//! Writes the claims of a token under the names that a platform gives them.

use serde_json::{Map, Value, json};

use super::Claims;
use crate::config::{Claim, ClaimOptions, OwnRole, RequiredClaim, RoleMapping, unescaped};

/// How a token writes the user's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    /// As a string.
    Text,
    /// As a whole number of 64 bits.
    Number,
}

impl IdForm {
    fn write(self, id: &str) -> Result<Value, String> {
        let number = || {
            let signed = id.parse::<i64>().map(Value::from);
            signed.or_else(|_| id.parse::<u64>().map(Value::from))
        };
        let is_plain = |number: &Value| {
            let written = number.to_string();
            written == id
        };
        match self {
            Self::Text => Ok(json!(id)),
            Self::Number => number()
                .ok()
                .filter(is_plain)
                .ok_or_else(|| format!("--sub-number needs a whole number of 64 bits, not `{id}`")),
        }
    }
}

/// The claims under the names of the options, with the claims that these require. Fails where two claims have one place, or where
/// `--role-map` names no role of the platform for one of ours.
pub fn named(claims: &Claims, names: &ClaimOptions, form: IdForm) -> Result<Value, String> {
    let written = serde_json::to_value(claims).map_err(|error| error.to_string())?;
    let mut named = Value::Object(Map::new());
    for RequiredClaim { claim, value } in &names.require_claim {
        put(&mut named, claim, json!(value))?;
    }
    let Value::Object(members) = written else {
        return Err("claims are an object".to_owned());
    };
    for (name, value) in members {
        let own = Claim::Name(name.clone());
        match name.as_str() {
            "sub" => {
                let claim = names.user_claim.as_ref().unwrap_or(&own);
                put(&mut named, claim, form.write(&claims.sub)?)?;
            }
            "name" => put(&mut named, &names.name_claim, value)?,
            "roles" => {
                let claim = names.roles_claim.as_ref().unwrap_or(&own);
                let roles = claims.roles.iter();
                let theirs: Result<Vec<&str>, String> =
                    roles.map(|role| theirs(role, &names.role_map)).collect();
                put(&mut named, claim, json!(theirs?))?;
            }
            _ => put(&mut named, &own, value)?,
        }
    }
    Ok(named)
}

/// What the platform calls a role of ours.
fn theirs<'a>(role: &'a str, map: &'a [RoleMapping]) -> Result<&'a str, String> {
    let ours = OwnRole::named(role);
    let mapped = map.iter().find(|one| Some(one.ours) == ours);
    match mapped {
        Some(mapping) => Ok(&mapping.theirs),
        None if map.is_empty() => Ok(role),
        None => Err(format!("--role-map names no role that is `{role}` here")),
    }
}

/// Writes a claim, with the objects around it where it is a pointer.
fn put(claims: &mut Value, claim: &Claim, value: Value) -> Result<(), String> {
    let path: Vec<String> = match claim {
        Claim::Name(name) => vec![name.clone()],
        Claim::Pointer(pointer) => pointer.split('/').skip(1).map(unescaped).collect(),
    };
    let wrong = || format!("the claim {claim} cannot be written: another claim is in its place");
    let mut place = claims;
    for part in path {
        if place.is_null() {
            *place = json!({});
        }
        let members = place.as_object_mut().ok_or_else(wrong)?;
        place = members.entry(part).or_insert(Value::Null);
    }
    match place.is_null() {
        true => *place = value,
        false => return Err(wrong()),
    }
    Ok(())
}
