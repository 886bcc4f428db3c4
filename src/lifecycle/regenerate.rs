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
    /// Whether the forwarding was found out not to have happened, and is made a second time.
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
    #[inline(never)]
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
                self.stand_on(None);
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
            Answer::Absent => self.seen.is_none(),
            _ => return self.leave(Stage::LeavingAmbiguous),
        };
        if unchanged {
            if core::mem::replace(&mut self.repeated, true) {
                return self.leave(Stage::LeavingAmbiguous);
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
                self.stand_on(None);
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
        self.stand_on(Some(found.revision));
        self.birth = found.birth;
        None
    }

    /// Prepares to forward what is there now, under a new revision.
    const fn stand_on(&mut self, seen: Option<Mark>) {
        self.seen = seen;
        self.repeated = false;
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

    #[inline(never)]
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

    #[inline(never)]
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

    #[inline(never)]
    fn leave(&mut self, stage: Stage) -> Step {
        self.stage = stage;
        Step::Call(remove(self.next_id))
    }

    const fn committed(&self) -> Step {
        Step::End(End::Committed { id: self.next_id, header: self.header, created: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::tests::{LIMITS, NOW, call, data, forwarding, id, mark, moment, record, tombstone};

    const REPLACES: Limits = Limits { compares: false, ..LIMITS };

    fn base(seen: Option<Header>, was_live: bool) -> Move {
        Move { id: id(1), next_id: id(2), next_birth: mark(9), seen, was_live, grace_seconds: 30 }
    }

    /// A regeneration of revision 2, birth 1, whose new record, revision 3, was created; the forwarding is under way.
    fn forwarding_under_way() -> (Regenerate, Call) {
        let (mut regenerate, step) = Regenerate::begin(&base(Some(data(2, 1, 1)), true), &LIMITS, &moment(3, NOW));
        let create = call(step);
        assert_eq!((create.operation, create.id, create.values), (Operation::Create, id(2), Values::Changed));
        let forward = call(regenerate.answer(Answer::Done, &LIMITS, &moment(4, NOW)));
        (regenerate, forward)
    }

    fn taken_back(step: Step) -> bool {
        step == Step::Call(remove(id(2)))
    }

    fn ended(mut regenerate: Regenerate) -> Step {
        regenerate.answer(Answer::Lost, &LIMITS, &moment(99, NOW))
    }

    #[test]
    fn a_session_at_its_deadline_is_gone_and_nothing_is_asked() {
        let (_, step) = Regenerate::begin(&base(Some(data(2, 1, 1)), true), &LIMITS, &moment(3, NOW + 600));
        assert_eq!(step, Step::End(End::Gone));
    }

    #[test]
    fn the_old_id_is_forwarded_only_where_it_is_what_was_copied() {
        let (mut regenerate, forward) = forwarding_under_way();
        assert_eq!((forward.operation, forward.id, forward.expected), (Operation::Update, id(1), Some(mark(2))));
        let header = forward.header.expect("a text");
        assert_eq!(header.kind, Kind::Forwarding { target: id(2) });
        assert_eq!((header.birth, header.previous, header.deadline), (mark(1), Some(mark(2)), Some(NOW + 30)));
        let end = regenerate.answer(Answer::Done, &LIMITS, &moment(5, NOW));
        assert!(matches!(end, Step::End(End::Committed { id, created: true, .. }) if id == self::id(2)), "{end:?}");
    }

    #[test]
    fn grace_shows_the_values_from_before_and_only_of_a_living_session() {
        assert_eq!(forwarding_under_way().1.values, Values::Before);
        for (seen, grace_seconds, was_live) in [(Some(data(2, 1, 1)), 0, true), (None, 30, false)] {
            let base = Move { grace_seconds, ..base(seen, was_live) };
            let (mut regenerate, _) = Regenerate::begin(&base, &LIMITS, &moment(3, NOW));
            assert_eq!(call(regenerate.answer(Answer::Done, &LIMITS, &moment(4, NOW))).values, Values::Empty);
        }
    }

    #[test]
    fn an_absent_record_is_forwarded_by_create() {
        let (mut regenerate, _) = Regenerate::begin(&base(None, false), &LIMITS, &moment(3, NOW));
        let forward = call(regenerate.answer(Answer::Done, &LIMITS, &moment(4, NOW)));
        assert_eq!((forward.operation, forward.id, forward.expected), (Operation::Create, id(1), None));
        let carried = call(regenerate.answer(record(data(7, 6, 5)), &LIMITS, &moment(5, NOW)));
        assert_eq!((carried.operation, carried.id, carried.values), (Operation::Update, id(2), Values::Changed));
        let forward = call(regenerate.answer(Answer::Done, &LIMITS, &moment(6, NOW)));
        assert_eq!((forward.operation, forward.expected), (Operation::Update, Some(mark(7))));
    }

    #[test]
    fn a_record_past_its_deadline_that_goes_meanwhile_is_forwarded_by_create() {
        let seen = Header { deadline: Some(NOW - 1), ..data(2, 1, 1) };
        let (mut regenerate, _) = Regenerate::begin(&base(Some(seen), false), &LIMITS, &moment(3, NOW));
        let first = call(regenerate.answer(Answer::Done, &LIMITS, &moment(4, NOW)));
        let second = call(regenerate.answer(Answer::Absent, &LIMITS, &moment(5, NOW)));
        assert_eq!((first.operation, second.operation), (Operation::Update, Operation::Create));
        let [first, second] = [first, second].map(|call| call.header.map(|header| header.revision));
        assert_ne!(first, second, "another text has another revision");
    }

    #[test]
    fn three_new_ids_that_are_taken_are_a_conflict() {
        let (mut regenerate, _) = Regenerate::begin(&base(Some(data(2, 1, 1)), true), &LIMITS, &moment(3, NOW));
        let taken = record(data(20, 21, 22));
        let ids = [4, 5].map(|number| call(regenerate.answer(taken, &LIMITS, &moment(number, NOW))).id);
        assert_eq!(ids, [id(4), id(5)]);
        assert_eq!(regenerate.answer(taken, &LIMITS, &moment(6, NOW)), Step::End(End::Conflict));
    }

    #[test]
    fn the_new_record_is_taken_back_when_the_session_ended() {
        let others = [record(tombstone(7)), record(forwarding(7, 8)), record(data(7, 6, 2)), Answer::Absent, Answer::Unreadable];
        for found in others {
            let (mut regenerate, _) = forwarding_under_way();
            assert!(taken_back(regenerate.answer(found, &LIMITS, &moment(5, NOW))), "{found:?}");
            assert_eq!(ended(regenerate), Step::End(End::Gone), "{found:?}");
        }
    }

    #[test]
    fn a_lost_reply_is_decided_by_one_load() {
        let (mut regenerate, forward) = forwarding_under_way();
        assert_eq!(regenerate.answer(Answer::Lost, &LIMITS, &moment(5, NOW)), Step::Call(load(id(1))));
        let found = record(forward.header.expect("a text"));
        let end = regenerate.answer(found, &LIMITS, &moment(6, NOW));
        assert!(matches!(end, Step::End(End::Committed { .. })), "{end:?}");
    }

    #[test]
    fn what_did_not_happen_is_repeated_once_as_it_was() {
        let (mut regenerate, forward) = forwarding_under_way();
        let unchanged = record(data(2, 1, 1));
        regenerate.answer(Answer::Lost, &LIMITS, &moment(5, NOW));
        assert_eq!(call(regenerate.answer(unchanged, &LIMITS, &moment(6, NOW))), forward);
        regenerate.answer(Answer::Lost, &LIMITS, &moment(7, NOW));
        assert!(taken_back(regenerate.answer(unchanged, &LIMITS, &moment(8, NOW))));
        assert_eq!(ended(regenerate), Step::End(End::Ambiguous));
    }

    #[test]
    fn after_a_repeat_another_text_has_another_revision() {
        let (mut regenerate, first) = forwarding_under_way();
        regenerate.answer(Answer::Lost, &LIMITS, &moment(5, NOW));
        regenerate.answer(record(data(2, 1, 1)), &LIMITS, &moment(6, NOW));
        regenerate.answer(record(data(7, 1, 2)), &LIMITS, &moment(7, NOW));
        let second = call(regenerate.answer(Answer::Done, &LIMITS, &moment(8, NOW)));
        assert_eq!(second.expected, Some(mark(7)));
        let [first, second] = [first, second].map(|call| call.header.map(|header| header.revision));
        assert_ne!(first, second);
    }

    #[test]
    fn a_load_without_an_answer_leaves_it_undecided() {
        let (mut regenerate, _) = forwarding_under_way();
        regenerate.answer(Answer::Lost, &LIMITS, &moment(5, NOW));
        assert!(taken_back(regenerate.answer(Answer::Lost, &LIMITS, &moment(6, NOW))));
        assert_eq!(ended(regenerate), Step::End(End::Ambiguous));
    }

    #[test]
    fn the_ninth_conflict_loads_after_a_wait_and_is_counted_once() {
        let (mut regenerate, _) = forwarding_under_way();
        for (revision, shown) in (100..108).zip(150..) {
            let carried = call(regenerate.answer(record(data(revision, 1, 50)), &LIMITS, &moment(shown, NOW)));
            assert_eq!(carried.id, id(2));
            regenerate.answer(Answer::Done, &LIMITS, &moment(shown, NOW));
        }
        let step = regenerate.answer(record(data(110, 1, 50)), &LIMITS, &moment(180, NOW));
        assert!(matches!(step, Step::WaitThen(0..=20, call) if call == load(id(1))), "{step:?}");
        let carried = call(regenerate.answer(record(data(111, 1, 50)), &LIMITS, &moment(181, NOW)));
        assert_eq!((carried.operation, carried.id, regenerate.conflicts), (Operation::Update, id(2), 9));
    }

    #[test]
    fn a_carrying_that_failed_is_taken_back() {
        for answer in [Answer::Lost, Answer::Absent, Answer::Unreadable] {
            let (mut regenerate, _) = forwarding_under_way();
            regenerate.answer(record(data(7, 1, 2)), &LIMITS, &moment(5, NOW));
            assert!(taken_back(regenerate.answer(answer, &LIMITS, &moment(6, NOW))), "{answer:?}");
        }
    }

    #[test]
    fn a_store_that_cannot_compare_replaces() {
        let (mut regenerate, step) = Regenerate::begin(&base(Some(data(2, 1, 1)), true), &REPLACES, &moment(3, NOW));
        let forward = call(regenerate.answer(Answer::Done, &REPLACES, &moment(4, NOW)));
        assert_eq!((call(step).operation, forward.operation), (Operation::Create, Operation::Replace));
    }
}
