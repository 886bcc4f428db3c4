//! Moves a session to a new id, and forwards the old one.
//!
//! In this order: the new record is created; the old one, if it is still what was copied, becomes a forwarding record;
//! only then is the cookie due. A parallel confirmed write is carried over; whoever comes second ends as gone.

use crate::id::{Id, Mark};
use crate::lifecycle::{
    Answer, Call, End, IDS_TO_DRAW, Limits, Moment, Operation, Step, Values, first_header, load, next_header, remove, wait_after,
};
use crate::record::{Header, Kind, Standing};

/// Where a regeneration stands: what the call under way is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Creating the record under the new id.
    Creating,
    /// Turning the old record into a forwarding record.
    Forwarding,
    /// Finding out whether it was turned, no answer having come.
    Deciding,
    /// Loading the old record again after a wait.
    Reloading,
    /// Carrying a parallel write over to the new record.
    Carrying,
    /// Taking the new record away, then ending as gone.
    LeavingGone,
    /// Taking the new record away, then ending as ambiguous.
    LeavingAmbiguous,
}

impl Stage {
    /// All of them, in order.
    pub(crate) const ALL: [Stage; 7] = [
        Stage::Creating,
        Stage::Forwarding,
        Stage::Deciding,
        Stage::Reloading,
        Stage::Carrying,
        Stage::LeavingGone,
        Stage::LeavingAmbiguous,
    ];
}

/// A regeneration under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regenerate {
    /// What the call under way is for.
    pub(crate) stage: Stage,
    /// The old id.
    pub(crate) id: Id,
    /// The new id.
    pub(crate) next_id: Id,
    /// The header of the new record.
    pub(crate) header: Header,
    /// The revision of the old record as copied; none while it is absent.
    pub(crate) seen: Option<Mark>,
    /// The birth of the old record, or the one that its forwarding record gets.
    pub(crate) birth: Mark,
    /// Whether the old record's values count: it was living when it was last seen.
    pub(crate) living: bool,
    /// The revision of the forwarding record under way.
    pub(crate) forward: Mark,
    /// How long the old id may still read the values from before, in seconds.
    pub(crate) grace_seconds: u64,
    /// Whether it was found out once already that the forwarding did not happen.
    pub(crate) repeated: bool,
    /// Conflicts so far.
    pub(crate) conflicts: u32,
}

/// What a request knows when its regeneration is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The old id.
    pub id: Id,
    /// The new id, drawn by `regenerateId()`.
    pub next_id: Id,
    /// The new birth, drawn by `regenerateId()`.
    pub next_birth: Mark,
    /// The data record that was loaded under the old id, living or expired; none when absent.
    pub seen: Option<Header>,
    /// Whether that record was living when it was loaded.
    pub was_live: bool,
    /// How long the old id may still read the values from before, in seconds.
    pub grace_seconds: u64,
}

impl Regenerate {
    /// Begins a regeneration.
    #[must_use]
    pub fn begin(base: &Move, limits: &Limits, moment: &Moment) -> (Regenerate, Step) {
        let regenerate = Regenerate {
            stage: Stage::Creating,
            id: base.id,
            next_id: base.next_id,
            header: first_header(base.next_birth, limits, moment),
            seen: base.seen.map(|seen| seen.revision),
            birth: base.seen.map_or_else(|| moment.dice.birth(), |seen| seen.birth),
            living: base.was_live,
            forward: moment.dice.revision(),
            grace_seconds: base.grace_seconds,
            repeated: false,
            conflicts: 0,
        };
        let over = base.was_live && base.seen.is_some_and(|seen| seen.standing(true, moment.now()) != Standing::Live);
        let step = if over { Step::End(End::Gone) } else { regenerate.create(limits) };
        (regenerate, step)
    }

    /// Takes the answer to the last call.
    pub fn answer(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        match self.stage {
            Stage::Creating => self.created(answer, limits, moment),
            Stage::Forwarding => self.forwarded(answer, limits, moment),
            Stage::Deciding => self.decided(answer, limits, moment),
            Stage::Reloading => self.reloaded(answer, limits, moment),
            Stage::Carrying => match answer {
                Answer::Done => self.forward(limits, moment),
                _ => self.leave(Stage::LeavingAmbiguous),
            },
            Stage::LeavingGone => Step::End(End::Gone),
            Stage::LeavingAmbiguous => Step::End(End::Ambiguous),
        }
    }

    fn created(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        match answer {
            Answer::Done => self.forward(limits, moment),
            Answer::Record { header, .. } if header.is_data() && header.birth == self.header.birth => {
                self.forward(limits, moment)
            }
            Answer::Lost => Step::End(End::Undecided),
            Answer::Record { .. } | Answer::Unreadable | Answer::Absent => {
                self.conflicts = self.conflicts.saturating_add(1);
                if self.conflicts >= IDS_TO_DRAW {
                    return Step::End(End::Conflict);
                }
                self.next_id = moment.dice.id();
                self.create(limits)
            }
        }
    }

