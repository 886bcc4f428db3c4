//! Seals and opens bytes under the keyring.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | version `0x01`: everything below, nothing negotiable |
//! | 4 | key id |
//! | 24 | nonce, random |
//! | n | ciphertext, as long as the plaintext |
//! | 16 | tag |
//!
//! The text is base64url without padding, in canonical form only. The
//! associated data is, each part with its length before it: `edge-session`,
//! version, key id, cookie name, purpose, application name, then the parts
//! that the purpose names.
//!
//! The plaintext of purpose `session`, times in unix seconds, big-endian (that
//! of the others is in `sealed.rs`):
//!
//! | bytes | field |
//! |---|---|
//! | 1 | flags: bit 0 persistent, the others 0 |
//! | 5 | issued |
//! | 5 | expires, all ones: never |
//! | 16 | id |

use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::error::Error;
use crate::id::{ID_BYTES, Id};
use crate::keyring::{Keyring, Purpose};
use crate::layout::{Fields, OVERHEAD, Place, VERSION, body};
use crate::xaes::NONCE_BYTES;

/// Characters of a session cookie's value.
pub const SESSION_TEXT: usize = 96;

/// Seconds that another machine's clock may be ahead.
pub const CLOCK_SKEW_SECONDS: u64 = 60;

const SESSION_PLAINTEXT: usize = 27;
const SESSION_SEALED: usize = 72;

const PERSISTENT: u8 = 1;

/// Written as the end of a session that has none; 5 bytes, all ones.
pub(crate) const NEVER: u64 = 0xff_ffff_ffff;

/// Says why a token did not open; for logs and events only.
///
/// # Security
///
/// Answer every reason alike: who can tell them apart learns about the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Wrong length, alphabet, version or shape.
    Malformed,
    /// Sealed under a secret that is not in the keyring.
    UnknownKey,
    /// The tag does not match.
    Unauthentic,
    /// Past its end, or issued in the future.
    Expired,
}

impl Why {
    /// Gives the stable code of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown-key",
            Self::Unauthentic => "unauthentic",
            Self::Expired => "expired",
        }
    }
}

