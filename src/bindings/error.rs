//! The numbers by which an export says that it failed.

use crate::error::Error;

/// The lowest number of an error.
pub(super) const LOWEST: i32 = -3;

/// The number of an error: -1 `core-failed`, -2 `cookie-too-large`, -3 `invalid-options`; `core.ts` makes it a `SessionError`.
#[cold]
#[inline(never)]
pub(super) fn refusal(error: Error) -> i32 {
    match error {
        Error::CookieTooLarge => -2,
        Error::InvalidOptions => LOWEST,
        _ => -1,
    }
}
