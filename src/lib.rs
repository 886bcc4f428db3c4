//! Session state for edge workers, as one pure core.

#![cfg_attr(feature = "standalone", no_std)]

extern crate alloc;

#[cfg(feature = "standalone")]
mod standalone;

#[cfg(feature = "npm")]
pub mod bindings;
pub mod changes;
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
pub mod token;
pub mod xaes;
