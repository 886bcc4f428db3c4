//! An instance as JavaScript sees it, numbers and a scratch.
//!
//! The scratch lies in linear memory.

use std::cell::Cell;

use edge_session::bindings::instance::Instance;
use js_sys::{Uint8Array, WebAssembly};
use wasm_bindgen::JsCast;

/// What every scratch has.
pub const SCRATCH: usize = 16 * 1024;

/// Gives the number that a call gave, or the code of the failure that it means.
pub fn result(number: i32) -> Result<usize, String> {
    usize::try_from(number).map_err(|_| {
        let code = match number {
            -1 => "core-failed",
            -2 => "cookie-too-large",
            -3 => "invalid-options",
            _ => panic!("{number} means nothing"),
        };
        code.to_owned()
    })
}

/// Gives the code where the number means a failure.
pub fn failure(number: i32) -> Option<String> {
    result(number).err()
}

/// An instance, and where its scratch lies.
pub struct Door {
    pub instance: Instance,
    at: Cell<usize>,
}

impl Door {
    pub fn new() -> Door {
        let instance = Instance::new();
        let at = Cell::new(instance.reserve(0));
        Door { instance, at }
    }

    /// Asks for room, and gives the address.
    pub fn reserve(&self, length: usize) -> usize {
        self.at.set(self.instance.reserve(length));
        self.at.get()
    }

    /// Writes from the start, and gives the length.
    pub fn put(&self, bytes: impl AsRef<[u8]>) -> usize {
        let bytes = bytes.as_ref();
        self.reserve(bytes.len());
        self.view(0, bytes.len()).copy_from(bytes);
        bytes.len()
    }

    pub fn bytes(&self, from: usize, to: usize) -> Vec<u8> {
        let mut bytes = vec![0; to - from];
        self.view(from, to).copy_to(&mut bytes);
        bytes
    }

    /// Says whether the first bytes are all zero.
    pub fn is_blank(&self, length: usize) -> bool {
        self.bytes(0, length).iter().all(|&byte| byte == 0)
    }

    pub fn text(&self, from: usize, to: usize) -> String {
        String::from_utf8(self.bytes(from, to)).expect("a text")
    }

    pub fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.array(at))
    }

    pub fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    pub fn u16(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes(self.array(at)))
    }

    pub fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        self.bytes(at, at + N).try_into().expect("so many bytes")
    }

    /// Looks at memory as it is now: when it grows, JavaScript's view of it is taken away.
    fn view(&self, from: usize, to: usize) -> Uint8Array {
        let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
        let [at, length] = [self.at.get() + from, to - from].map(|number| u32::try_from(number).expect("an address"));
        Uint8Array::new_with_byte_offset_and_length(&memory.buffer(), at, length)
    }
}
