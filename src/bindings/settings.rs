//! The settings of a core, as JavaScript sends them.
//!
//! Length-prefixed parts, each with 4 bytes big-endian before it: application name, cookie name, path, domain, same-site,
//! flags, four numbers of 8 bytes (max age, idle, absolute, most bytes of a record; all ones: none), then the secrets.

use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::bindings::instance::{Instance, first, put};
use crate::cookie::{CookieOptions, SameSite};
use crate::error::Error;
use crate::options::Options;

const NONE: u64 = u64::MAX;

/// Reads the settings in the first `length` bytes of the scratch.
#[inline(never)]
pub(super) fn parse(text: &[u8]) -> Result<Options, Error> {
    let mut parts = Parts { rest: text, broken: false };
    let application_name = parts.text();
    let (name, path, domain) = (parts.text(), parts.text(), parts.text());
    let same_site = match parts.next() {
        b"lax" => SameSite::Lax,
        b"strict" => SameSite::Strict,
        b"none" => SameSite::None,
        _ => {
            parts.broken = true;
            SameSite::Lax
        }
    };
    let (mut secure, mut http_only, mut partitioned) = (false, false, false);
    for flag in parts.next() {
        match flag {
            b's' => secure = true,
            b'h' => http_only = true,
            b'p' => partitioned = true,
            _ => {}
        }
    }
    let max_age_seconds = parts.end();
    let domain = Some(domain).filter(|domain| !domain.is_empty());
    let cookie = CookieOptions { name, path, domain, same_site, secure, http_only, partitioned, max_age_seconds };
    let idle_timeout_seconds = parts.number();
    let absolute_timeout_seconds = parts.end();
    let max_record_bytes = usize::try_from(parts.number()).unwrap_or(0);
    let mut secrets = Vec::new();
    while !parts.rest.is_empty() {
        secrets.push(parts.next().to_vec());
    }
    let options = Options {
        secrets,
        application_name,
        cookie,
        idle_timeout_seconds,
        absolute_timeout_seconds,
        encrypt_records: false,
        max_record_bytes,
    };
    if parts.broken { Err(Error::InvalidOptions) } else { Ok(options) }
}

/// Puts each problem on a line of its own.
pub(super) fn joined(problems: &[&str]) -> String {
    let mut lines = String::new();
    for problem in problems {
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(problem);
    }
    lines
}

#[wasm_bindgen]
impl Instance {
    /// Replaces the first `length` bytes of the scratch by their SHA-256.
    ///
    /// # Errors
    ///
    /// - `core-failed`: there are not so many.
    #[must_use]
    pub fn digest(&self, length: usize) -> i32 {
        self.call(|scratch| {
            let digest = sha256(&[], first(scratch, length)?);
            put(scratch, 0, &digest)?;
            Ok(0)
        })
    }
}

/// The SHA-256 of a text behind a salt.
#[inline(never)]
pub(super) fn sha256(salt: &[u8], text: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(text).finalize().into()
}

/// The parts that are left.
struct Parts<'s> {
    rest: &'s [u8],
    /// Whether a part was missing or of another length; what was given for it then means nothing.
    broken: bool,
}

impl<'s> Parts<'s> {
    #[inline(never)]
    fn next(&mut self) -> &'s [u8] {
        match next_part(self.rest) {
            Some((part, rest)) => {
                self.rest = rest;
                part
            }
            None => {
                *self = Parts { rest: &[], broken: true };
                &[]
            }
        }
    }

    /// Bytes beyond ASCII become other characters beyond ASCII, which no option may have.
    #[inline(never)]
    fn text(&mut self) -> String {
        self.next().iter().copied().map(char::from).collect()
    }

    #[inline(never)]
    fn number(&mut self) -> u64 {
        match self.next().try_into() {
            Ok(bytes) => u64::from_be_bytes(bytes),
            Err(_) => {
                self.broken = true;
                0
            }
        }
    }

    fn end(&mut self) -> Option<u64> {
        Some(self.number()).filter(|&seconds| seconds != NONE)
    }
}

fn next_part(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = text.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
