//! What a session asks of a store, and what it is told.

use alloc::string::String;
use core::fmt;

use crate::error::Error;
use crate::id::{Id, Mark};
use crate::lifecycle::{Dice, Moment};
use crate::xaes::NONCE_BYTES;

/// Random bytes that one step takes.
pub const RANDOM_BYTES: usize = 96;

/// Holds the random bytes of one step; it is used up by it.
///
/// # Security
///
/// Fill it from the platform's generator of random numbers, anew for every
/// step: ids that can be guessed are sessions that can be taken.
pub struct Random([u8; RANDOM_BYTES]);

impl Random {
    /// Takes 96 random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; RANDOM_BYTES]) -> Self {
        Self(bytes)
    }

    /// Lets `fill` draw the bytes, as `getrandom::fill` does.
    ///
    /// # Errors
    ///
    /// What `fill` failed with: without randomness there is no step.
    pub fn draw<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes = [0; RANDOM_BYTES];
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    // No two of these share a byte. The nonce serves a cookie and a record:
    // each purpose has keys of its own.
    pub(super) fn moment(&self, now_ms: u64) -> Moment {
        Moment { now_ms, dice: Dice(self.take(0)) }
    }

    pub(super) fn nonce(&self) -> [u8; NONCE_BYTES] {
        self.take(44)
    }

    pub(super) fn id(&self) -> Id {
        Id::from_bytes(self.take(68))
    }

    pub(super) fn birth(&self) -> Mark {
        Mark::from_bits(self.take(84))
    }

    fn take<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes = [0; N];
        for (byte, random) in bytes.iter_mut().zip(self.0.iter().skip(at)) {
            *byte = *random;
        }
        bytes
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Random(..)")
    }
}

/// One call to make on the store; each is safe to repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreCall {
    /// Milliseconds to wait before the call, after many conflicts; else 0.
    pub wait_ms: u32,
    /// What to do, and under which key.
    pub operation: StoreOperation,
}

/// The operations that a store has, with what each takes.
///
/// Times to live are whole seconds. A record's revision is its characters 3 to
/// 18; a store looks at nothing else in it.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreOperation {
    /// Gives the record and renews its time to live; 0 leaves it.
    Load {
        /// The record's key.
        key: String,
        /// The new time to live.
        ttl_seconds: u64,
    },
    /// Stores the record if the key is free; one with its revision is done.
    Create {
        /// The record's key.
        key: String,
        /// The record's text, ASCII.
        record: String,
        /// Its time to live.
        ttl_seconds: u64,
    },
    /// Replaces the record if its revision is the expected one, in one atomic
    /// step; never creates. A record with the new revision is done.
    Update {
        /// The record's key.
        key: String,
        /// The record's text, ASCII.
        record: String,
        /// The revision that must be there.
        expected_revision: String,
        /// Its time to live.
        ttl_seconds: u64,
    },
    /// Replaces whatever record is there; never creates. Only asked of a store
    /// without `compare_and_set`.
    Replace {
        /// The record's key.
        key: String,
        /// The record's text, ASCII.
        record: String,
        /// Its time to live.
        ttl_seconds: u64,
    },
    /// Renews the time to live; never creates.
    Refresh {
        /// The record's key.
        key: String,
        /// The new time to live.
        ttl_seconds: u64,
    },
    /// Removes the record; an absent one is removed already.
    Remove {
        /// The record's key.
        key: String,
    },
}

impl StoreOperation {
    /// Gives the operation's name, for logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Load { .. } => "load",
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Replace { .. } => "replace",
            Self::Refresh { .. } => "refresh",
            Self::Remove { .. } => "remove",
        }
    }
}

impl fmt::Debug for StoreOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}(..)", self.name())
    }
}

/// What the store answered.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreAnswer {
    /// It is done.
    Done,
    /// There is no record: only when the store said so itself.
    Absent,
    /// This record is there: loaded, or instead of what was expected.
    Record(String),
    /// The same, when an earlier try of this call got no answer and may have
    /// been carried out.
    RecordAfterSilence(String),
    /// The store failed, or did not answer in time; with the code that tells
    /// how. The call may have been carried out, or not.
    Failed(Error),
}

impl fmt::Debug for StoreAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Done => "Done",
            Self::Absent => "Absent",
            Self::Record(_) | Self::RecordAfterSilence(_) => "Record(..)",
            Self::Failed(error) => error.code(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{RANDOM_BYTES, Random};

    #[test]
    fn no_random_byte_is_used_twice() {
        let at = |changed: usize| {
            let mut bytes = [0; RANDOM_BYTES];
            bytes[changed] = 1;
            let random = Random::from_bytes(bytes);
            let moment = random.moment(0).dice;
            let wait = moment.0[40..].iter().any(|&byte| byte != 0);
            let zero = Random::from_bytes([0; RANDOM_BYTES]);
            let none = zero.moment(0).dice;
            [
                moment.revision() != none.revision(),
                moment.birth() != none.birth(),
                moment.id() != none.id(),
                wait,
                random.nonce() != zero.nonce(),
                random.id() != zero.id(),
                random.birth() != zero.birth(),
            ]
        };
        for changed in 0..RANDOM_BYTES {
            let uses = at(changed).into_iter().filter(|&used| used).count();
            assert_eq!(uses, 1, "{changed}");
        }
    }
}
