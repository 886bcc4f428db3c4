//! Every setting, its default, and what is refused.

use core::fmt;

use crate::cookie::{CookieOptions, MAX_AGE_SECONDS, MAX_ATTRIBUTE, MAX_NAME_AND_VALUE, SameSite, is_attribute, is_cookie_name};
use crate::error::Error;
use crate::keyring::{MAX_SECRETS, MIN_SECRET_BYTES, has_equals, is_application_name};
use crate::token::SESSION_TEXT;

/// Bytes of a record that no setting can pass.
pub const MAX_RECORD_BYTES: usize = 1_048_576;

/// Holds every setting that the core reads.
///
/// `Options::new` has the safest of everything; set a field to weaken it.
#[derive(Clone, PartialEq, Eq)]
pub struct Options {
    /// The secrets: the first seals, all open. 1 to 8 of 32 random bytes or
    /// more. Removing one ends every session that it sealed.
    pub secrets: Vec<Vec<u8>>,
    /// The name that keeps applications on one store apart. Changing it ends
    /// every session.
    pub application_name: String,
    /// The session cookie and its attributes.
    pub cookie: CookieOptions,
    /// How long a session lives without a request; it says nothing about how
    /// long the browser keeps the cookie.
    pub idle_timeout_seconds: u64,
    /// How long a session lives at most, however busy; `None`: without end.
    pub absolute_timeout_seconds: Option<u64>,
    /// How long a record's text may be; a longer one is not stored.
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
            absolute_timeout_seconds: Some(86_400),
            max_record_bytes: 65_536,
        }
    }

    /// Lists every problem: the option, what is wrong, what to write instead.
    ///
    /// Options have the names that JavaScript gives them. No problem shows a
    /// value.
    #[must_use]
    pub fn problems(&self) -> Vec<&'static str> {
        let mut problems = Vec::new();
        self.check_secrets(&mut problems);
        check_fields(&self.cookie, &mut problems);
        check_pairs(&self.cookie, &mut problems);
        self.check_limits(&mut problems);
        problems
    }

    /// Refuses options that have a problem.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: `problems` is not empty.
    pub fn check(&self) -> Result<(), Error> {
        if self.problems().is_empty() { Ok(()) } else { Err(Error::InvalidOptions) }
    }

    fn check_secrets(&self, problems: &mut Vec<&'static str>) {
        let secrets = &self.secrets;
        let too_short = |secret: &Vec<u8>| secret.len() < MIN_SECRET_BYTES;
        problems.extend(refused([
            (secrets.is_empty(), "secrets: there is none; give one of 32 random bytes (openssl rand -base64 48)"),
            (secrets.len() > MAX_SECRETS, "secrets: more than 8; keep those still in use"),
            (secrets.iter().any(too_short), "secrets: one is below 32 bytes; use random ones (openssl rand -base64 48)"),
            (has_equals(secrets), "secrets: two are equal; list each once"),
            (!is_application_name(&self.application_name), "applicationName: not allowed; write 1 to 64 of A-Z a-z 0-9 . _ -"),
        ]));
    }

    fn check_limits(&self, problems: &mut Vec<&'static str>) {
        let range = 1..=MAX_AGE_SECONDS;
        let idle = self.idle_timeout_seconds;
        let absolute = self.absolute_timeout_seconds;
        problems.extend(refused([
            (!range.contains(&idle), "idleTimeoutSeconds: out of range; write whole seconds, 1 to 34560000"),
            (
                absolute.is_some_and(|seconds| !range.contains(&seconds)),
                "absoluteTimeoutSeconds: out of range; write whole seconds, 1 to 34560000, \
                 or Infinity",
            ),
            (
                absolute.is_some_and(|seconds| seconds < idle),
                "absoluteTimeoutSeconds: below idleTimeoutSeconds; raise it, or lower that",
            ),
            (!(1..=MAX_RECORD_BYTES).contains(&self.max_record_bytes), "maxRecordBytes: out of range; write 1 to 1048576"),
        ]));
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Options(..)")
    }
}

// Each attribute for itself.
fn check_fields(cookie: &CookieOptions, problems: &mut Vec<&'static str>) {
    let longest_name = MAX_NAME_AND_VALUE.saturating_sub(SESSION_TEXT);
    let name_refused = !is_cookie_name(&cookie.name) || cookie.name.len() > longest_name;
    let path = &cookie.path;
    let path_refused = !path.starts_with('/') || !is_attribute(path) || path.len() > MAX_ATTRIBUTE;
    let domain_refused =
        cookie.domain.as_ref().is_some_and(|domain| domain.is_empty() || !is_attribute(domain) || domain.len() > MAX_ATTRIBUTE);
    let lifetime = cookie.max_age_seconds;
    problems.extend(refused([
        (name_refused, "cookie.name: not allowed; write letters, digits, - and _, at most 4000"),
        (path_refused, "cookie.path: not allowed; begin with /, plain ASCII without ;, at most 1024"),
        (domain_refused, "cookie.domain: not allowed; write a host name, or leave it out"),
        (
            lifetime.is_some_and(|seconds| !(1..=MAX_AGE_SECONDS).contains(&seconds)),
            "cookie.maxAgeSeconds: out of range; write whole seconds, 1 to 34560000",
        ),
    ]));
}

// The pairs that browsers refuse, without a word (RFC 6265bis 4.1.3, 5.7).
fn check_pairs(cookie: &CookieOptions, problems: &mut Vec<&'static str>) {
    let host = has_prefix(&cookie.name, "__Host-");
    let http = has_prefix(&cookie.name, "__Http-") || has_prefix(&cookie.name, "__Host-Http-");
    let any = host || http || has_prefix(&cookie.name, "__Secure-");
    problems.extend(refused([
        (
            any && !cookie.secure,
            "cookie.secure: the name's prefix needs it; leave it out, or for development name \
             the cookie session",
        ),
        (
            host && cookie.domain.is_some(),
            "cookie.domain: a __Host- name has none; leave it out, or name the cookie \
             __Secure-session",
        ),
        (
            host && cookie.path != "/",
            "cookie.path: a __Host- name needs /; leave it out, or name the cookie \
             __Secure-session",
        ),
        (
            http && !cookie.http_only,
            "cookie.httpOnly: the name's prefix needs it; leave it out, or name the cookie \
             __Host-session",
        ),
        (cookie.same_site == SameSite::None && !cookie.secure, "cookie.sameSite: none needs secure; set secure, or write lax"),
        (cookie.partitioned && !cookie.secure, "cookie.partitioned: needs secure; set secure, or leave it out"),
    ]));
}

// Browsers compare prefixes in any case (RFC 6265bis 5.7).
fn has_prefix(name: &str, prefix: &str) -> bool {
    let start = name.as_bytes().get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn refused<const RULES: usize>(rules: [(bool, &'static str); RULES]) -> impl Iterator<Item = &'static str> {
    let broken = rules.into_iter().filter(|(broken, _)| *broken);
    broken.map(|(_, problem)| problem)
}
