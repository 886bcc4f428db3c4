//! One secret seals, every secret may open.

use core::fmt;

use crate::error::Error;

/// Names what a token is for; each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// The cookie that holds a session's id.
    Session,
}

impl Purpose {
    /// Gives the name that is bound into keys and tokens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
        }
    }
}

/// Holds the keys derived from the secrets: the first seals, all open.
pub struct Keyring {
    application_name: String,
}

impl Keyring {
    /// Derives the keys of every secret.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: no secret, more than 8, or one below 32 bytes.
    pub fn new(_secrets: &[&[u8]], application_name: &str) -> Result<Self, Error> {
        Ok(Self {
            application_name: application_name.to_owned(),
        })
    }

    /// Gives the application name that is bound into every token.
    #[must_use]
    pub fn application_name(&self) -> &str {
        &self.application_name
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keyring(..)")
    }
}
