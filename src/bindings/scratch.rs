//! The buffer through which text crosses.

use alloc::vec::Vec;
use core::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Error;

/// What the buffer always has.
const SMALL: usize = 16 * 1024;
/// What the buffer keeps after a large text; more is given back.
const LARGE: usize = 512 * 1024;

/// The buffer; there is one for each instance.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) bytes: RefCell<Vec<u8>>,
}

#[wasm_bindgen]
impl Scratch {
    /// Makes an empty buffer.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Scratch {
        Scratch::default()
    }

    /// Gives the buffer's address, at least `length` bytes long; what it held is gone when it had to grow or may shrink.
    #[must_use]
    pub fn reserve(&self, length: usize) -> usize {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.len() < length.max(SMALL) || (bytes.len() > LARGE && length <= LARGE) {
            *bytes = Vec::new();
            bytes.resize(length.max(SMALL), 0);
        }
        bytes.as_ptr().addr()
    }
}

impl Scratch {
    /// Runs `work` on the first `length` bytes.
    pub(super) fn read<T>(&self, length: usize, work: impl FnOnce(&[u8]) -> T) -> Result<T, Error> {
        self.bytes.borrow().get(..length).map(work).ok_or(Error::CoreFailed)
    }

    /// Runs `work` on the whole buffer.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut [u8]) -> T) -> T {
        work(&mut self.bytes.borrow_mut())
    }
}

/// Writes the bytes at `at`, if they fit.
#[inline(never)]
pub(super) fn put(scratch: &mut [u8], at: usize, bytes: &[u8]) -> Result<(), Error> {
    let end = at.checked_add(bytes.len()).ok_or(Error::CoreFailed)?;
    scratch.get_mut(at..end).ok_or(Error::CoreFailed)?.copy_from_slice(bytes);
    Ok(())
}
