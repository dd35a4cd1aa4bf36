//! The types that a server knows.

use language::problem::nearest;
use std::collections::BTreeMap;

use crate::kind::NoticeType;

/// Types by name.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    types: BTreeMap<String, NoticeType>,
}

impl Notices {
    /// These types together. Two of one name contradict each other: the error is a sentence.
    pub fn of(types: impl IntoIterator<Item = NoticeType>) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for of in types {
            let name = of.name.clone();
            if all.insert(name.clone(), of).is_some() {
                return Err(format!("two notification types are named `{name}`"));
            }
        }
        Ok(Self { types: all })
    }

    /// The type with this name.
    pub fn get(&self, name: &str) -> Option<&NoticeType> {
        self.types.get(name)
    }

    /// The most similar name.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.types.keys().map(String::as_str))
    }

    /// All types, by name.
    pub fn all(&self) -> impl Iterator<Item = &NoticeType> {
        self.types.values()
    }
}
