//! The buffer through which text crosses.

use core::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;

/// What the buffer always has.
const SMALL: usize = 16 * 1024;
/// What the buffer keeps after a large text; more is given back.
const LARGE: usize = 512 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Gives the buffer's address, at least `length` bytes long; what it held is gone when it had to grow or may shrink.
#[wasm_bindgen]
#[must_use]
pub fn reserve(length: usize) -> usize {
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < length.max(SMALL) || (scratch.len() > LARGE && length <= LARGE) {
            *scratch = Vec::new();
            scratch.resize(length.max(SMALL), 0);
        }
        scratch.as_ptr().addr()
    })
}

/// Runs `work` on the first `length` bytes.
pub(super) fn read<T>(length: usize, work: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
    SCRATCH.with_borrow(|scratch| scratch.get(..length).map(work).ok_or(Error::CoreFailed))
}

/// Runs `work` on the whole buffer.
pub(super) fn with<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| work(scratch))
}

/// Writes the bytes at `at`, if they fit.
pub(super) fn put(scratch: &mut [u8], at: usize, bytes: &[u8]) -> Result<(), Error> {
    let end = at.checked_add(bytes.len()).ok_or(Error::CoreFailed)?;
    scratch.get_mut(at..end).ok_or(Error::CoreFailed)?.copy_from_slice(bytes);
    Ok(())
}
