//! Values that are too long for one cookie.

use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::bindings::core::Core;
use crate::bindings::scratch::{Scratch, put};
use crate::bindings::whole;
use crate::chunks::{self, Seen};
use crate::cookie::Lifetime;
use crate::error::Error;

/// Where the values begin in the scratch, behind what was seen.
const VALUES: usize = 4;

/// Finds the values of the name in the scratch in the `Cookie` header behind it, and gives where they end.
///
/// In the scratch then: which cookies are there, as a 4-byte number (bit 0 the named one, bits 1 to 10 the pieces), and
/// from 4 on the values, `;` behind each.
///
/// # Errors
///
/// - `core-failed`: the scratch is too short.
#[wasm_bindgen]
pub fn chunked_values(scratch: &Scratch, name_length: usize, length: usize) -> Result<usize, Error> {
    let mut values = Vec::new();
    let seen = scratch.read(length, |text| {
        let (name, header) = text.split_at_checked(name_length).ok_or(Error::CoreFailed)?;
        Ok::<_, Error>(chunks::find(header, name, &mut values))
    })??;
    // Several values in the same pieces may be more than the header was: what a stranger sends is no error.
    values.truncate(length.saturating_sub(VALUES));
    scratch.with(|bytes| {
        put(bytes, 0, &u32::from(seen.0).to_le_bytes())?;
        put(bytes, VALUES, &values)
    })?;
    Ok(values.len().saturating_add(VALUES))
}

#[wasm_bindgen]
impl Core {
    /// Writes the lines that set the value in the scratch, which stands behind its name, a newline between them.
    ///
    /// `seen` says which cookies the browser has, as `chunked_values` does. Gives the length; where that is longer than
    /// the scratch, nothing was written.
    ///
    /// # Errors
    ///
    /// - `cookie-too-large`: it is too long for ten cookies or for a header.
    pub fn chunked_lines(
        &self,
        scratch: &Scratch,
        name_length: usize,
        length: usize,
        seen: u16,
        max_age: f64,
        now: f64,
    ) -> Result<usize, Error> {
        let lifetime = if max_age > 0.0 { Lifetime::Seconds(whole(max_age)) } else { Lifetime::BrowserSession };
        let lines = scratch.read(length, |text| {
            let (name, value) = text.split_at_checked(name_length).ok_or(Error::CoreFailed)?;
            chunks::written(&self.options.cookie, name, value, Seen(seen), lifetime.ends(whole(now))?)
        })??;
        scratch.with(|bytes| if lines.len() > bytes.len() { Ok(()) } else { put(bytes, 0, &lines) })?;
        Ok(lines.len())
    }
}
