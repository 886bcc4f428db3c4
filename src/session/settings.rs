//! What all sessions of one configuration share.

use alloc::string::String;

use crate::id::Id;
use crate::keyring::Keyring;
use crate::lifecycle::Limits;
use crate::options::Options;

/// Milliseconds that a commit may take, replays included.
const IO_TIMEOUT_MS: u64 = 10_000;

/// What a store can do; what it cannot, sessions do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether `Update` compares and sets in one atomic step. Without it
    /// commits cannot merge: the later of two wins whole.
    pub compare_and_set: bool,
    /// The shortest time to live that the store keeps, in seconds.
    pub min_ttl_seconds: u64,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self { compare_and_set: true, min_ttl_seconds: 1 }
    }
}

/// The keys and options of one configuration.
pub(crate) struct Settings {
    pub(crate) keyring: Keyring,
    pub(crate) options: Options,
    pub(crate) capabilities: Capabilities,
    pub(crate) io_timeout_ms: u64,
    /// Whether a commit that met a conflict makes its changes anew, on what is there.
    pub(crate) merges: bool,
}

impl Settings {
    pub(crate) fn new(keyring: Keyring, options: Options) -> Self {
        Self { keyring, options, capabilities: Capabilities::default(), io_timeout_ms: IO_TIMEOUT_MS, merges: true }
    }

    /// Gives the key of a session's record.
    pub(super) fn record_key(&self, id: Id) -> String {
        let mut key = String::from("{");
        key.push_str(&self.options.application_name);
        key.push('_');
        key.extend(id.to_text().into_iter().map(char::from));
        key.push_str("}_Data");
        key
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            idle_timeout_seconds: self.options.idle_timeout_seconds,
            absolute_timeout_seconds: self.options.absolute_timeout_seconds,
            compares: self.capabilities.compare_and_set,
        }
    }
}
