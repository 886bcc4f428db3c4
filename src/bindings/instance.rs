//! The one object of an instance: its scratch, and its cores.

use alloc::vec::Vec;
use core::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::bindings::core::Core;
use crate::bindings::error::{LOWEST, refusal};
use crate::bindings::settings::joined;
use crate::error::Error;

/// What the scratch always has.
const SMALL: usize = 16 * 1024;
/// What the scratch keeps after a large text; more is given back.
const LARGE: usize = 512 * 1024;

/// The buffer through which text crosses, and the cores by their number; there is one for each instance.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Instance(RefCell<State>);

#[derive(Debug, Default)]
struct State {
    scratch: Vec<u8>,
    cores: Vec<Option<Core>>,
}

#[wasm_bindgen]
impl Instance {
    /// Makes an empty scratch, and no core.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Instance {
        Instance::default()
    }

    /// Gives the scratch's address, at least `length` bytes long; what it held is gone when it had to grow or may shrink.
    #[must_use]
    pub fn reserve(&self, length: usize) -> usize {
        let scratch = &mut self.0.borrow_mut().scratch;
        if scratch.len() < length.max(SMALL) || (scratch.len() > LARGE && length <= LARGE) {
            *scratch = Vec::new();
            scratch.resize(length.max(SMALL), 0);
        }
        scratch.as_ptr().addr()
    }

    /// Makes a core from the settings in the scratch, which is wiped, and gives its number.
    ///
    /// A number below -3 says that the settings are refused: by how much is the length of the text in the scratch that says
    /// why, a line each.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: they are no settings.
    #[must_use]
    pub fn create(&self, length: usize) -> i32 {
        let mut problems = Vec::new();
        let number = self.run(|State { scratch, cores }| {
            let core = first(scratch, length).and_then(|settings| Core::new(settings, &mut problems));
            scratch.fill(0);
            let core = core?;
            let number = cores.iter().position(Option::is_none).unwrap_or(cores.len());
            match cores.get_mut(number) {
                Some(free) => *free = Some(core),
                None => cores.push(Some(core)),
            }
            Ok(number)
        });
        if problems.is_empty() {
            return number;
        }
        let text = joined(&problems);
        let length = self.call(|scratch| put(scratch, 0, text.as_bytes()).map(|()| text.len()));
        if length < 0 { length } else { LOWEST.saturating_sub(length) }
    }

    /// Frees a core; its number may be given again.
    pub fn free_core(&self, core: usize) {
        if let Some(place) = self.0.borrow_mut().cores.get_mut(core) {
            *place = None;
        }
    }
}

impl Instance {
    /// Runs `work` on the scratch, and gives JavaScript the number.
    pub(super) fn call(&self, work: impl FnOnce(&mut [u8]) -> Result<usize, Error>) -> i32 {
        self.run(|state| work(&mut state.scratch))
    }

    /// Runs `work` with the core of that number.
    pub(super) fn call_core(&self, core: usize, work: impl FnOnce(&Core, &mut [u8]) -> Result<usize, Error>) -> i32 {
        self.run(|State { scratch, cores }| work(cores.get(core).and_then(Option::as_ref).ok_or(Error::CoreFailed)?, scratch))
    }

    fn run(&self, work: impl FnOnce(&mut State) -> Result<usize, Error>) -> i32 {
        match work(&mut self.0.borrow_mut()) {
            Ok(number) => i32::try_from(number).unwrap_or(i32::MAX),
            Err(error) => refusal(error),
        }
    }
}

/// Gives the first `length` bytes, if there are so many.
pub(super) fn first(scratch: &[u8], length: usize) -> Result<&[u8], Error> {
    scratch.get(..length).ok_or(Error::CoreFailed)
}

/// Writes the bytes at `at`, if they fit.
#[inline(never)]
pub(super) fn put(scratch: &mut [u8], at: usize, bytes: &[u8]) -> Result<(), Error> {
    let end = at.checked_add(bytes.len()).ok_or(Error::CoreFailed)?;
    scratch.get_mut(at..end).ok_or(Error::CoreFailed)?.copy_from_slice(bytes);
    Ok(())
}
