//! The names that the front end knows prompts by: `action_data.message_type`.

use crate::domain::message::MessageKind;

/// The prompt that asks for money, and the `message_type` of its message once it can be paid.
pub const PAYMENT: &str = "brand_owner_payment";

/// The prompt of a state of the shipped flows, by the state and the role that is asked.
const PROMPTS: [(&str, &str, &str); 10] = [
    (
        "influencer_responding",
        "influencer",
        "influencer_connection_response",
    ),
    (
        "brand_owner_details",
        "brand_owner",
        "brand_owner_details_input",
    ),
    (
        "influencer_reviewing",
        "influencer",
        "influencer_project_response",
    ),
    (
        "brand_owner_pricing",
        "brand_owner",
        "brand_owner_pricing_input",
    ),
    (
        "influencer_price_response",
        "influencer",
        "influencer_price_response",
    ),
    (
        "brand_owner_negotiation",
        "brand_owner",
        "brand_owner_negotiation_response",
    ),
    (
        "negotiation_input",
        "brand_owner",
        "brand_owner_negotiation_input",
    ),
    (
        "influencer_final_response",
        "influencer",
        "influencer_final_price_response",
    ),
    ("payment_pending", "brand_owner", PAYMENT),
    ("payment_completed", "influencer", "work_start_prompt"),
];

/// The name of the prompt that a state shows to a role; for a state that the front end has no name for, the kind of the message.
pub fn name_of(state: &str, role: &str, kind: MessageKind) -> &'static str {
    let found = PROMPTS
        .iter()
        .find(|(in_state, to, _)| (*in_state, *to) == (state, role));
    found.map_or(kind.name(), |(.., name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_named_by_its_state_and_whom_it_asks() {
        let name = |state, role| name_of(state, role, MessageKind::Automated);
        assert_eq!(
            name("payment_pending", "brand_owner"),
            "brand_owner_payment"
        );
        assert_eq!(
            name("payment_pending", "influencer"),
            "automated",
            "who is not asked has no prompt"
        );
        assert_eq!(name("a_state_of_another_flow", "influencer"), "automated");
    }
}
