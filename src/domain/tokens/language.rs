//! Languages whose words have stems.

use rust_stemmers::{Algorithm, Stemmer};

/// Letters of a word that is long enough to be stemmed.
const SHORTEST: usize = 3;

macro_rules! languages {
    ($($name:ident = $code:literal),+ $(,)?) => {
        /// A language whose words can be stemmed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Language { $($name),+ }
        impl Language {
            /// All languages.
            pub const ALL: &[Self] = &[$(Self::$name),+];
            /// The code of ISO 639-1.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }
            fn algorithm(self) -> Algorithm {
                match self { $(Self::$name => Algorithm::$name),+ }
            }
        }
    };
}

languages! {
    Arabic = "ar",
    Danish = "da",
    Dutch = "nl",
    English = "en",
    Finnish = "fi",
    French = "fr",
    German = "de",
    Greek = "el",
    Hungarian = "hu",
    Italian = "it",
    Norwegian = "no",
    Portuguese = "pt",
    Romanian = "ro",
    Russian = "ru",
    Spanish = "es",
    Swedish = "sv",
    Tamil = "ta",
    Turkish = "tr",
}

impl Language {
    /// The language with this code.
    pub fn parse(code: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|language| language.code() == code)
    }

    /// The stem of a word in lower case; `None` for what is too short or no word.
    pub(super) fn stem(self, word: &str) -> Option<String> {
        let is_word = word.chars().all(char::is_alphabetic);
        let is_long = word.chars().nth(SHORTEST - 1).is_some();
        let stem = (is_word && is_long).then(|| Stemmer::create(self.algorithm()).stem(word))?;
        (!stem.is_empty()).then(|| stem.into_owned())
    }
}