/// Seals a plaintext as base64url text under the first secret.
///
/// # Errors
///
/// - `invalid-options`: the name or a part is longer than 65,535 bytes.
/// - `core-failed`: the plaintext is longer than GCM allows.
///
/// # Security
///
/// A nonce used twice gives forgeries away: draw all 24 bytes anew.
pub fn seal(
    keyring: &Keyring,
    purpose: Purpose,
    cookie_name: &str,
    parts: &[&[u8]],
    plaintext: &[u8],
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, Error> {
    seal_joined(keyring, Place { purpose, cookie_name: cookie_name.as_bytes(), parts }, &[], plaintext, nonce)
}

// The same for a plaintext in two pieces.
pub(crate) fn seal_joined(
    keyring: &Keyring,
    place: Place<'_>,
    head: &[u8],
    rest: &[u8],
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, Error> {
    let mut token = vec![0; head.len().saturating_add(rest.len()).saturating_add(OVERHEAD)];
    let fields = Fields::of(&mut token).ok_or(Error::CoreFailed)?;
    let (head_place, rest_place) = fields.body.split_at_mut_checked(head.len()).ok_or(Error::CoreFailed)?;
    head_place.copy_from_slice(head);
    rest_place.copy_from_slice(rest);
    seal_fields(fields, keyring, place, nonce)?;
    let mut text = vec![0; Base64UrlUnpadded::encoded_len(&token)];
    match Base64UrlUnpadded::encode(&token, &mut text) {
        Ok(_) => Ok(text),
        Err(_) => Err(Error::CoreFailed),
    }
}

/// Opens a token and says which secret opened it.
///
/// # Errors
///
/// - `malformed`, `unknown-key`, `unauthentic`: the first that is wrong.
pub fn open(
    keyring: &Keyring,
    purpose: Purpose,
    cookie_name: &str,
    parts: &[&[u8]],
    token: &[u8],
) -> Result<(Vec<u8>, usize), Why> {
    let (bytes, index) = open_in_place(keyring, Place { purpose, cookie_name: cookie_name.as_bytes(), parts }, token)?;
    Ok((body(&bytes).to_vec(), index))
}

// The same, leaving the plaintext where it was decrypted: `layout::body` gives it.
pub(crate) fn open_in_place(keyring: &Keyring, place: Place<'_>, token: &[u8]) -> Result<(Vec<u8>, usize), Why> {
    let mut bytes = token.to_vec();
    let Ok(length) = Base64UrlUnpadded::decode(token, &mut bytes).map(<[u8]>::len) else {
        return Err(Why::Malformed);
    };
    bytes.truncate(length);
    let fields = Fields::of(&mut bytes).ok_or(Why::Malformed)?;
    let (_, index) = open_fields(fields, keyring, place)?;
    Ok((bytes, index))
}

/// Holds what a session cookie says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionToken {
    /// Whether the cookie is written with `Max-Age`.
    pub persistent: bool,
    /// When it was sealed, in unix seconds.
    pub issued: u64,
    /// The session's absolute end in unix seconds, if it has one.
    pub expires: Option<u64>,
    /// The session's id.
    pub id: Id,
}

impl SessionToken {
    /// Seals the token as the 96 characters of a cookie's value.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: a time past the year 36,812, or a cookie's name
    ///   longer than 65,535 bytes.
    ///
    /// # Security
    ///
    /// A nonce used twice gives forgeries away: draw all 24 bytes anew.
    pub fn seal(&self, keyring: &Keyring, cookie_name: &str, nonce: [u8; NONCE_BYTES]) -> Result<[u8; SESSION_TEXT], Error> {
        let mut token = [0; SESSION_SEALED];
        let fields = Fields::of(&mut token).ok_or(Error::CoreFailed)?;
        let plaintext = self.to_plaintext().ok_or(Error::InvalidOptions)?;
        fields.body.copy_from_slice(&plaintext);
        seal_fields(fields, keyring, session_of(cookie_name), nonce)?;
        let mut text = [0; SESSION_TEXT];
        match Base64UrlUnpadded::encode(&token, &mut text) {
            Ok(_) => Ok(text),
            Err(_) => Err(Error::CoreFailed),
        }
    }

    /// Opens a cookie's value and says which secret opened it.
    ///
    /// # Errors
    ///
    /// - `malformed`, `unknown-key`, `unauthentic`, `expired`: the first that
    ///   is wrong, in this order; an unknown key costs no decryption.
    pub fn open(keyring: &Keyring, cookie_name: &str, value: &[u8], now: u64) -> Result<(Self, usize), Why> {
        if value.len() != SESSION_TEXT {
            return Err(Why::Malformed);
        }
        let mut bytes = [0; SESSION_SEALED];
        if Base64UrlUnpadded::decode(value, &mut bytes).is_err() {
            return Err(Why::Malformed);
        }
        let fields = Fields::of(&mut bytes).ok_or(Why::Malformed)?;
        let (plaintext, index) = open_fields(fields, keyring, session_of(cookie_name))?;
        let token = Self::from_plaintext(plaintext).ok_or(Why::Malformed)?;
        let issued_ahead = token.issued > now.saturating_add(CLOCK_SKEW_SECONDS);
        let ended = token.expires.is_some_and(|expires| now >= expires);
        if issued_ahead || ended {
            return Err(Why::Expired);
        }
        Ok((token, index))
    }

    fn to_plaintext(self) -> Option<[u8; SESSION_PLAINTEXT]> {
        let expires = self.expires.unwrap_or(NEVER);
        let ends_as_never = self.expires == Some(NEVER);
        if self.issued > NEVER || expires > NEVER || ends_as_never {
            return None;
        }
        let mut plaintext = [0; SESSION_PLAINTEXT];
        let (flags, rest) = plaintext.split_first_mut()?;
        let (issued_at, rest) = rest.split_first_chunk_mut::<5>()?;
        let (expires_at, id) = rest.split_first_chunk_mut::<5>()?;
        *flags = if self.persistent { PERSISTENT } else { 0 };
        *issued_at = to_five_bytes(self.issued);
        *expires_at = to_five_bytes(expires);
        *id.first_chunk_mut::<ID_BYTES>()? = *self.id.as_bytes();
        Some(plaintext)
    }

    fn from_plaintext(plaintext: &[u8]) -> Option<Self> {
        let (flags, rest) = plaintext.split_first()?;
        let (issued, rest) = rest.split_first_chunk::<5>()?;
        let (expires, rest) = rest.split_first_chunk::<5>()?;
        let id: [u8; ID_BYTES] = rest.try_into().ok()?;
        if flags & !PERSISTENT != 0 {
            return None;
        }
        let expires = from_five_bytes(*expires);
        Some(Self {
            persistent: flags & PERSISTENT != 0,
            issued: from_five_bytes(*issued),
            expires: (expires != NEVER).then_some(expires),
            id: Id::from_bytes(id),
        })
    }
}

// Fills the other fields around the plaintext that is in `body`.
fn seal_fields(fields: Fields<'_>, keyring: &Keyring, place: Place<'_>, nonce: [u8; NONCE_BYTES]) -> Result<(), Error> {
    let (key_id, key) = keyring.sealing_key(place.purpose).ok_or(Error::InvalidOptions)?;
    let bound = place.associated_data(keyring, key_id)?;
    *fields.version = VERSION;
    *fields.key_id = key_id;
    *fields.nonce = nonce;
    *fields.tag = key.seal_in_place(&nonce, bound.as_bytes(), fields.body)?;
    Ok(())
}

// Version and key id come first: a stranger's text costs no decryption.
fn open_fields<'t>(fields: Fields<'t>, keyring: &Keyring, place: Place<'_>) -> Result<(&'t [u8], usize), Why> {
    if *fields.version != VERSION {
        return Err(Why::Malformed);
    }
    let mut why = Why::UnknownKey;
    for (index, key) in keyring.opening_keys(place.purpose, *fields.key_id) {
        why = Why::Unauthentic;
        let Ok(bound) = place.associated_data(keyring, *fields.key_id) else { break };
        if key.open_in_place(fields.nonce, bound.as_bytes(), fields.body, fields.tag) {
            return Ok((fields.body, index));
        }
    }
    Err(why)
}

const fn session_of(cookie_name: &str) -> Place<'_> {
    Place { purpose: Purpose::Session, cookie_name: cookie_name.as_bytes(), parts: &[] }
}

pub(crate) const fn to_five_bytes(seconds: u64) -> [u8; 5] {
    let [_, _, _, bytes @ ..] = seconds.to_be_bytes();
    bytes
}

pub(crate) const fn from_five_bytes([a, b, c, d, e]: [u8; 5]) -> u64 {
    u64::from_be_bytes([0, 0, 0, a, b, c, d, e])
}
