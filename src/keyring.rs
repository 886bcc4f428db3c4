//! One secret seals, every secret may open.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use hkdf::Hkdf;
use sha2::Sha256;

use crate::error::Error;
use crate::parts::Parts;
use crate::xaes::XaesKey;

/// Bytes that a secret has at least (OWASP ASVS 11.2.3).
pub const MIN_SECRET_BYTES: usize = 32;

/// Secrets that a keyring has at most.
pub const MAX_SECRETS: usize = 8;

/// Characters that an application name has at most.
pub const MAX_APPLICATION_NAME: usize = 64;

/// Bytes of the public name of a secret's keys.
pub const KEY_ID_BYTES: usize = 4;

/// Separates our keys from those of other users of the same secret.
const SALT: &[u8] = b"edge-session v1";

/// Names what a token is for; each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// The cookie that holds a session's id.
    Session,
    /// The cookie that holds what is read once.
    TempData,
    /// The cookie that holds a whole session.
    CookieSession,
    /// Text for query strings and forms.
    Protected,
    /// The values of a record.
    Record,
}

impl Purpose {
    /// All of them, in order.
    const ALL: [Purpose; 5] = [Self::Session, Self::TempData, Self::CookieSession, Self::Protected, Self::Record];

    /// Gives the name that is bound into keys and tokens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::TempData => "tempdata",
            Self::CookieSession => "cookie-session",
            Self::Protected => "protected",
            Self::Record => "record",
        }
    }
}

/// Holds the keys derived from the secrets: the first seals, all open.
///
/// It keeps no secret, only what was derived from it.
///
/// # Examples
///
/// ```
/// use edge_session::keyring::Keyring;
///
/// let new = b"a new secret of 32 random bytes.";
/// let old = b"an old secret, 32 random bytes..";
/// let keyring = Keyring::new(&[new, old], "shop")?;
/// assert_eq!(keyring.application_name(), "shop");
/// # Ok::<(), edge_session::error::Error>(())
/// ```
pub struct Keyring {
    application_name: String,
    /// Never empty; in the order of the secrets.
    entries: Vec<Entry>,
}

struct Entry {
    key_id: [u8; KEY_ID_BYTES],
    event_salt: [u8; 32],
    /// One for each purpose, in the order of `Purpose`.
    keys: Vec<XaesKey>,
}

impl Keyring {
    /// Derives the keys of every secret.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: not 1 to 8 distinct secrets of 32 bytes at least,
    ///   or a name other than 1 to 64 of `A-Z a-z 0-9 . _ -`.
    ///
    /// # Security
    ///
    /// A secret is random bytes, not a password: nothing here slows down
    /// somebody who guesses.
    pub fn new(secrets: &[&[u8]], application_name: &str) -> Result<Self, Error> {
        let too_many = secrets.is_empty() || secrets.len() > MAX_SECRETS;
        let too_short = secrets.iter().any(|secret| secret.len() < MIN_SECRET_BYTES);
        let name_refused = !is_application_name(application_name);
        if too_many || too_short || name_refused || has_equals(secrets) {
            return Err(Error::InvalidOptions);
        }
        Self::derive(secrets, application_name)
    }

    // The same for secrets and a name that were checked.
    pub(crate) fn derive<S: AsRef<[u8]>>(secrets: &[S], application_name: &str) -> Result<Self, Error> {
        let mut entries = Vec::with_capacity(secrets.len());
        for secret in secrets {
            entries.push(Entry::derive(secret.as_ref(), application_name)?);
        }
        Ok(Self { application_name: application_name.to_owned(), entries })
    }

    /// Gives the application name that is bound into every token.
    #[must_use]
    pub fn application_name(&self) -> &str {
        &self.application_name
    }

    /// Gives the salt for the hashes of ids in events; it is the same in every isolate.
    #[must_use]
    pub fn event_salt(&self) -> &[u8] {
        self.entries.first().map_or(&[], |entry| &entry.event_salt)
    }

    // The key that seals, and its public name.
    pub(crate) fn sealing_key(&self, purpose: Purpose) -> Option<([u8; KEY_ID_BYTES], &XaesKey)> {
        let entry = self.entries.first()?;
        Some((entry.key_id, entry.key(purpose)?))
    }

    // The keys of that public name, each with the index of its secret. Two
    // secrets share a name once in 2^32 pairs: then both are tried.
    pub(crate) fn opening_keys(&self, purpose: Purpose, key_id: [u8; KEY_ID_BYTES]) -> impl Iterator<Item = (usize, &XaesKey)> {
        self.entries
            .iter()
            .enumerate()
            .filter(move |(_, entry)| entry.key_id == key_id)
            .filter_map(move |(index, entry)| Some((index, entry.key(purpose)?)))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keyring(..)")
    }
}

