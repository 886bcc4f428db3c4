//! Session state for edge workers, as one pure core.
//!
//! A session is a cookie of 96 characters, which holds a sealed id, and a
//! record in a store. What a request changed is committed by one atomic
//! compare-and-set; on a conflict the changes are made again, to the record
//! that is there. No update is lost, and what ended is never created again.
//!
//! The core reads no clock, draws no randomness and does no I/O: all of it is
//! an argument, or a call that the caller makes. The npm package
//! `edge-session` is this core, compiled to WebAssembly; both read what the
//! other stored.
//!
//! # For a Rust worker
//!
//! 1. [`Sessions::new`], once, from [`Options`].
//! 2. [`Sessions::open`] gives the [`Session`] of a request's `Cookie` header.
//! 3. [`Session::load`], then values are read and set, then
//!    [`Session::commit`]. Each begins with a [`StoreCall`](session::StoreCall)
//!    or with none; make it, give [`Session::answer`] what the store said, and
//!    go on with the next until there is none.
//! 4. Append [`Session::set_cookie_headers`] to the answer, and set
//!    `Cache-Control: private, no-store` where [`Session::is_used`].
//!
//! The example at [`Sessions`] runs all four.
//!
//! Where the request fails, begin nothing: commit only what is not
//! [`Session::is_new`], and no [`Session::regenerate_id`]. A request that never
//! loads may [`Session::renew`] its session behind the answer.
//!
//! # Features
//!
//! - `json`, on by default: values by their Rust type, through serde; records
//!   that somebody laid out otherwise, through serde_json.
//! - `npm`: the layer that JavaScript calls. Rust workers leave it off.
//! - `standalone`: `npm` without the standard library.
//!
//! # What is below
//!
//! [`cookie`] and [`token`] are what browsers hold, [`sealed`] texts of other
//! purposes, [`chunks`] those too long for one cookie, [`record`] and
//! [`changes`] what stores hold, [`lifecycle`] the commit as steps. Most workers
//! never need them by themselves.

#![cfg_attr(feature = "standalone", no_std)]

extern crate alloc;

#[cfg(feature = "standalone")]
mod standalone;

mod ahead;
#[cfg(feature = "npm")]
pub mod bindings;
pub mod changes;
pub mod chunks;
pub mod cookie;
mod date;
pub mod error;
pub mod id;
pub mod keyring;
mod layout;
pub mod lifecycle;
pub mod options;
mod parts;
pub mod record;
pub mod sealed;
pub mod session;
pub mod sessions;
mod text;
pub mod token;
pub mod xaes;

pub use crate::cookie::{CookieOptions, SameSite};
pub use crate::error::Error;
pub use crate::id::Id;
pub use crate::options::Options;
pub use crate::session::Session;
pub use crate::sessions::Sessions;
