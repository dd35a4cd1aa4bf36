//! Amounts of money.

use serde::{Deserialize, Serialize};

/// An amount in the currency's smallest unit, in its JSON form.
///
/// ```
/// use language::{money::Money, value::shown_money};
///
/// let price: Money = serde_json::from_str(r#"{"amount":12500000,"currency":"INR"}"#)?;
/// assert_eq!(shown_money(price.amount, &price.currency), "₹1,25,000.00");
/// // ISO 4217: the yen has no smaller unit, the Kuwaiti dinar has 1,000 fils.
/// assert_eq!([Money::digits("JPY"), Money::digits("EUR"), Money::digits("KWD")], [0, 2, 3]);
/// assert_eq!(shown_money(1250, "JPY"), "¥1,250");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The number of smallest units, such as paise or cents.
    pub amount: i64,
    /// ISO 4217, three capital letters.
    pub currency: String,
}

impl Money {
    /// The number of decimal digits of a currency (ISO 4217).
    pub fn digits(currency: &str) -> u32 {
        match currency {
            "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "UGX" | "XAF" | "XOF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}
