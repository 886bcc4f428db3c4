//! Values that are too long for one cookie.

use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::bindings::core::lifetime;
use crate::bindings::instance::{Instance, first, put};
use crate::bindings::whole;
use crate::chunks::{self, Seen};
use crate::error::Error;

/// Where the values begin in the scratch, behind what was seen.
const VALUES: usize = 4;

#[wasm_bindgen]
impl Instance {
    /// Finds the values of the name in the scratch in the `Cookie` header behind it, and gives where they end.
    ///
    /// In the scratch then: which cookies are there, as a 4-byte number (bit 0 the named one, bits 1 to 10 the pieces), and
    /// from 4 on the values, `;` behind each.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short.
    #[must_use]
    pub fn chunked_values(&self, name_length: usize, length: usize) -> i32 {
        self.call(|scratch| {
            let (name, header) = first(scratch, length)?.split_at_checked(name_length).ok_or(Error::CoreFailed)?;
            let mut values = Vec::new();
            let seen = chunks::find(header, name, &mut values);
            // Several values in the same pieces may be more than the header was: what a stranger sends is no error.
            values.truncate(length.saturating_sub(VALUES));
            put(scratch, 0, &u32::from(seen.0).to_le_bytes())?;
            put(scratch, VALUES, &values)?;
            Ok(values.len().saturating_add(VALUES))
        })
    }

    /// Writes the lines that set the value in the scratch, which stands behind its name, a newline between them.
    ///
    /// `seen` says which cookies the browser has, as `chunked_values` does. Gives the length; where that is longer than
    /// the scratch, nothing was written.
    ///
    /// # Errors
    ///
    /// - `cookie-too-large`: it is too long for ten cookies or for a header.
    #[must_use]
    pub fn chunked_lines(&self, core: usize, name_length: usize, length: usize, seen: u16, max_age: f64, now: f64) -> i32 {
        self.call_core(core, |core, scratch| {
            let (name, value) = first(scratch, length)?.split_at_checked(name_length).ok_or(Error::CoreFailed)?;
            let ends = lifetime(max_age).ends(whole(now))?;
            let lines = chunks::written(&core.options.cookie, name, value, Seen(seen), ends)?;
            if lines.len() <= scratch.len() {
                put(scratch, 0, &lines)?;
            }
            Ok(lines.len())
        })
    }
}
