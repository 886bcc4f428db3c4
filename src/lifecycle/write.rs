//! Stores a request's changes, without losing anybody's.

use crate::id::{Id, Mark};
use crate::lifecycle::{
    Answer, Call, End, IDS_TO_DRAW, Limits, Moment, Operation, Step, Values, first_header, load, next_header, wait_after,
};
use crate::record::{Header, Kind, Standing, seconds_to_live};

/// A commit under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Whose record is written.
    pub(crate) id: Id,
    /// Whether `id` was drawn by us, so that another one does as well.
    pub(crate) own_id: bool,
    /// The header of the text under way.
    pub(crate) header: Header,
    /// The revision that must be there; none creates.
    pub(crate) expected: Option<Mark>,
    /// Whether the text begins a session: its birth is ours, not the record's.
    pub(crate) begins: bool,
    /// Whether the text under way may have been stored without our being told.
    pub(crate) lost: bool,
    /// Whether the call under way is the load after a wait.
    pub(crate) reloading: bool,
    /// Replays so far.
    pub(crate) conflicts: u32,
}

/// What a request knows when it commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The session's id.
    pub id: Id,
    /// Whether `id` was drawn by us in this request.
    pub own_id: bool,
    /// The birth to use when the commit begins a session.
    pub birth: Mark,
    /// The data record that was loaded, living or expired; none when absent.
    pub seen: Option<Header>,
    /// Whether that record was living when it was loaded: what was read from it is never re-created.
    pub was_live: bool,
}

impl Write {
    /// Begins a commit.
    #[must_use]
    pub fn begin(base: &Base, limits: &Limits, moment: &Moment) -> (Write, Step) {
        let living = base.seen.filter(|_| base.was_live);
        let header = living.map_or_else(|| first_header(base.birth, limits, moment), |seen| next_header(&seen, moment));
        let write = Write {
            id: base.id,
            own_id: base.own_id,
            header,
            expected: base.seen.map(|seen| seen.revision),
            begins: living.is_none(),
            lost: false,
            reloading: false,
            conflicts: 0,
        };
        (write, write.next(limits, moment))
    }

    /// Takes the answer to the last call.
    pub fn answer(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        let reloaded = core::mem::take(&mut self.reloading);
        match answer {
            Answer::Done => self.committed(),
            Answer::Lost => {
                self.lost = true;
                Step::End(End::Undecided)
            }
            Answer::Unreadable => Step::End(End::Unreadable),
            // What was past its deadline is gone altogether: the session that begins needs nothing of it.
            Answer::Absent if self.begins && self.expected.is_some() => {
                self.expected = None;
                self.next(limits, moment)
            }
            Answer::Absent => Step::End(End::Gone),
            Answer::Record { header, has_values, lost } => {
                self.lost |= lost;
                match self.meet(header, header.standing(has_values, moment.now()), limits, moment) {
                    None if reloaded => self.next(limits, moment),
                    None => self.conflict(limits, moment),
                    Some(step) => step,
                }
            }
        }
    }

    /// Decides what the record that is there makes of the commit; `None` when it is to be tried again on it.
    fn meet(&mut self, found: Header, standing: Standing, limits: &Limits, moment: &Moment) -> Option<Step> {
        if self.is_ours(&found) {
            return Some(self.committed());
        }
        if self.begins {
            return self.meet_at_birth(found, standing, limits, moment);
        }
        if standing != Standing::Live {
            let moved = matches!(found.kind, Kind::Forwarding { .. });
            return Some(Step::End(if moved && self.lost { End::Ambiguous } else { End::Gone }));
        }
        if found.birth != self.header.birth {
            return Some(Step::End(End::Gone));
        }
        if self.lost && found.previous != self.expected {
            return Some(Step::End(End::Ambiguous));
        }
        self.stand_on(found, moment);
        None
    }

    /// The same for a commit that begins a session.
    fn meet_at_birth(&mut self, found: Header, standing: Standing, limits: &Limits, moment: &Moment) -> Option<Step> {
        if self.own_id {
            self.conflicts = self.conflicts.saturating_add(1);
            if self.conflicts >= IDS_TO_DRAW {
                return Some(Step::End(End::Conflict));
            }
            self.id = moment.dice.id();
            return Some(self.next(limits, moment));
        }
        match standing {
            Standing::Live => {
                self.begins = false;
                self.stand_on(found, moment);
                None
            }
            Standing::Expired => {
                self.expected = Some(found.revision);
                None
            }
            Standing::Graced | Standing::Forwarded | Standing::Dead => Some(Step::End(End::Gone)),
        }
    }

    /// Says whether the record holds our text, or one that followed it.
    fn is_ours(&self, found: &Header) -> bool {
        let stored = found.revision == self.header.revision || found.previous == Some(self.header.revision);
        found.is_data() && (stored || (self.begins && found.birth == self.header.birth))
    }

    /// Prepares to make the changes to what is there, under a new revision.
    fn stand_on(&mut self, found: Header, moment: &Moment) {
        self.header = next_header(&found, moment);
        self.expected = Some(found.revision);
        self.lost = false;
    }

    /// Tries again after a conflict: at once, or after the wait that so many of them ask for.
    fn conflict(&mut self, limits: &Limits, moment: &Moment) -> Step {
        self.conflicts = self.conflicts.saturating_add(1);
        match wait_after(self.conflicts, moment) {
            None => self.next(limits, moment),
            Some(wait) => {
                self.reloading = true;
                Step::WaitThen(wait, load(self.id))
            }
        }
    }

    /// Makes the call under way, unless the session's life is over.
    fn next(&self, limits: &Limits, moment: &Moment) -> Step {
        let call = self.call(limits, moment);
        if call.seconds_to_live == 0 { Step::End(End::Gone) } else { Step::Call(call) }
    }

    fn call(&self, limits: &Limits, moment: &Moment) -> Call {
        let operation = match self.expected {
            None => Operation::Create,
            Some(_) if limits.compares => Operation::Update,
            Some(_) => Operation::Replace,
        };
        let seconds_to_live = seconds_to_live(limits.idle_timeout_seconds, self.header.deadline, moment.now());
        Call {
            operation,
            id: self.id,
            header: Some(self.header),
            values: Values::Changed,
            expected: self.expected,
            seconds_to_live,
        }
    }

    const fn committed(&self) -> Step {
        Step::End(End::Committed { id: self.id, header: self.header, created: self.begins })
    }
}
