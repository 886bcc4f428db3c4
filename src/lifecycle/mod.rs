//! What to ask the store next: the commit, as pure steps.
//!
//! A task begins with what the request knows and ends with an [`End`]; in between it names one [`Call`] after the other
//! and is given each [`Answer`]. It does no I/O and holds no values: those stay with whoever makes the calls. The rules
//! are PROTOCOL 3 and 4.

pub mod destroy;
pub mod regenerate;
pub mod state;
pub mod write;

use crate::id::{Id, Mark};
use crate::record::{Header, Kind};

/// Conflicts that are replayed at once; later ones wait first (PROTOCOL 3).
pub const REPLAYS_AT_ONCE: u32 = 8;
/// Ids that are drawn for one new session before giving up.
pub const IDS_TO_DRAW: u32 = 3;

/// One operation of the store contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Give the record, renewing nothing.
    Load,
    /// Store only if the key is free.
    Create,
    /// Store only over the expected revision.
    Update,
    /// Store only over a record.
    Replace,
    /// Remove.
    Remove,
}

/// The values that follow a header in a new text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// The request's changes, made to the values that were last seen.
    Changed,
    /// The values as the request found them.
    Before,
    /// `{}`.
    Empty,
}

/// A call to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What to do.
    pub operation: Operation,
    /// The session whose record is meant.
    pub id: Id,
    /// The header of the text to store; none for `Load` and `Remove`.
    pub header: Option<Header>,
    /// The values of the text to store.
    pub values: Values,
    /// The revision that must be there; only for `Update`.
    pub expected: Option<Mark>,
    /// The time to live in whole seconds, never 0 for a text to store.
    pub seconds_to_live: u64,
}

/// What a call brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// There is no record.
    Absent,
    /// This record is there: loaded, or instead of what was expected.
    Record {
        /// Its header.
        header: Header,
        /// Whether it holds any value.
        has_values: bool,
        /// Whether an earlier try of the same call got no answer and may have been carried out.
        lost: bool,
    },
    /// A record that cannot be read is there.
    Unreadable,
    /// No answer came: the call may have been carried out, or not.
    Lost,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make the call and say what it brought.
    Call(Call),
    /// Wait that many milliseconds, then make the call and say what it brought.
    WaitThen(u32, Call),
    /// It is over.
    End(End),
}

/// How a task ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Stored, under this id and with this header; a cookie is due when the id is new to the browser or was created again.
    Committed {
        /// The id that the session has now.
        id: Id,
        /// The record's header as far as known.
        header: Header,
        /// Whether the record was created by this task.
        created: bool,
    },
    /// The session ended, or goes on elsewhere; nothing was re-created.
    Gone,
    /// Others were faster, for too long.
    Conflict,
    /// Nobody can say whether it was stored.
    Ambiguous,
    /// What is there cannot be read; it was left alone.
    Unreadable,
    /// No answer came. Make the same call again when asked to commit again.
    Undecided,
}

/// Random bytes for one step.
#[derive(Clone, Copy)]
pub struct Dice(pub [u8; 44]);

impl Dice {
    /// A revision.
    #[must_use]
    pub fn revision(&self) -> Mark {
        Mark::from_bits(self.take(0))
    }

    /// A birth.
    #[must_use]
    pub fn birth(&self) -> Mark {
        Mark::from_bits(self.take(12))
    }

    /// An id.
    #[must_use]
    pub fn id(&self) -> Id {
        Id::from_bytes(self.take(24))
    }

    /// A wait of 0 to `longest` milliseconds.
    #[must_use]
    pub fn wait(&self, longest: u32) -> u32 {
        let random = u32::from_be_bytes(self.take(40));
        u32::try_from(u64::from(random).saturating_mul(u64::from(longest.saturating_add(1))) >> 32).unwrap_or(longest)
    }

    fn take<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes = [0; N];
        for (byte, random) in bytes.iter_mut().zip(self.0.iter().skip(at)) {
            *byte = *random;
        }
        bytes
    }
}

impl core::fmt::Debug for Dice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Dice(..)")
    }
}

/// The limits that a commit keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `idleTimeoutSeconds`.
    pub idle_timeout_seconds: u64,
    /// `absoluteTimeoutSeconds`; `None` is for ever.
    pub absolute_timeout_seconds: Option<u64>,
    /// Whether the store compares and sets; without it `Replace` is asked for.
    pub compares: bool,
}

/// The moment of a step.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Unix milliseconds.
    pub now_ms: u64,
    /// Random bytes, never used twice.
    pub dice: Dice,
}

impl Moment {
    /// Unix seconds.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now_ms / 1000
    }
}

