//! The fields of a token, and all that is bound to them.

use crate::error::Error;
use crate::keyring::{KEY_ID_BYTES, Keyring, Purpose};
use crate::parts::Parts;
use crate::xaes::{NONCE_BYTES, TAG_BYTES};

/// The one version: everything else follows from it.
pub(crate) const VERSION: u8 = 1;

/// Bytes that sealing adds: version, key id, nonce, tag.
pub(crate) const OVERHEAD: usize = 45;

/// Bytes before the ciphertext: version, key id, nonce.
const BODY_AT: usize = 29;

const PROTOCOL: &[u8] = b"edge-session";

/// Names the bytes of one token, by the table in `token.rs`.
pub(crate) struct Fields<'t> {
    pub(crate) version: &'t mut u8,
    pub(crate) key_id: &'t mut [u8; KEY_ID_BYTES],
    pub(crate) nonce: &'t mut [u8; NONCE_BYTES],
    pub(crate) body: &'t mut [u8],
    pub(crate) tag: &'t mut [u8; TAG_BYTES],
}

impl<'t> Fields<'t> {
    pub(crate) fn of(token: &'t mut [u8]) -> Option<Self> {
        let (version, rest) = token.split_first_mut()?;
        let (key_id, rest) = rest.split_first_chunk_mut()?;
        let (nonce, rest) = rest.split_first_chunk_mut()?;
        let (body, tag) = rest.split_last_chunk_mut()?;
        Some(Self { version, key_id, nonce, body, tag })
    }
}

/// Gives the plaintext of a token that was opened in place.
pub(crate) fn body(token: &[u8]) -> &[u8] {
    token.get(BODY_AT..token.len().saturating_sub(TAG_BYTES)).unwrap_or_default()
}

/// Says which cookie, purpose and further parts a token belongs to.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    pub(crate) purpose: Purpose,
    pub(crate) cookie_name: &'p [u8],
    pub(crate) parts: &'p [&'p [u8]],
}

impl Place<'_> {
    // Two tokens of different places never share associated data.
    pub(crate) fn associated_data(self, keyring: &Keyring, key_id: [u8; KEY_ID_BYTES]) -> Result<Parts, Error> {
        let mut bound = Parts::new();
        bound.push(PROTOCOL)?;
        bound.push(&[VERSION])?;
        bound.push(&key_id)?;
        bound.push(self.cookie_name)?;
        bound.push(self.purpose.name().as_bytes())?;
        bound.push(keyring.application_name().as_bytes())?;
        for part in self.parts {
            bound.push(part)?;
        }
        Ok(bound)
    }
}
