//! A small language for rules in TOML files: typed values, money, checked expressions, texts with placeholders,
//! problems with line numbers.
#![doc = include_str!("../README.md")]

pub mod bounds;
pub mod declared;
pub mod expression;
pub mod field;
pub mod fields;
pub mod money;
pub mod period;
pub mod problem;
pub mod source;
pub mod text;
pub mod value;
pub mod visible;
pub mod web_address;
pub mod whole;
