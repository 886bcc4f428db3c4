//! Reads one request cookie, and writes one Set-Cookie.

use crate::error::Error;
use crate::keyring::Keyring;
use crate::token::{SessionToken, Why};

/// Gives the values of one cookie name, at most 4, in order.
pub fn candidates<'h>(header: &'h [u8], name: &[u8]) -> impl Iterator<Item = &'h [u8]> {
    let _ = name;
    header.split(|&byte| byte == b';').take(0)
}

/// Says what a `Cookie` header holds for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No cookie of our name.
    None,
    /// One of our name that does not open.
    Rejected(Why),
    /// Two that open to different ids: neither counts.
    Ambiguous,
    /// The token, and the index of the secret that opened it.
    Token(SessionToken, usize),
}

/// Finds the session token in a `Cookie` header.
#[must_use]
pub fn find(_keyring: &Keyring, _cookie_name: &str, _header: &[u8], _now: u64) -> Found {
    Found::None
}

/// Says on which requests from other sites the cookie is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// On navigations too.
    Lax,
    /// Never.
    Strict,
    /// Always; needs `secure`.
    None,
}

/// Says how long the browser keeps a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Until the browser ends its session.
    BrowserSession,
    /// For so many seconds.
    Seconds(u64),
}

/// Holds the attributes of the session cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieOptions {
    /// The cookie's name.
    pub name: String,
    /// The `Path` attribute.
    pub path: String,
    /// The `Domain` attribute.
    pub domain: Option<String>,
    /// The `SameSite` attribute.
    pub same_site: SameSite,
    /// The `Secure` attribute.
    pub secure: bool,
    /// The `HttpOnly` attribute.
    pub http_only: bool,
    /// The `Partitioned` attribute.
    pub partitioned: bool,
    /// How long a persistent cookie lives.
    pub max_age_seconds: Option<u64>,
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self {
            name: "__Host-session".to_owned(),
            path: "/".to_owned(),
            domain: None,
            same_site: SameSite::Lax,
            secure: true,
            http_only: true,
            partitioned: false,
            max_age_seconds: None,
        }
    }
}

impl CookieOptions {
    /// Writes the `Set-Cookie` line that sets the cookie.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: a field holds what a cookie cannot.
    /// - `cookie-too-large`: name and value, or an attribute, are too long.
    pub fn line(&self, _value: &str, _lifetime: Lifetime, _now: u64) -> Result<String, Error> {
        Err(Error::CoreFailed)
    }

    /// Writes the `Set-Cookie` line that removes the cookie.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: a field holds what a cookie cannot.
    /// - `cookie-too-large`: an attribute is too long.
    pub fn expired_line(&self) -> Result<String, Error> {
        Err(Error::CoreFailed)
    }
}
