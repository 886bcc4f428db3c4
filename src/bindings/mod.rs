//! What crosses to JavaScript.
//!
//! Text crosses through one scratch buffer that JavaScript writes and reads in place; everything else is a number, and so is
//! a failure: a negative one. Nothing of a request is kept here between calls.

pub mod chunks;
pub mod core;
mod error;
pub mod instance;
pub mod records;
pub mod settings;
pub mod texts;

use crate::error::Error;

/// Fills the array from the platform's CSPRNG, or fails.
fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::CoreFailed)?;
    Ok(bytes)
}

/// The largest whole number that JavaScript holds exactly.
const LARGEST: f64 = 9_007_199_254_740_991.0;

/// Reads a JavaScript number as whole; what is negative, not finite or too large becomes 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(number: f64) -> u64 {
    if (0.0..=LARGEST).contains(&number) { number as u64 } else { 0 }
}

/// Gives a whole number to JavaScript; ours stay below 2^53.
#[allow(clippy::cast_precision_loss)]
fn number(whole: u64) -> f64 {
    whole as f64
}
