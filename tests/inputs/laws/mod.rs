//! What holds for any input; tests and fuzz targets share it.

#![allow(dead_code, reason = "a fuzz target keeps one of the laws")]

mod choices;
pub mod chunks;
pub mod cookie_header;
pub mod merge;
pub mod record;
pub mod sealed;
pub mod set_cookie;
pub mod token;