impl Entry {
    #[inline(never)]
    fn derive(secret: &[u8], application_name: &str) -> Result<Self, Error> {
        let secret = Hkdf::<Sha256>::new(Some(SALT), secret);
        let mut keys = Vec::with_capacity(Purpose::ALL.len());
        for purpose in Purpose::ALL {
            keys.push(XaesKey::new(&expand(&secret, &["key", purpose.name(), application_name])?));
        }
        // HKDF's output of fewer bytes is the start of its output of more (RFC 5869 2.3).
        let [a, b, c, d, ..] = expand(&secret, &["kid", application_name])?;
        Ok(Self { key_id: [a, b, c, d], event_salt: expand(&secret, &["event", application_name])?, keys })
    }

    fn key(&self, purpose: Purpose) -> Option<&XaesKey> {
        self.keys.get(purpose as usize)
    }
}

/// Tells whether a name is 1 to 64 of `A-Z a-z 0-9 . _ -`.
#[must_use]
pub fn is_application_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_APPLICATION_NAME).contains(&name.len()) && name.bytes().all(allowed)
}

/// Tells whether a secret is listed twice.
pub(crate) fn has_equals<S: AsRef<[u8]>>(secrets: &[S]) -> bool {
    let mut rest = secrets;
    while let Some((secret, others)) = rest.split_first() {
        if others.iter().any(|other| other.as_ref() == secret.as_ref()) {
            return true;
        }
        rest = others;
    }
    false
}

// HKDF-Expand; each part of the info has its length before it.
#[inline(never)]
fn expand(secret: &Hkdf<Sha256>, info: &[&str]) -> Result<[u8; 32], Error> {
    let mut joined = Parts::new();
    for part in info {
        joined.push(part.as_bytes())?;
    }
    let mut bytes = [0; 32];
    match secret.expand(joined.as_bytes(), &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Error::CoreFailed),
    }
}

#[cfg(test)]
mod tests {
    use super::{Keyring, Purpose, is_application_name};
    use crate::error::Error;

    const FIRST: &[u8] = b"the first secret, 32 random bytes";
    const SECOND: &[u8] = b"the second secret, 32 random bytes";

    #[test]
    fn secrets_other_than_one_to_eight_distinct_long_ones_are_refused() {
        let nine: Vec<[u8; 32]> = (0..9).map(|byte| [byte; 32]).collect();
        let nine: Vec<&[u8]> = nine.iter().map(|secret| &secret[..]).collect();
        let refused = |secrets: &[&[u8]]| matches!(Keyring::new(secrets, "shop"), Err(Error::InvalidOptions));
        assert!(refused(&[]));
        assert!(refused(&[&[7; 31]]));
        assert!(refused(&[FIRST, &[7; 31]]));
        assert!(refused(&[FIRST, SECOND, FIRST]));
        assert!(refused(&nine));
        assert!(!refused(&nine[..8]));
        assert!(!refused(&[&[7; 32]]));
    }

    #[test]
    fn application_names_are_one_to_sixty_four_plain_characters() {
        for name in ["a", "edge-session", "A.b_c-9", &"x".repeat(64)] {
            assert!(is_application_name(name), "{name}");
        }
        for name in ["", "a b", "caf\u{e9}", "{x}", "a\n", "a:b", &"x".repeat(65)] {
            assert!(!is_application_name(name), "{name}");
            assert!(Keyring::new(&[FIRST], name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_first_secret_seals_and_each_is_found_by_its_name() {
        let keyring = Keyring::new(&[FIRST, SECOND], "shop").expect("two secrets");
        let second = Keyring::new(&[SECOND], "shop").expect("one secret");
        let (first_id, _) = keyring.sealing_key(Purpose::Session).expect("a key");
        let (second_id, _) = second.sealing_key(Purpose::Session).expect("a key");
        let found = |key_id| -> Vec<usize> {
            let keys = keyring.opening_keys(Purpose::Session, key_id);
            keys.map(|(index, _)| index).collect()
        };
        assert_eq!(found(first_id), [0]);
        assert_eq!(found(second_id), [1]);
        assert_eq!(found([0; 4]), [0; 0]);
    }

    #[test]
    fn the_public_name_depends_on_the_application() {
        let of = |name| {
            let keyring = Keyring::new(&[FIRST], name).expect("one secret");
            keyring.sealing_key(Purpose::Session).map(|(key_id, _)| key_id)
        };
        assert_ne!(of("shop"), of("shop2"));
    }

    #[test]
    fn the_salt_of_events_is_long_and_another_for_each_first_secret_and_application() {
        let salt_of = |secrets: &[&[u8]], name| Keyring::new(secrets, name).expect("a keyring").event_salt().to_vec();
        let salt = salt_of(&[FIRST, SECOND], "shop");
        assert_eq!(salt.len(), 32);
        assert_eq!(salt, salt_of(&[FIRST], "shop"));
        assert_ne!(salt, salt_of(&[SECOND, FIRST], "shop"));
        assert_ne!(salt, salt_of(&[FIRST], "shop2"));
    }

    #[test]
    fn a_keyring_does_not_show_itself() {
        let keyring = Keyring::new(&[FIRST], "shop").expect("one secret");
        assert_eq!(format!("{keyring:?}"), "Keyring(..)");
    }
}
