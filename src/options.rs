//! Every setting, its default, and what is refused.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::cookie::{CookieOptions, MAX_AGE_SECONDS, MAX_ATTRIBUTE, MAX_NAME_AND_VALUE, SameSite, is_attribute, is_cookie_name};
use crate::error::Error;
use crate::keyring::{Keyring, MAX_SECRETS, MIN_SECRET_BYTES, has_equals, is_application_name};
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
    /// Whether the values of records are sealed too, bound to their key. Either
    /// kind is read, whatever is written.
    pub encrypt_records: bool,
    /// How long a record's text may be before it is sealed; a longer one is not
    /// stored.
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
            encrypt_records: false,
            max_record_bytes: 65_536,
        }
    }

    /// Lists every problem: the option, what is wrong, what to write instead.
    ///
    /// Options have the names that JavaScript gives them. No problem shows a
    /// value.
    #[must_use]
    #[inline(never)]
    pub fn problems(&self) -> Vec<&'static str> {
        let mut problems = Problems(Vec::new());
        self.check_secrets(&mut problems);
        check_fields(&self.cookie, &mut problems);
        check_pairs(&self.cookie, &mut problems);
        self.check_limits(&mut problems);
        problems.0
    }

    /// Refuses options that have a problem.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: `problems` is not empty.
    pub fn check(&self) -> Result<(), Error> {
        if self.problems().is_empty() { Ok(()) } else { Err(Error::InvalidOptions) }
    }

    // Derives the keys, and wipes the secrets. Without problems only.
    pub(crate) fn take_keyring(&mut self) -> Result<Keyring, Error> {
        let keyring = Keyring::derive(&self.secrets, &self.application_name)?;
        while let Some(mut secret) = self.secrets.pop() {
            secret.fill(0);
        }
        Ok(keyring)
    }

    fn check_secrets(&self, problems: &mut Problems) {
        let secrets = &self.secrets;
        let too_short = |secret: &Vec<u8>| secret.len() < MIN_SECRET_BYTES;
        problems.add_if(secrets.is_empty(), "secrets: there is none; give one of 32 random bytes (openssl rand -base64 48)");
        problems.add_if(secrets.len() > MAX_SECRETS, "secrets: more than 8; keep those still in use");
        problems
            .add_if(secrets.iter().any(too_short), "secrets: one is below 32 bytes; use random ones (openssl rand -base64 48)");
        problems.add_if(has_equals(secrets), "secrets: two are equal; list each once");
        problems.add_if(
            !is_application_name(&self.application_name),
            "applicationName: not allowed; write 1 to 64 of A-Z a-z 0-9 . _ -",
        );
    }

    fn check_limits(&self, problems: &mut Problems) {
        let idle = self.idle_timeout_seconds;
        let absolute = self.absolute_timeout_seconds;
        problems.add_if(is_out_of_range(Some(idle)), "idleTimeoutSeconds: out of range; write whole seconds, 1 to 34560000");
        problems.add_if(
            is_out_of_range(absolute),
            "absoluteTimeoutSeconds: out of range; write whole seconds, 1 to 34560000, or Infinity",
        );
        problems.add_if(
            absolute.is_some_and(|seconds| seconds < idle),
            "absoluteTimeoutSeconds: below idleTimeoutSeconds; raise it, or lower that",
        );
        problems
            .add_if(!(1..=MAX_RECORD_BYTES).contains(&self.max_record_bytes), "maxRecordBytes: out of range; write 1 to 1048576");
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Options(..)")
    }
}

