//! Keeps the demo away from real data and real users, unless an option asks for it by name.

use super::Config;

impl Config {
    /// Checks the demo against the other options. An error is a sentence that says what to do.
    pub(super) fn check_demo(&self) -> Result<(), String> {
        if self.demo_into_database && !self.demo {
            return Err(
                "--demo-into-database says where --demo may go: give --demo too, or neither."
                    .to_owned(),
            );
        }
        if !self.demo {
            return Ok(());
        }
        if !self.demo_anywhere && !self.listen.ip().is_loopback() {
            return Err(format!(
                "--demo gives a token to everybody who asks, so it listens on loopback only, not on {}.\n\
                 Leave out --demo, listen on 127.0.0.1, or say --demo-anywhere if you mean it.",
                self.listen
            ));
        }
        let in_earnest = self.in_earnest();
        if self.demo_into_database || in_earnest.is_empty() {
            return Ok(());
        }
        Err(format!(
            "--demo writes people and conversations into the database and gives a token to everybody who asks, \
             so it does not run beside {}.\n\
             Leave out --demo, take away what is named, or say --demo-into-database if you mean it.",
            in_earnest.join(" and ")
        ))
    }

    /// The given options that belong to a platform's own data and users.
    fn in_earnest(&self) -> Vec<&'static str> {
        let auth = &self.auth;
        let options = [
            (
                self.database.database_url.is_some(),
                "--database-url (DATABASE_URL)",
            ),
            (auth.jwt_secret.is_some(), "--jwt-secret (STOA_JWT_SECRET)"),
            (
                auth.jwt_public_key.is_some(),
                "--jwt-public-key (STOA_JWT_PUBLIC_KEY)",
            ),
            (auth.jwks.is_some(), "--jwks (STOA_JWKS)"),
        ];
        let given = options.into_iter().filter(|(is_given, _)| *is_given);
        given.map(|(_, name)| name).collect()
    }
}

/// Reads yes or no from a variable. An empty variable means no.
pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "on" | "t" => Ok(true),
        "" | "false" | "0" | "no" | "n" | "off" | "f" => Ok(false),
        _ => Err("say true or false (1, 0, yes, no, on and off will do)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_may_say_yes_in_several_words() {
        for yes in ["true", "TRUE", "1", "yes", " on "] {
            assert_eq!(yes_or_no(yes), Ok(true), "{yes:?}");
        }
        for no in ["", "false", "0", "No", "off"] {
            assert_eq!(yes_or_no(no), Ok(false), "{no:?}");
        }
        for neither in ["maybe", "2", "truee"] {
            assert!(yes_or_no(neither).is_err(), "{neither:?}");
        }
    }
}