    fn forwarded(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        match answer {
            Answer::Done => self.committed(),
            Answer::Lost => {
                self.stage = Stage::Deciding;
                Step::Call(load(self.id))
            }
            Answer::Absent if !self.living && self.seen.is_some() => {
                self.seen = None;
                self.forward(limits, moment)
            }
            Answer::Absent | Answer::Unreadable => self.leave(Stage::LeavingGone),
            Answer::Record { header, .. } => match self.meet(&header, moment) {
                Some(step) => step,
                None => self.conflict(limits, moment),
            },
        }
    }

    /// One load of the old record decides whether the forwarding happened.
    fn decided(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        let unchanged = match answer {
            Answer::Record { header, .. } => Some(header.revision) == self.seen,
            Answer::Absent => self.seen.is_none() || !self.living,
            _ => return self.leave(Stage::LeavingAmbiguous),
        };
        if unchanged {
            if core::mem::replace(&mut self.repeated, true) {
                return self.leave(Stage::LeavingAmbiguous);
            }
            if answer == Answer::Absent {
                self.seen = None;
            }
            return self.forward(limits, moment);
        }
        self.reloaded(answer, limits, moment)
    }

    fn reloaded(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        match answer {
            Answer::Record { header, .. } => match self.meet(&header, moment) {
                Some(step) => step,
                None => self.carry(limits, moment),
            },
            Answer::Absent if !self.living => {
                self.seen = None;
                self.forward(limits, moment)
            }
            Answer::Lost => self.leave(Stage::LeavingAmbiguous),
            _ => self.leave(Stage::LeavingGone),
        }
    }

    /// Decides what the record under the old id makes of it; `None` when its values are to be carried over.
    fn meet(&mut self, found: &Header, moment: &Moment) -> Option<Step> {
        if found.revision == self.forward {
            return Some(self.committed());
        }
        let standing = found.standing(true, moment.now());
        let other = self.living && (standing != Standing::Live || found.birth != self.birth);
        if other || !found.is_data() {
            return Some(self.leave(Stage::LeavingGone));
        }
        self.living = standing == Standing::Live;
        self.seen = Some(found.revision);
        self.birth = found.birth;
        None
    }

    /// Carries the record that is there over, at once or after the wait that so many conflicts ask for.
    fn conflict(&mut self, limits: &Limits, moment: &Moment) -> Step {
        self.conflicts = self.conflicts.saturating_add(1);
        match wait_after(self.conflicts, moment) {
            None => self.carry(limits, moment),
            Some(wait) => {
                self.stage = Stage::Reloading;
                Step::WaitThen(wait, load(self.id))
            }
        }
    }

    fn create(&self, limits: &Limits) -> Step {
        Step::Call(Call {
            operation: Operation::Create,
            id: self.next_id,
            header: Some(self.header),
            values: Values::Changed,
            expected: None,
            seconds_to_live: limits.idle_timeout_seconds,
        })
    }

    fn carry(&mut self, limits: &Limits, moment: &Moment) -> Step {
        self.stage = Stage::Carrying;
        let expected = self.header.revision;
        self.header = next_header(&self.header, moment);
        Step::Call(Call {
            operation: if limits.compares { Operation::Update } else { Operation::Replace },
            id: self.next_id,
            header: Some(self.header),
            values: Values::Changed,
            expected: Some(expected),
            seconds_to_live: limits.idle_timeout_seconds,
        })
    }

    fn forward(&mut self, limits: &Limits, moment: &Moment) -> Step {
        self.stage = Stage::Forwarding;
        if !self.repeated {
            self.forward = moment.dice.revision();
        }
        let header = Header {
            kind: Kind::Forwarding { target: self.next_id },
            revision: self.forward,
            birth: self.birth,
            previous: self.seen,
            deadline: Some(moment.now().saturating_add(self.grace_seconds)),
        };
        let operation = match self.seen {
            None => Operation::Create,
            Some(_) if limits.compares => Operation::Update,
            Some(_) => Operation::Replace,
        };
        let values = if self.grace_seconds > 0 && self.living { Values::Before } else { Values::Empty };
        Step::Call(Call {
            operation,
            id: self.id,
            header: Some(header),
            values,
            expected: self.seen,
            seconds_to_live: limits.idle_timeout_seconds,
        })
    }

    fn leave(&mut self, stage: Stage) -> Step {
        self.stage = stage;
        Step::Call(remove(self.next_id))
    }

    const fn committed(&self) -> Step {
        Step::End(End::Committed { id: self.next_id, header: self.header, created: true })
    }
}
