//! Looks for an input that breaks the law of the same name.

#![no_main]

#[path = "../../tests/inputs/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::sealed::law(input));