/// Gives the header of a session's first record.
#[inline(never)]
fn first_header(birth: Mark, limits: &Limits, moment: &Moment) -> Header {
    Header {
        kind: Kind::Data { created: moment.now_ms },
        revision: moment.dice.revision(),
        birth,
        previous: None,
        deadline: limits.absolute_timeout_seconds.map(|absolute| moment.now().saturating_add(absolute)),
    }
}

/// Gives the header that follows `seen` in the same session.
#[inline(never)]
fn next_header(seen: &Header, moment: &Moment) -> Header {
    Header { revision: moment.dice.revision(), previous: Some(seen.revision), ..*seen }
}

/// Gives the milliseconds to wait after so many conflicts, if any; the record is then loaded again, being old.
#[inline(never)]
fn wait_after(conflicts: u32, moment: &Moment) -> Option<u32> {
    let late = conflicts.checked_sub(REPLAYS_AT_ONCE)?.checked_sub(1)?;
    Some(moment.dice.wait(20_u32.saturating_mul(1 << late.min(5))))
}

/// A call that only looks.
const fn load(id: Id) -> Call {
    Call { operation: Operation::Load, id, header: None, values: Values::Empty, expected: None, seconds_to_live: 0 }
}

/// A call that removes.
const fn remove(id: Id) -> Call {
    Call { operation: Operation::Remove, id, header: None, values: Values::Empty, expected: None, seconds_to_live: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const NOW: u64 = 1_790_000_000;
    pub(crate) const LIMITS: Limits =
        Limits { idle_timeout_seconds: 1200, absolute_timeout_seconds: Some(86_400), compares: true };

    /// A moment whose dice all show the same number.
    pub(crate) const fn moment(shown: u8, now: u64) -> Moment {
        Moment { now_ms: now.saturating_mul(1000), dice: Dice([shown; 44]) }
    }

    pub(crate) fn mark(number: u8) -> Mark {
        Mark::from_bits([number; 12])
    }

    pub(crate) const fn id(number: u8) -> Id {
        Id::from_bytes([number; 16])
    }

    /// A living record.
    pub(crate) fn data(revision: u8, birth: u8, previous: u8) -> Header {
        Header {
            kind: Kind::Data { created: (NOW - 60) * 1000 },
            revision: mark(revision),
            birth: mark(birth),
            previous: Some(mark(previous)),
            deadline: Some(NOW + 600),
        }
    }

    /// A record that forwards since a moment ago.
    pub(crate) fn forwarding(revision: u8, target: u8) -> Header {
        Header { kind: Kind::Forwarding { target: id(target) }, deadline: Some(NOW - 1), ..data(revision, 1, 1) }
    }

    pub(crate) fn tombstone(revision: u8) -> Header {
        Header { kind: Kind::Tombstone, previous: None, deadline: Some(NOW), ..data(revision, 1, 1) }
    }

    pub(crate) const fn record(header: Header) -> Answer {
        Answer::Record { header, has_values: true, lost: false }
    }

    /// The call that a step asks for at once.
    pub(crate) fn call(step: Step) -> Call {
        match step {
            Step::Call(call) => call,
            other => panic!("{other:?} is no call"),
        }
    }

    #[test]
    fn eight_conflicts_are_replayed_at_once() {
        for conflicts in 0..=REPLAYS_AT_ONCE {
            assert_eq!(wait_after(conflicts, &moment(0xff, NOW)), None);
        }
    }

    #[test]
    fn later_conflicts_wait_at_most_twice_as_long_each_and_never_longer_than_640_ms() {
        let longest = |conflicts| wait_after(conflicts, &moment(0xff, NOW));
        let waits: Vec<_> = (9..=16).map(longest).collect();
        assert_eq!(waits, [20, 40, 80, 160, 320, 640, 640, 640].map(Some));
        assert_eq!(longest(u32::MAX), Some(640));
    }

    #[test]
    fn a_wait_may_be_none_at_all() {
        assert_eq!(wait_after(9, &moment(0, NOW)), Some(0));
        assert_eq!(wait_after(u32::MAX, &moment(0, NOW)), Some(0));
    }

    #[test]
    fn dice_show_four_things_that_share_no_byte() {
        let mut bytes = [0; 44];
        for (byte, number) in bytes.iter_mut().zip(0..) {
            *byte = number;
        }
        let dice = Dice(bytes);
        assert_eq!(dice.revision(), Mark::from_bits(core::array::from_fn(|at| bytes[at])));
        assert_eq!(dice.birth(), Mark::from_bits(core::array::from_fn(|at| bytes[12 + at])));
        assert_eq!(dice.id(), Id::from_bytes(core::array::from_fn(|at| bytes[24 + at])));
        assert_eq!(dice.wait(u32::MAX - 1), 0x2829_2a2a);
        assert_eq!(format!("{dice:?}"), "Dice(..)");
    }
}
