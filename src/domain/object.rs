//! JSON objects with distinct names at any depth. Of two values with one name, parsers disagree about which
//! counts.

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Characters of a name that a refusal repeats.
const NAME_SHOWN: usize = 64;

/// For `deserialize_with`, together with `default`: an object that may be absent or null.
pub fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    let object = Option::<Object>::deserialize(deserializer)?;
    Ok(object.map(|Object(fields)| fields))
}

/// For `deserialize_with`: an object that must be there.
pub fn required<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    Object::deserialize(deserializer).map(|Object(fields)| fields)
}

struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields).map(Self)
    }
}

/// Reads the members of an object, and refuses a repeated name.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if fields.contains_key(&name) {
                let shown: String = name.chars().take(NAME_SHOWN).collect();
                return Err(A::Error::custom(format_args!("duplicate field `{shown}`")));
            }
            let Once(value) = members.next_value()?;
            fields.insert(name, value);
        }
        Ok(fields)
    }
}

/// Any JSON value whose objects have distinct names.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything).map(Self)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = elements.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
        Fields.visit_map(members).map(Value::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "optional")]
        context: Option<Map<String, Value>>,
    }

    fn read(context: &str) -> Result<Option<Map<String, Value>>, String> {
        let read = serde_json::from_str(&format!(r#"{{"context":{context}}}"#));
        read.map(|Sample { context }| context)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_that_stands_twice_is_told_wherever_it_stands() {
        for twice in [
            r#"{"amount":1,"amount":2}"#,
            r#"{"price":{"amount":1,"amount":1}}"#,
            r#"{"list":[1,{"amount":1,"b":2,"amount":3}]}"#,
            r#"{"amount":1,"\u0061mount":2}"#,
        ] {
            let told = read(twice).unwrap_err();
            assert!(told.starts_with("duplicate field `amount`"), "{told}");
        }
        assert!(read(r#"{"a":{"a":{"a":[{"a":1},{"a":2}]}}}"#).is_ok());
    }

    #[test]
    fn an_object_may_be_absent_and_nothing_else_stands_for_it() {
        assert_eq!(read("null"), Ok(None));
        assert!(
            serde_json::from_str::<Sample>("{}")
                .unwrap()
                .context
                .is_none()
        );
        for wrong in ["[]", "7", "\"x\"", "true"] {
            assert!(
                read(wrong).unwrap_err().contains("expected an object"),
                "{wrong}"
            );
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e15f64..1e15).prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_else_is_said_is_read_as_it_is(value in any_json()) {
            let text = serde_json::json!({ "it": value }).to_string();
            let read = read(&text).unwrap().unwrap();
            let plain: Map<String, Value> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read, plain);
        }
    }
}
