//! Seals and opens bytes under the keyring.

use crate::error::Error;
use crate::id::Id;
use crate::keyring::{Keyring, Purpose};

/// Says why a token did not open; for logs and events only.
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

/// Seals a plaintext as base64url text.
///
/// # Errors
///
/// - `invalid-options`: a part is longer than 65,535 bytes.
pub fn seal(
    _keyring: &Keyring,
    _purpose: Purpose,
    _cookie_name: &str,
    _parts: &[&[u8]],
    _plaintext: &[u8],
    _nonce: [u8; 24],
) -> Result<Vec<u8>, Error> {
    Err(Error::CoreFailed)
}

/// Opens a token and says which secret opened it.
///
/// # Errors
///
/// - why it did not open.
pub fn open(
    _keyring: &Keyring,
    _purpose: Purpose,
    _cookie_name: &str,
    _parts: &[&[u8]],
    _token: &[u8],
) -> Result<(Vec<u8>, usize), Why> {
    Err(Why::Malformed)
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
    /// - `invalid-options`: the cookie's name is longer than 65,535 bytes.
    pub fn seal(
        &self,
        _keyring: &Keyring,
        _cookie_name: &str,
        _nonce: [u8; 24],
    ) -> Result<[u8; 96], Error> {
        Err(Error::CoreFailed)
    }

    /// Opens a cookie's value and says which secret opened it.
    ///
    /// # Errors
    ///
    /// - why it did not open.
    pub fn open(
        _keyring: &Keyring,
        _cookie_name: &str,
        _value: &[u8],
        _now: u64,
    ) -> Result<(Self, usize), Why> {
        Err(Why::Malformed)
    }
}
