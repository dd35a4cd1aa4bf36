//! Native views in camelCase: members are renamed, left out and put in order while they are written.

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Serializer, Value};
use std::cell::RefCell;
use std::io::{Error, Result, Write};
use std::ops::Range;

/// How a dialect shows the members of native views.
#[derive(Debug)]
pub(in crate::edge) struct Shape {
    /// The members that it leaves out: under which member their object stands (nothing at the top), and their native name.
    pub left_out: &'static [(&'static str, &'static str)],
    /// Members, by their native names, in whose values every member keeps its name.
    pub unchanged: &'static [&'static str],
}

/// A value as JSON in this shape. The members of each object stand in the order of their names.
pub(in crate::edge) fn camel_case(
    value: &impl Serialize,
    shape: &Shape,
) -> serde_json::Result<String> {
    let text = RefCell::new(Vec::with_capacity(USUAL_BYTES));
    let shaping = Shaping {
        text: &text,
        shape,
        open: Vec::new(),
        unchanged_in: None,
    };
    value.serialize(&mut Serializer::with_formatter(Text(&text), shaping))?;
    String::from_utf8(text.into_inner()).map_err(serde::ser::Error::custom)
}

/// Bytes that most values fit into.
const USUAL_BYTES: usize = 1_024;

/// Where the serializer writes; the formatter takes back from it what it changes.
struct Text<'a>(&'a RefCell<Vec<u8>>);

impl Write for Text<'_> {
    fn write(&mut self, part: &[u8]) -> Result<usize> {
        self.0.borrow_mut().extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// An object of which some members are written.
#[derive(Default)]
struct Object {
    /// Where its text begins.
    start: usize,
    /// Where its members stand in the text, name and value.
    members: Vec<Range<usize>>,
    /// Where the newest member begins.
    member_start: usize,
    /// The newest member's native name.
    name: String,
    /// Whether that member is left out.
    is_left_out: bool,
}

struct Shaping<'a> {
    text: &'a RefCell<Vec<u8>>,
    shape: &'a Shape,
    open: Vec<Object>,
    /// The number of open objects around a member whose value keeps its names, while that value is written.
    unchanged_in: Option<usize>,
}

impl Formatter for Shaping<'_> {
    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        let start = self.text.borrow().len();
        self.open.push(Object {
            start,
            ..Object::default()
        });
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, _: bool) -> Result<()> {
        if let Some(object) = self.open.last_mut() {
            object.member_start = self.text.borrow().len();
        }
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        let depth = self.open.len();
        let Some((object, outer)) = self.open.split_last_mut() else {
            return Ok(());
        };
        let mut text = self.text.borrow_mut();
        let quoted = object.member_start + 1..text.len() - 1;
        let name = text.get(quoted).unwrap_or_default();
        object.name = String::from_utf8_lossy(name).into_owned();
        let under = outer.last().map_or("", |outer| outer.name.as_str());
        let member = (under, object.name.as_str());
        object.is_left_out = self.shape.left_out.contains(&member);
        if self.unchanged_in.is_none() {
            let at = object.member_start + 1;
            let renamed = in_camel_case(&object.name);
            text.truncate(at);
            text.extend_from_slice(renamed.as_bytes());
            text.push(b'"');
            if self.shape.unchanged.contains(&object.name.as_str()) {
                self.unchanged_in = Some(depth);
            }
        }
        text.push(b':');
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        Ok(())
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        if self.unchanged_in == Some(self.open.len()) {
            self.unchanged_in = None;
        }
        if let Some(object) = self.open.last_mut() {
            let mut text = self.text.borrow_mut();
            match object.is_left_out {
                true => text.truncate(object.member_start),
                false => object.members.push(object.member_start..text.len()),
            }
        }
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        if let Some(object) = self.open.pop() {
            let mut text = self.text.borrow_mut();
            let mut members: Vec<&[u8]> = object
                .members
                .iter()
                .filter_map(|member| text.get(member.clone()))
                .collect();
            members.sort_unstable();
            let whole = [b"{".as_slice(), &members.join(&b','), b"}"].concat();
            text.truncate(object.start);
            text.extend_from_slice(&whole);
        }
        Ok(())
    }

    /// An opaque object, as a client's own context, keeps its names; its members are put in order too.
    fn write_raw_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> Result<()> {
        let value: Value = serde_json::from_str(fragment).map_err(Error::from)?;
        writer.write_all(value.to_string().as_bytes())
    }
}

