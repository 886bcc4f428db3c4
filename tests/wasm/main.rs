//! What crosses to JavaScript: each shape in, each error out.

#![cfg(all(target_arch = "wasm32", feature = "npm"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics fails"
)]

mod chunks;
mod cookies;
mod door;
mod endings;
mod records;
mod scratch;
mod settings;
mod tasks;
mod texts;
mod world;
mod writes;
