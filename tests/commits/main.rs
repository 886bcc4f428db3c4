//! The commit protocol, in every order and with every fault.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics fails"
)]

mod beginnings;
mod commit;
mod course;
mod deadlines;
mod destroy;
mod flow;
mod laws;
mod load;
mod logins;
mod moves;
mod random;
mod request;
mod run;
#[path = "../seeded/mod.rs"]
mod seeded;
mod story;
mod tasks;
mod values;
mod world;
mod writers;