/// The problems that were found.
struct Problems(Vec<&'static str>);

impl Problems {
    #[inline(never)]
    fn add_if(&mut self, is_broken: bool, problem: &'static str) {
        if is_broken {
            self.0.push(problem);
        }
    }
}

// Each attribute for itself.
fn check_fields(cookie: &CookieOptions, problems: &mut Problems) {
    let longest_name = MAX_NAME_AND_VALUE.saturating_sub(SESSION_TEXT);
    let path = &cookie.path;
    problems.add_if(
        !is_cookie_name(&cookie.name) || cookie.name.len() > longest_name,
        "cookie.name: not allowed; write letters, digits, - and _, at most 4000",
    );
    problems.add_if(
        !path.starts_with('/') || !is_attribute(path) || path.len() > MAX_ATTRIBUTE,
        "cookie.path: not allowed; begin with /, plain ASCII without ;, at most 1024",
    );
    problems.add_if(
        cookie.domain.as_ref().is_some_and(|domain| domain.is_empty() || !is_attribute(domain) || domain.len() > MAX_ATTRIBUTE),
        "cookie.domain: not allowed; write a host name, or leave it out",
    );
    problems.add_if(
        is_out_of_range(cookie.max_age_seconds),
        "cookie.maxAgeSeconds: out of range; write whole seconds, 1 to 34560000",
    );
}

// The pairs that browsers refuse, without a word (RFC 6265bis 4.1.3, 5.7).
fn check_pairs(cookie: &CookieOptions, problems: &mut Problems) {
    let host = has_prefix(&cookie.name, "__Host-");
    let http = has_prefix(&cookie.name, "__Http-") || has_prefix(&cookie.name, "__Host-Http-");
    let any = host || http || has_prefix(&cookie.name, "__Secure-");
    problems.add_if(
        any && !cookie.secure,
        "cookie.secure: the name's prefix needs it; leave it out, or for development name the cookie session",
    );
    problems.add_if(
        host && cookie.domain.is_some(),
        "cookie.domain: a __Host- name has none; leave it out, or name the cookie __Secure-session",
    );
    problems.add_if(
        host && cookie.path != "/",
        "cookie.path: a __Host- name needs /; leave it out, or name the cookie __Secure-session",
    );
    problems.add_if(
        http && !cookie.http_only,
        "cookie.httpOnly: the name's prefix needs it; leave it out, or name the cookie __Host-session",
    );
    problems.add_if(
        cookie.same_site == SameSite::None && !cookie.secure,
        "cookie.sameSite: none needs secure; set secure, or write lax",
    );
    problems.add_if(cookie.partitioned && !cookie.secure, "cookie.partitioned: needs secure; set secure, or leave it out");
}

fn is_out_of_range(seconds: Option<u64>) -> bool {
    seconds.is_some_and(|seconds| !(1..=MAX_AGE_SECONDS).contains(&seconds))
}

// Browsers compare prefixes in any case (RFC 6265bis 5.7).
#[inline(never)]
fn has_prefix(name: &str, prefix: &str) -> bool {
    let start = name.as_bytes().get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::cookie::{CookieOptions, SameSite};
    use crate::error::Error;

    fn with(change: impl FnOnce(&mut Options)) -> Vec<&'static str> {
        let mut options = Options::new(vec![vec![7; 32]]);
        change(&mut options);
        options.problems()
    }

    fn named(problems: &[&'static str]) -> Vec<&'static str> {
        problems.iter().filter_map(|problem| Some(problem.split_once(": ")?.0)).collect()
    }

    fn refuses(option: &str, change: impl FnOnce(&mut Options)) {
        assert_eq!(named(&with(change)), [option]);
    }

    fn allows(change: impl FnOnce(&mut Options)) {
        assert_eq!(with(change), [""; 0]);
    }

    #[test]
    fn the_defaults_are_these() {
        let options = Options::new(vec![vec![7; 32]]);
        assert_eq!(options.application_name, "edge-session");
        assert_eq!(options.idle_timeout_seconds, 1200);
        assert_eq!(options.absolute_timeout_seconds, Some(86_400));
        assert!(!options.encrypt_records);
        assert_eq!(options.max_record_bytes, 65_536);
        let cookie = CookieOptions {
            name: "__Host-session".to_owned(),
            path: "/".to_owned(),
            domain: None,
            same_site: SameSite::Lax,
            secure: true,
            http_only: true,
            partitioned: false,
            max_age_seconds: None,
        };
        assert_eq!(options.cookie, cookie);
        assert_eq!(options.check(), Ok(()));
    }

    #[test]
    fn secrets_are_one_to_eight_long_and_distinct() {
        let distinct = |count: u8| (0..count).map(|byte| vec![byte; 32]).collect::<Vec<_>>();
        allows(|options| options.secrets = distinct(8));
        refuses("secrets", |options| options.secrets = distinct(9));
        refuses("secrets", |options| options.secrets = vec![]);
        refuses("secrets", |options| options.secrets = vec![vec![7; 31]]);
        refuses("secrets", |options| options.secrets = vec![vec![7; 32], vec![8; 31]]);
        refuses("secrets", |options| options.secrets = vec![vec![7; 32], vec![8; 32], vec![7; 32]]);
    }

    #[test]
    fn the_application_name_is_plain() {
        for name in ["a", "A.b_c-9", &"x".repeat(64)] {
            allows(|options| options.application_name = name.to_owned());
        }
        for name in ["", "a b", "a{b", "a:b", "é", &"x".repeat(65)] {
            refuses("applicationName", |options| options.application_name = name.to_owned());
        }
    }

    #[test]
    fn times_and_sizes_stay_in_their_ranges() {
        for seconds in [1, 1200, 86_400] {
            allows(|options| options.idle_timeout_seconds = seconds);
        }
        for seconds in [1200, 34_560_000] {
            allows(|options| options.absolute_timeout_seconds = Some(seconds));
            allows(|options| options.cookie.max_age_seconds = Some(seconds));
        }
        allows(|options| {
            options.idle_timeout_seconds = 34_560_000;
            options.absolute_timeout_seconds = None;
        });
        refuses("idleTimeoutSeconds", |options| options.idle_timeout_seconds = 0);
        refuses("idleTimeoutSeconds", |options| {
            options.idle_timeout_seconds = 34_560_001;
            options.absolute_timeout_seconds = None;
        });
        refuses("absoluteTimeoutSeconds", |options| options.absolute_timeout_seconds = Some(34_560_001));
        refuses("absoluteTimeoutSeconds", |options| options.absolute_timeout_seconds = Some(1199));
        refuses("cookie.maxAgeSeconds", |options| options.cookie.max_age_seconds = Some(0));
        refuses("cookie.maxAgeSeconds", |options| options.cookie.max_age_seconds = Some(34_560_001));
        for bytes in [1, 1_048_576] {
            allows(|options| options.max_record_bytes = bytes);
        }
        for bytes in [0, 1_048_577] {
            refuses("maxRecordBytes", |options| options.max_record_bytes = bytes);
        }
    }

    #[test]
    fn every_cookie_attribute_is_checked() {
        for name in ["", "a b", "a=b", "a;b", "a\r\nb", "é", "\u{2000}a", &"x".repeat(4001)] {
            refuses("cookie.name", |options| options.cookie.name = name.to_owned());
        }
        for path in ["", "shop", "/a;b", "/\n", "/é", &"/".repeat(1025)] {
            refuses("cookie.path", |options| {
                options.cookie.name = "session".to_owned();
                options.cookie.path = path.to_owned();
            });
        }
        for domain in ["", "a;b", "a\tb", "é.example", &"d".repeat(1025)] {
            refuses("cookie.domain", |options| {
                options.cookie.name = "session".to_owned();
                options.cookie.domain = Some(domain.to_owned());
            });
        }
        allows(|options| {
            options.cookie.name = "session".to_owned();
            options.cookie.path = "/shop".to_owned();
            options.cookie.domain = Some("example.com".to_owned());
        });
    }

    #[test]
    fn same_site_none_and_partitioned_need_secure() {
        for name in ["session", "__secure"] {
            let unsecured = |options: &mut Options| {
                options.cookie.name = name.to_owned();
                options.cookie.secure = false;
            };
            allows(unsecured);
            refuses("cookie.sameSite", |options| {
                unsecured(options);
                options.cookie.same_site = SameSite::None;
            });
            refuses("cookie.partitioned", |options| {
                unsecured(options);
                options.cookie.partitioned = true;
            });
        }
        allows(|options| {
            options.cookie.same_site = SameSite::None;
            options.cookie.partitioned = true;
        });
    }

    // RFC 6265bis 4.1.3 and the prefixes of its successor: secure, a domain,
    // another path, http only; what the prefix says to each.
    const PREFIXES: [(&str, bool, bool, bool); 5] = [
        ("", false, false, false),
        ("__Secure-", true, false, false),
        ("__Host-", true, true, false),
        ("__Http-", true, false, true),
        ("__Host-Http-", true, true, true),
    ];

    #[test]
    fn every_prefix_is_held_to_its_rules_in_any_case() {
        for (prefix, needs_secure, this_host, needs_http_only) in PREFIXES {
            for bits in 0..16 {
                let (secure, domain) = (bits & 1 == 0, bits & 2 != 0);
                let (other_path, http_only) = (bits & 4 != 0, bits & 8 == 0);
                let broken = [
                    (needs_secure && !secure).then_some("cookie.secure"),
                    (this_host && domain).then_some("cookie.domain"),
                    (this_host && other_path).then_some("cookie.path"),
                    (needs_http_only && !http_only).then_some("cookie.httpOnly"),
                ];
                let expected: Vec<&str> = broken.into_iter().flatten().collect();
                for name in [prefix.to_owned(), prefix.to_lowercase(), prefix.to_uppercase()] {
                    let problems = with(|options| {
                        options.cookie.name = name.clone() + "s";
                        options.cookie.secure = secure;
                        options.cookie.domain = domain.then(|| "example.com".to_owned());
                        options.cookie.path = if other_path { "/shop" } else { "/" }.to_owned();
                        options.cookie.http_only = http_only;
                    });
                    assert_eq!(named(&problems), expected, "{name} {bits}");
                }
            }
        }
    }

    fn all_wrong() -> Options {
        let mut options = Options::new(vec![b"canary".to_vec(), b"canary".to_vec()]);
        options.application_name = "canary canary".to_owned();
        options.cookie.name = "__Host-canary;".to_owned();
        options.cookie.path = "canary".to_owned();
        options.cookie.domain = Some("canary;".to_owned());
        options.cookie.secure = false;
        options.cookie.same_site = SameSite::None;
        options.cookie.partitioned = true;
        options.cookie.max_age_seconds = Some(0);
        options.idle_timeout_seconds = 0;
        options.absolute_timeout_seconds = Some(0);
        options.max_record_bytes = 0;
        options
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let problems = all_wrong().problems();
        assert_eq!(problems.len(), 15, "{problems:?}");
        assert_eq!(all_wrong().check(), Err(Error::InvalidOptions));
    }

    #[test]
    fn every_problem_says_what_to_write_and_shows_no_value() {
        for problem in all_wrong().problems() {
            let (_, advice) = problem.split_once(": ").expect("an option");
            assert!(advice.contains("; "), "{problem}");
            assert!(!problem.contains("canary"), "{problem}");
        }
    }

    #[test]
    fn options_do_not_show_themselves() {
        assert_eq!(format!("{:?}", all_wrong()), "Options(..)");
    }
}
