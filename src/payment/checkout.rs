//! What the gateway's browser library is opened with, in the form that Razorpay documents.

use serde_json::{Value, json};

use crate::config::PaymentOptions;
use crate::domain::flow::Money;
use crate::domain::principal::Profile;

/// What a checkout shows.
pub struct Checkout<'a> {
    /// The public half of the gateway's keys.
    pub key_id: &'a str,
    /// The gateway's id of the order.
    pub order: &'a str,
    /// How much.
    pub price: &'a Money,
    /// What for.
    pub description: &'a str,
    /// Who pays, where that is one person.
    pub payer: Option<&'a Profile>,
}

impl Checkout<'_> {
    /// The object. Stoa knows no telephone numbers, so the checkout asks for it.
    pub fn razorpay_config(&self, options: &PaymentOptions) -> Value {
        let known = |field: fn(&Profile) -> &Option<String>| {
            let value = self.payer.and_then(|payer| field(payer).as_deref());
            value.unwrap_or_default()
        };
        json!({
            "order_id": self.order,
            "amount": self.price.amount,
            "currency": self.price.currency,
            "key_id": self.key_id,
            "name": options.checkout_name,
            "description": self.description,
            "prefill": {
                "name": known(|payer| &payer.name),
                "email": known(|payer| &payer.email),
                "contact": "",
            },
            "theme": { "color": options.checkout_color },
        })
    }
}
