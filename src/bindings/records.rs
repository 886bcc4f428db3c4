//! What needs no configuration: records, and new ids.

use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::bindings::instance::{Instance, first, put};
use crate::bindings::{number, random, whole};
use crate::changes::{Changes, lines};
use crate::error::Error;
use crate::id::{Id, Mark};
use crate::record::{Header, Kind, Standing};

/// What `judge` gives for a record that cannot be read, before its standings.
const CORRUPT: usize = 0;
const UNSUPPORTED: usize = 1;

#[wasm_bindgen]
impl Instance {
    /// Says what a record means at `now` (unix seconds), from the start of its text in the scratch.
    ///
    /// 0 corrupt, 1 unsupported, 2 live, 3 expired, 4 graced, 5 forwarded, 6 dead. In the scratch then: the time it was
    /// created (ms) and its deadline (s, or infinity) as numbers, and where the values begin as a 4-byte number at 16.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short.
    #[must_use]
    pub fn judge(&self, length: usize, has_values: bool, now: f64) -> i32 {
        self.call(|scratch| {
            let (header, values_at) = match Header::parse(first(scratch, length)?) {
                Ok(header) => header,
                Err(Error::RecordUnsupported) => return Ok(UNSUPPORTED),
                Err(_) => return Ok(CORRUPT),
            };
            let created = if let Kind::Data { created } = header.kind { created } else { 0 };
            let deadline = header.deadline.map_or(f64::INFINITY, number);
            let values_at = u32::try_from(values_at).map_err(|_| Error::CoreFailed)?;
            put(scratch, 0, &number(created).to_le_bytes())?;
            put(scratch, 8, &deadline.to_le_bytes())?;
            put(scratch, 16, &values_at.to_le_bytes())?;
            Ok(match header.standing(has_values, whole(now)) {
                Standing::Live => 2,
                Standing::Expired => 3,
                Standing::Graced => 4,
                Standing::Forwarded => 5,
                Standing::Dead => 6,
            })
        })
    }

    /// Draws an id and a birth: 22 and 16 characters in the scratch.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the platform gave no randomness.
    #[must_use]
    pub fn draw(&self) -> i32 {
        self.call(|scratch| {
            // One question: each costs more than all else here.
            let bits: [u8; 28] = random()?;
            let id = Id::from_bytes(*bits.first_chunk().ok_or(Error::CoreFailed)?).to_text();
            put(scratch, 0, &id)?;
            put(scratch, id.len(), Mark::from_bits(*bits.last_chunk().ok_or(Error::CoreFailed)?).as_text())?;
            Ok(0)
        })
    }

    /// Says whether the 22 characters in the scratch are an id in canonical form: 0 or 1.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short.
    #[must_use]
    pub fn is_id(&self, length: usize) -> i32 {
        self.call(|scratch| Ok(usize::from(Id::parse(first(scratch, length)?).is_some())))
    }

    /// Says whether the values in the scratch are one valid entry a line: 0 or 1.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short.
    #[must_use]
    pub fn are_lines(&self, length: usize) -> i32 {
        self.call(|scratch| Ok(usize::from(is_lines(first(scratch, length)?))))
    }

    /// Draws the revision under which the values in the scratch may be changed: 16 characters in their place.
    ///
    /// Gives 1, or 0 and no revision when the values are not one valid entry a line.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short, or the platform gave no randomness.
    #[must_use]
    pub fn revise(&self, length: usize) -> i32 {
        self.call(|scratch| {
            if !is_lines(first(scratch, length)?) {
                return Ok(0);
            }
            put(scratch, 0, Mark::from_bits(random()?).as_text())?;
            Ok(1)
        })
    }

    /// Makes changes to values: both in the scratch, one behind the other; the result replaces them.
    ///
    /// Gives the result's length, or 0 when the values are not one entry a line.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short, or the changes are no changes.
    #[must_use]
    pub fn merge(&self, values_length: usize, changes_length: usize) -> i32 {
        self.call(|scratch| {
            let text = first(scratch, values_length.saturating_add(changes_length))?;
            let (values, changes) = text.split_at_checked(values_length).ok_or(Error::CoreFailed)?;
            let mut out = Vec::with_capacity(values.len().saturating_add(changes.len()).saturating_add(8));
            let made = match Changes::parse(changes).ok_or(Error::CoreFailed)?.merge(values, &mut out) {
                Ok(()) => put(scratch, 0, &out).map(|()| out.len()),
                Err(Error::RecordCorrupt) => Ok(0),
                Err(error) => Err(error),
            };
            out.fill(0);
            made
        })
    }
}

/// Says whether values are one valid entry a line.
fn is_lines(values: &[u8]) -> bool {
    lines(values).is_ok_and(|mut lines| lines.all(|line| line.is_ok()))
}
