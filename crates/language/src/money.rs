//! An amount of money.

use serde::{Deserialize, Serialize};

/// An amount in the currency's smallest unit, as it stands in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// How many of the smallest unit: paise, cents.
    pub amount: i64,
    /// ISO 4217, three capital letters.
    pub currency: String,
}

impl Money {
    /// How many digits a currency has after the point.
    pub fn digits(currency: &str) -> u32 {
        match currency {
            "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "UGX" | "XAF" | "XOF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}
