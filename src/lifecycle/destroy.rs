//! Ends a session, wherever it has gone meanwhile.

use crate::id::{Id, Mark};
use crate::lifecycle::{Answer, Call, End, Limits, Moment, Operation, Step, Values, load, remove};
use crate::record::{Header, Kind};

/// Forwarding records that are followed (PROTOCOL 4).
const FORWARDINGS_TO_FOLLOW: u32 = 8;
/// Conflicts after which the record is removed instead.
const CONFLICTS_TO_MEET: u32 = 3;

/// Where a destroy stands: what the call under way is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding out what is there.
    Looking,
    /// Putting the tombstone.
    Entombing,
    /// Taking the record away.
    Removing,
}

impl Stage {
    /// All of them, in order.
    pub(crate) const ALL: [Stage; 3] = [Stage::Looking, Stage::Entombing, Stage::Removing];
}

/// A destroy under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destroy {
    /// What the call under way is for.
    pub(crate) stage: Stage,
    /// The id whose record is to go.
    pub(crate) id: Id,
    /// The tombstone's time to live, in seconds.
    pub(crate) tombstone_seconds: u64,
    /// Forwarding records followed so far.
    pub(crate) followed: u32,
    /// Conflicts so far.
    pub(crate) conflicts: u32,
}

impl Destroy {
    /// Begins a destroy; `seen` is the record that was loaded, if one was.
    #[must_use]
    pub fn begin(id: Id, seen: Option<Header>, tombstone_seconds: u64, limits: &Limits, moment: &Moment) -> (Destroy, Step) {
        let mut destroy = Destroy { stage: Stage::Looking, id, tombstone_seconds, followed: 0, conflicts: 0 };
        let step = match seen {
            Some(header) => destroy.meet(&header, limits, moment),
            None => Step::Call(load(id)),
        };
        (destroy, step)
    }

    /// Takes the answer to the last call.
    ///
    /// [`End::Gone`] is what a destroy ends as when all went well.
    pub fn answer(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        match answer {
            Answer::Done | Answer::Absent => Step::End(End::Gone),
            Answer::Lost => Step::End(End::Undecided),
            Answer::Unreadable => self.remove(),
            Answer::Record { header, .. } => {
                if self.stage == Stage::Entombing {
                    self.conflicts = self.conflicts.saturating_add(1);
                }
                self.meet(&header, limits, moment)
            }
        }
    }

    fn meet(&mut self, found: &Header, limits: &Limits, moment: &Moment) -> Step {
        match found.kind {
            Kind::Tombstone => Step::End(End::Gone),
            Kind::Forwarding { target } if self.followed < FORWARDINGS_TO_FOLLOW => {
                self.followed = self.followed.saturating_add(1);
                self.stage = Stage::Looking;
                self.id = target;
                Step::Call(load(target))
            }
            Kind::Data { .. } if limits.compares && self.conflicts < CONFLICTS_TO_MEET => self.entomb(found, moment),
            _ => self.remove(),
        }
    }

    fn entomb(&mut self, found: &Header, moment: &Moment) -> Step {
        self.stage = Stage::Entombing;
        let expected: Mark = found.revision;
        let header = Header {
            kind: Kind::Tombstone,
            revision: moment.dice.revision(),
            birth: found.birth,
            previous: None,
            deadline: Some(moment.now()),
        };
        Step::Call(Call {
            operation: Operation::Update,
            id: self.id,
            header: Some(header),
            values: Values::Empty,
            expected: Some(expected),
            seconds_to_live: self.tombstone_seconds,
        })
    }

    fn remove(&mut self) -> Step {
        self.stage = Stage::Removing;
        Step::Call(remove(self.id))
    }
}
