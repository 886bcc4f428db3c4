//! Session state for edge workers, as one pure core.

pub mod cookie;
pub mod error;
pub mod id;
pub mod keyring;
pub mod options;
pub mod token;
