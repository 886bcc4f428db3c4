//! Whole lives of a session, as a Rust worker leads them.

#![cfg(all(feature = "json", not(target_arch = "wasm32")))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics fails"
)]

mod answers;
mod beginnings;
mod conflicts;
mod cookies;
mod ends;
mod expiry;
mod grace;
mod moves;
mod programs;
mod sealing;
#[path = "../seeded/mod.rs"]
mod seeded;
mod silence;
mod texts;
mod world;
