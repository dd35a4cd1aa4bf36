//! The name of a cluster's superuser and database: a word that is safe in SQL, URLs and paths.

use std::fmt;

use crate::error::ClusterError;

const LONGEST: usize = 30;
/// `initdb` creates a database of this name by itself.
const TAKEN: &str = "postgres";

/// 1 to 30 lower-case letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn parse(name: &str) -> Result<Self, ClusterError> {
        let is_word = (1..=LONGEST).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase());
        if is_word && name != TAKEN {
            return Ok(Self(name.to_owned()));
        }
        Err(ClusterError::Name {
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_of_lower_case_letters() {
        assert_eq!(Name::parse("agora").unwrap().to_string(), "agora");
        for name in ["", "Agora", "a b", "a\"b", "a'b", "pg_x", "postgres", "é"] {
            let refused = Name::parse(name).unwrap_err();
            assert!(matches!(refused, ClusterError::Name { .. }), "{name}");
        }
        assert!(Name::parse(&"a".repeat(LONGEST + 1)).is_err());
    }
}
