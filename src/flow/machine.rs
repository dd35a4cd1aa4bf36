//! tmp
use super::definition::Definition;
use crate::domain::flow::*;
use crate::domain::refusal::Refusal;
pub fn start(
    _: &Definition,
    _: serde_json::Map<String, serde_json::Value>,
    _: chrono::DateTime<chrono::Utc>,
) -> Result<Step, Refusal> {
    Err(Refusal::FlowNotFound)
}
pub fn step(
    _: &Definition,
    _: &Instance,
    _: &FlowActor,
    _: &FlowInput,
    _: chrono::DateTime<chrono::Utc>,
) -> Result<Step, Refusal> {
    Err(Refusal::FlowNotFound)
}
