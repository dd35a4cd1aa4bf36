//! The options for opening the gateway's browser library, as Razorpay documents them (Standard Checkout).

use serde_json::{Value, json};

use crate::config::PaymentOptions;
use crate::domain::flow::Money;
use crate::domain::principal::Profile;

/// The contents of a checkout.
pub struct Checkout<'a> {
    /// The public part of the gateway's key.
    pub key_id: &'a str,
    /// The gateway's id of the order.
    pub order: &'a str,
    /// The amount and currency.
    pub price: &'a Money,
    /// The description for the payer.
    pub description: &'a str,
    /// The payer, if it is one person.
    pub payer: Option<&'a Profile>,
}

impl Checkout<'_> {
    /// The options as JSON. Stoa stores no telephone numbers, so the checkout asks for one.
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