/// `last_seq` as `lastSeq`; an underscore at the beginning stays.
fn in_camel_case(name: &str) -> String {
    let mut renamed = String::with_capacity(name.len());
    let rest = name.trim_start_matches('_');
    renamed.extend(name.strip_suffix(rest));
    let mut parts = rest.split('_');
    renamed.extend(parts.next());
    for part in parts {
        let mut characters = part.chars();
        renamed.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        renamed.push_str(characters.as_str());
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use serde_json::value::RawValue;

    const SHAPE: Shape = Shape {
        left_out: &[("", "left_out"), ("the_people", "left_out")],
        unchanged: &["as_it_is"],
    };

    fn shaped(value: &impl Serialize) -> String {
        camel_case(value, &SHAPE).unwrap()
    }

    #[test]
    fn members_are_renamed_and_stand_in_order() {
        #[derive(Serialize)]
        struct Inner {
            last_seq: i64,
            id: &'static str,
        }
        #[derive(Serialize)]
        struct View {
            some_list: Vec<Inner>,
            nothing_here: Option<i64>,
            #[serde(flatten)]
            flat: Inner,
        }
        let inner = |id| Inner { last_seq: 7, id };
        let view = View {
            some_list: vec![inner("a_b"), inner("\"x\"")],
            nothing_here: None,
            flat: inner("c"),
        };
        assert_eq!(
            shaped(&view),
            r#"{"id":"c","lastSeq":7,"nothingHere":null,"someList":[{"id":"a_b","lastSeq":7},{"id":"\"x\"","lastSeq":7}]}"#
        );
    }

    #[test]
    fn an_underscore_at_the_beginning_stays() {
        let view = json!({ "_id": 1, "__some_id": 2, "_": 3 });
        assert_eq!(shaped(&view), r#"{"_":3,"__someId":2,"_id":1}"#);
    }

    #[test]
    fn a_member_is_left_out_where_the_shape_says_so() {
        let view = json!({
            "left_out": { "a": [1, { "b": 2 }] }, "id": 1,
            "the_people": [{ "left_out": [], "name": "x" }], "others": { "left_out": 3 },
        });
        assert_eq!(
            shaped(&view),
            r#"{"id":1,"others":{"leftOut":3},"thePeople":[{"name":"x"}]}"#
        );
        assert_eq!(shaped(&json!({ "left_out": 1 })), "{}");
    }

    #[test]
    fn opaque_values_keep_their_names() {
        #[derive(Serialize)]
        struct View<'a> {
            as_it_is: Vec<Value>,
            own_context: &'a RawValue,
            after_it: i64,
        }
        let context: Box<RawValue> =
            serde_json::from_str(r#"{ "z_y": {"b_c": 1}, "a": 2.50 }"#).unwrap();
        let view = View {
            as_it_is: vec![json!({ "max_length": { "of_it": 1 } })],
            own_context: &context,
            after_it: 3,
        };
        assert_eq!(
            shaped(&view),
            r#"{"afterIt":3,"asItIs":[{"max_length":{"of_it":1}}],"ownContext":{"a":2.5,"z_y":{"b_c":1}}}"#
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let members = prop::collection::btree_map("[a-z]{1,4}", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                members.prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_whose_names_are_one_word_stays_the_same_text(value in any_json()) {
            prop_assert_eq!(shaped(&value), value.to_string());
        }
    }
}
