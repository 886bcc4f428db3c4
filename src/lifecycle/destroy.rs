//! Ends a session, wherever it has gone meanwhile.

use crate::id::{Id, Mark};
use crate::lifecycle::{Answer, Call, End, Limits, Moment, Operation, Step, Values, load, remove, wait_after};
use crate::record::{Header, Kind};

/// Forwarding records that are followed (PROTOCOL 4).
const FORWARDINGS_TO_FOLLOW: u32 = 8;
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
    #[inline(never)]
    pub fn answer(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        match answer {
            Answer::Done | Answer::Absent => Step::End(End::Gone),
            Answer::Lost => Step::End(End::Undecided),
            Answer::Unreadable => self.remove(),
            Answer::Record { header, .. } if self.stage == Stage::Entombing => self.conflict(&header, limits, moment),
            Answer::Record { header, .. } => self.meet(&header, limits, moment),
        }
    }

    #[inline(never)]
    fn meet(&mut self, found: &Header, limits: &Limits, moment: &Moment) -> Step {
        match found.kind {
            Kind::Tombstone => Step::End(End::Gone),
            Kind::Forwarding { target } if self.followed < FORWARDINGS_TO_FOLLOW => {
                self.followed = self.followed.saturating_add(1);
                self.stage = Stage::Looking;
                self.id = target;
                Step::Call(load(target))
            }
            Kind::Data { .. } if limits.compares => self.entomb(found, moment),
            // So long a chain is nobody's login: better unconfirmed than gone with the session living on behind it.
            Kind::Forwarding { .. } => Step::End(End::Conflict),
            Kind::Data { .. } => self.remove(),
        }
    }

    /// Tries again on what is there, at once or after the wait that so many conflicts ask for.
    ///
    /// It never removes instead: what a regeneration put there since would go, and the session live on elsewhere.
    fn conflict(&mut self, found: &Header, limits: &Limits, moment: &Moment) -> Step {
        self.conflicts = self.conflicts.saturating_add(1);
        match wait_after(self.conflicts, moment) {
            None => self.meet(found, limits, moment),
            Some(wait) => {
                self.stage = Stage::Looking;
                Step::WaitThen(wait, load(self.id))
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::tests::{LIMITS, NOW, call, data, forwarding, id, mark, moment, record, tombstone};

    const REPLACES: Limits = Limits { compares: false, ..LIMITS };

    fn begun(seen: Option<Header>) -> (Destroy, Step) {
        Destroy::begin(id(1), seen, 60, &LIMITS, &moment(3, NOW))
    }

    fn answered(destroy: &mut Destroy, answer: Answer) -> Step {
        destroy.answer(answer, &LIMITS, &moment(4, NOW))
    }

    #[test]
    fn what_was_not_loaded_is_loaded_first() {
        let (mut destroy, step) = begun(None);
        assert_eq!(step, Step::Call(load(id(1))));
        assert_eq!(answered(&mut destroy, Answer::Absent), Step::End(End::Gone));
    }

    #[test]
    fn a_session_becomes_a_tombstone_of_its_own_birth() {
        let (mut destroy, step) = begun(Some(data(2, 1, 1)));
        let call = call(step);
        assert_eq!((call.operation, call.id, call.expected), (Operation::Update, id(1), Some(mark(2))));
        assert_eq!((call.values, call.seconds_to_live), (Values::Empty, 60));
        assert_eq!(call.header, Some(tombstone(3)));
        assert_eq!(answered(&mut destroy, Answer::Done), Step::End(End::Gone));
    }

    #[test]
    fn a_session_past_its_deadline_is_ended_alike() {
        let (_, step) = begun(Some(Header { deadline: Some(NOW - 1), ..data(2, 1, 1) }));
        assert_eq!((call(step).operation, call(step).seconds_to_live), (Operation::Update, 60));
    }

    #[test]
    fn a_tombstone_needs_no_other() {
        assert_eq!(begun(Some(tombstone(2))).1, Step::End(End::Gone));
    }

    #[test]
    fn conflicts_are_met_at_once_and_later_ones_after_a_wait() {
        let (mut destroy, _) = begun(Some(data(2, 1, 1)));
        for revision in 7..15 {
            let again = call(answered(&mut destroy, record(data(revision, 1, 2))));
            assert_eq!((again.operation, again.expected), (Operation::Update, Some(mark(revision))));
        }
        let waits = answered(&mut destroy, record(data(15, 1, 14)));
        assert!(matches!(waits, Step::WaitThen(0..=20, again) if again == load(id(1))), "{waits:?}");
        let again = call(answered(&mut destroy, record(data(16, 1, 15))));
        assert_eq!((again.operation, again.expected), (Operation::Update, Some(mark(16))));
        assert_eq!(answered(&mut destroy, Answer::Done), Step::End(End::Gone));
    }

    #[test]
    fn what_a_regeneration_put_there_meanwhile_is_never_removed() {
        let (mut destroy, _) = begun(Some(data(2, 1, 1)));
        for revision in 7..10 {
            answered(&mut destroy, record(data(revision, 1, 2)));
        }
        assert_eq!(answered(&mut destroy, record(forwarding(11, 8))), Step::Call(load(id(8))));
    }

    #[test]
    fn eight_forwarding_records_are_followed_and_no_ninth() {
        let (mut destroy, mut step) = begun(Some(forwarding(2, 10)));
        for target in 11..=17 {
            assert_eq!(step, Step::Call(load(id(target - 1))));
            step = answered(&mut destroy, record(forwarding(2, target)));
        }
        assert_eq!(step, Step::Call(load(id(17))));
        assert_eq!(answered(&mut destroy, record(forwarding(2, 18))), Step::End(End::Conflict));
    }

    #[test]
    fn a_session_that_moved_while_it_was_ended_is_ended_where_it_went() {
        let (mut destroy, _) = begun(Some(data(2, 1, 1)));
        assert_eq!(answered(&mut destroy, record(forwarding(7, 8))), Step::Call(load(id(8))));
        assert_eq!(call(answered(&mut destroy, record(data(9, 6, 5)))).id, id(8));
    }

    #[test]
    fn what_cannot_be_read_is_removed() {
        let (mut destroy, _) = begun(None);
        assert_eq!(answered(&mut destroy, Answer::Unreadable), Step::Call(remove(id(1))));
    }

    #[test]
    fn a_store_that_cannot_compare_removes_but_follows_first() {
        let (_, step) = Destroy::begin(id(1), Some(data(2, 1, 1)), 60, &REPLACES, &moment(3, NOW));
        assert_eq!(step, Step::Call(remove(id(1))));
        let (mut destroy, step) = Destroy::begin(id(1), Some(forwarding(2, 8)), 60, &REPLACES, &moment(3, NOW));
        assert_eq!(step, Step::Call(load(id(8))));
        assert_eq!(destroy.answer(record(data(9, 6, 5)), &REPLACES, &moment(4, NOW)), Step::Call(remove(id(8))));
    }

    #[test]
    fn no_answer_confirms_nothing() {
        for seen in [None, Some(data(2, 1, 1))] {
            let (mut destroy, _) = begun(seen);
            assert_eq!(answered(&mut destroy, Answer::Lost), Step::End(End::Undecided));
        }
    }
}
