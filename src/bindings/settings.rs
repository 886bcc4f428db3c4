//! The settings of a core, as JavaScript sends them.
//!
//! Length-prefixed parts, each with 4 bytes big-endian before it: application name, cookie name, path, domain, same-site,
//! flags, four numbers of 8 bytes (max age, idle, absolute, most bytes of a record; all ones: none), then the secrets.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::bindings::scratch::{Scratch, put};
use crate::cookie::{CookieOptions, SameSite};
use crate::error::Error;
use crate::options::Options;

const NONE: u64 = u64::MAX;

/// Reads the settings in the first `length` bytes of the scratch.
#[inline(never)]
pub(super) fn parse(text: &[u8]) -> Result<Options, Error> {
    let mut parts = Parts(text);
    let application_name = parts.text()?;
    let mut cookie = CookieOptions { name: parts.text()?, path: parts.text()?, ..CookieOptions::default() };
    cookie.domain = Some(parts.text()?).filter(|domain| !domain.is_empty());
    cookie.same_site = match parts.next()? {
        b"lax" => SameSite::Lax,
        b"strict" => SameSite::Strict,
        b"none" => SameSite::None,
        _ => return Err(Error::InvalidOptions),
    };
    let flags = parts.next()?;
    cookie.secure = flags.contains(&b's');
    cookie.http_only = flags.contains(&b'h');
    cookie.partitioned = flags.contains(&b'p');
    cookie.max_age_seconds = Some(parts.number()?).filter(|&seconds| seconds != NONE);
    let idle_timeout_seconds = parts.number()?;
    let absolute_timeout_seconds = Some(parts.number()?).filter(|&seconds| seconds != NONE);
    let max_record_bytes = usize::try_from(parts.number()?).unwrap_or(0);
    let mut options = Options::new(Vec::new());
    while !parts.0.is_empty() {
        options.secrets.push(parts.next()?.to_vec());
    }
    Ok(Options { application_name, cookie, idle_timeout_seconds, absolute_timeout_seconds, max_record_bytes, ..options })
}

/// Replaces the first `length` bytes of the scratch by their SHA-256.
///
/// # Errors
///
/// - `core-failed`: there are not so many.
#[wasm_bindgen]
pub fn digest(scratch: &Scratch, length: usize) -> Result<(), Error> {
    let digest = scratch.read(length, |settings| sha256(&[], settings))?;
    scratch.with(|bytes| put(bytes, 0, &digest))
}

/// The SHA-256 of a text behind a salt.
#[inline(never)]
pub(super) fn sha256(salt: &[u8], text: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(text).finalize().into()
}

/// The parts that are left.
struct Parts<'s>(&'s [u8]);

impl<'s> Parts<'s> {
    fn next(&mut self) -> Result<&'s [u8], Error> {
        let (length, rest) = self.0.split_first_chunk::<4>().ok_or(Error::InvalidOptions)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Error::InvalidOptions)?;
        let (part, rest) = rest.split_at_checked(length).ok_or(Error::InvalidOptions)?;
        self.0 = rest;
        Ok(part)
    }

    #[inline(never)]
    fn text(&mut self) -> Result<String, Error> {
        Ok(core::str::from_utf8(self.next()?).map_err(|_| Error::InvalidOptions)?.to_owned())
    }

    #[inline(never)]
    fn number(&mut self) -> Result<u64, Error> {
        Ok(u64::from_be_bytes(self.next()?.try_into().map_err(|_| Error::InvalidOptions)?))
    }
}
