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
    #[inline(never)]
    pub fn answer(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        let reloaded = core::mem::take(&mut self.reloading);
        match answer {
            Answer::Done => self.committed(),
            Answer::Lost => {
                // A load stores nothing: what waits is the same load.
                self.reloading = reloaded;
                self.lost |= !reloaded;
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
            // Where the session moved on meanwhile, it took our text along; its old id needs no cookie.
            let created = self.begins && found.is_data();
            return Some(Step::End(End::Committed { id: self.id, header: self.header, created }));
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

    /// Says whether the record holds our text, or one that followed it; a tombstone says nothing of either.
    fn is_ours(&self, found: &Header) -> bool {
        let stored = found.revision == self.header.revision || found.previous == Some(self.header.revision);
        found.kind != Kind::Tombstone && (stored || (self.begins && found.birth == self.header.birth))
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
    #[inline(never)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::tests::{LIMITS, NOW, call, data, forwarding, id, mark, moment, record, tombstone};

    const REPLACES: Limits = Limits { compares: false, ..LIMITS };

    fn base(seen: Option<Header>, was_live: bool) -> Base {
        Base { id: id(1), own_id: false, birth: mark(9), seen, was_live }
    }

    /// A commit on a living record, revision 2, birth 1: its own text has revision 3.
    fn begun() -> Write {
        let (write, step) = Write::begin(&base(Some(data(2, 1, 1)), true), &LIMITS, &moment(3, NOW));
        let call = call(step);
        assert_eq!((call.operation, call.expected, call.seconds_to_live), (Operation::Update, Some(mark(2)), 600));
        assert_eq!(call.header, Some(Header { revision: mark(3), previous: Some(mark(2)), ..data(2, 1, 1) }));
        write
    }

    /// The same, no answer having come.
    fn lost() -> Write {
        let mut write = begun();
        assert_eq!(write.answer(Answer::Lost, &LIMITS, &moment(4, NOW)), Step::End(End::Undecided));
        write
    }

    fn after(mut write: Write, answer: Answer) -> Step {
        write.answer(answer, &LIMITS, &moment(5, NOW))
    }

    fn committed(step: Step) -> bool {
        matches!(step, Step::End(End::Committed { header, .. }) if header.revision == mark(3))
    }

    /// A commit that met so many conflicts, and the last step.
    fn contended(conflicts: usize) -> (Write, Step) {
        let mut write = begun();
        let mut step = Step::End(End::Gone);
        for (revision, shown) in (100..).zip(200..).take(conflicts) {
            step = write.answer(record(data(revision, 1, 50)), &LIMITS, &moment(shown, NOW));
        }
        (write, step)
    }

    #[test]
    fn a_session_at_its_deadline_is_gone_and_nothing_is_asked() {
        let seen = Some(data(2, 1, 1));
        let (_, step) = Write::begin(&base(seen, true), &LIMITS, &moment(3, NOW + 600));
        assert_eq!(step, Step::End(End::Gone));
        let (_, step) = Write::begin(&base(seen, true), &LIMITS, &moment(3, NOW + 599));
        assert_eq!(call(step).seconds_to_live, 1);
    }

    #[test]
    fn a_deadline_that_passes_between_two_tries_ends_the_commit() {
        let mut write = begun();
        assert_eq!(write.answer(record(data(7, 1, 2)), &LIMITS, &moment(5, NOW + 600)), Step::End(End::Gone));
    }

    #[test]
    fn a_session_that_begins_is_created_with_the_birth_that_was_drawn() {
        let (mut write, step) = Write::begin(&base(None, false), &LIMITS, &moment(3, NOW));
        let call = call(step);
        let header = call.header.expect("a text");
        assert_eq!((call.operation, call.expected, call.seconds_to_live), (Operation::Create, None, 1200));
        assert_eq!((header.birth, header.previous, header.deadline), (mark(9), None, Some(NOW + 86_400)));
        let end = End::Committed { id: id(1), header, created: true };
        assert_eq!(write.answer(Answer::Done, &LIMITS, &moment(4, NOW)), Step::End(end));
    }

    #[test]
    fn a_session_without_an_absolute_limit_has_no_deadline() {
        let limits = Limits { absolute_timeout_seconds: None, ..LIMITS };
        let (_, step) = Write::begin(&base(None, false), &limits, &moment(3, NOW));
        let call = call(step);
        assert_eq!((call.header.and_then(|header| header.deadline), call.seconds_to_live), (None, 1200));
    }

    #[test]
    fn three_ids_that_are_taken_are_a_conflict() {
        let own = Base { own_id: true, ..base(None, false) };
        let (mut write, step) = Write::begin(&own, &LIMITS, &moment(3, NOW));
        let taken = record(data(20, 21, 22));
        let second = call(write.answer(taken, &LIMITS, &moment(4, NOW)));
        let third = call(write.answer(taken, &LIMITS, &moment(5, NOW)));
        assert_eq!([call(step).id, second.id, third.id], [id(1), id(4), id(5)]);
        assert_eq!((third.operation, third.header), (Operation::Create, call(step).header));
        assert_eq!(write.answer(taken, &LIMITS, &moment(6, NOW)), Step::End(End::Conflict));
    }

    #[test]
    fn eight_conflicts_replay_at_once_and_the_ninth_loads_after_a_wait() {
        let (_, step) = contended(8);
        assert_eq!((call(step).operation, call(step).expected), (Operation::Update, Some(mark(107))));
        let (write, step) = contended(9);
        assert!(matches!(step, Step::WaitThen(0..=20, call) if call == load(id(1))), "{step:?}");
        assert_eq!(write.conflicts, 9);
    }

    #[test]
    fn the_load_after_a_wait_counts_as_no_conflict() {
        let (mut write, _) = contended(9);
        let replayed = call(write.answer(record(data(150, 1, 108)), &LIMITS, &moment(5, NOW)));
        assert_eq!((replayed.operation, replayed.expected), (Operation::Update, Some(mark(150))));
        assert_eq!(write.conflicts, 9);
    }

    #[test]
    fn a_session_that_is_gone_after_a_wait_is_gone() {
        let (write, _) = contended(9);
        assert_eq!(after(write, Answer::Absent), Step::End(End::Gone));
    }

    #[test]
    fn a_load_that_got_no_answer_makes_no_commit_ambiguous() {
        let (mut write, _) = contended(9);
        assert_eq!(write.answer(Answer::Lost, &LIMITS, &moment(4, NOW)), Step::End(End::Undecided));
        // The same load is made again at the next commit, and brings what the last conflict brought.
        let replayed = call(write.answer(record(data(108, 1, 50)), &LIMITS, &moment(5, NOW)));
        assert_eq!((replayed.operation, replayed.expected), (Operation::Update, Some(mark(108))));
        assert_eq!(write.conflicts, 9);
    }

    #[test]
    fn after_a_lost_reply_our_own_revision_is_done() {
        assert!(committed(after(lost(), record(data(3, 1, 2)))));
    }

    #[test]
    fn after_a_lost_reply_whoever_follows_our_revision_proves_it() {
        assert!(committed(after(lost(), record(data(7, 1, 3)))));
    }

    #[test]
    fn after_a_lost_reply_whoever_follows_what_we_expected_came_first() {
        let replayed = call(after(lost(), record(data(7, 1, 2))));
        assert_eq!((replayed.operation, replayed.expected), (Operation::Update, Some(mark(7))));
    }

    #[test]
    fn after_a_lost_reply_anything_else_is_ambiguous() {
        assert_eq!(after(lost(), record(data(7, 1, 6))), Step::End(End::Ambiguous));
        assert_eq!(after(lost(), record(forwarding(7, 8))), Step::End(End::Ambiguous));
    }

    #[test]
    fn what_a_regeneration_took_along_is_stored_and_its_old_id_needs_no_cookie() {
        let took_along = Header { previous: Some(mark(3)), ..forwarding(7, 8) };
        for write in [begun(), lost()] {
            assert!(matches!(after(write, record(took_along)), Step::End(End::Committed { created: false, .. })));
        }
        let (first, _) = Write::begin(&base(None, false), &LIMITS, &moment(3, NOW));
        assert!(matches!(after(first, record(took_along)), Step::End(End::Committed { created: false, .. })));
    }

    #[test]
    fn a_reply_that_the_store_lost_is_lost_as_well() {
        let told = Answer::Record { header: data(7, 1, 6), has_values: true, lost: true };
        assert_eq!(after(begun(), told), Step::End(End::Ambiguous));
        assert_eq!(call(after(begun(), record(data(7, 1, 6)))).expected, Some(mark(7)));
    }

    #[test]
    fn what_was_lost_before_a_replay_makes_the_replay_no_less_sure() {
        let mut write = lost();
        write.answer(record(data(7, 1, 2)), &LIMITS, &moment(5, NOW));
        assert_eq!(call(after(write, record(data(8, 1, 6)))).expected, Some(mark(8)));
    }

    #[test]
    fn another_birth_a_tombstone_and_a_forwarding_record_are_gone() {
        for found in [data(7, 6, 2), tombstone(7), forwarding(7, 8), Header { deadline: Some(NOW), ..data(7, 1, 2) }] {
            assert_eq!(after(begun(), record(found)), Step::End(End::Gone), "{found:?}");
        }
        assert_eq!(after(begun(), Answer::Absent), Step::End(End::Gone));
        assert_eq!(after(lost(), Answer::Absent), Step::End(End::Gone));
    }

    #[test]
    fn what_cannot_be_read_is_left_alone() {
        assert_eq!(after(begun(), Answer::Unreadable), Step::End(End::Unreadable));
    }

    #[test]
    fn a_record_past_its_deadline_is_written_over_with_a_new_birth() {
        let seen = Header { deadline: Some(NOW - 1), ..data(2, 1, 1) };
        let (mut write, step) = Write::begin(&base(Some(seen), false), &LIMITS, &moment(3, NOW));
        let over = call(step);
        assert_eq!((over.operation, over.expected, over.seconds_to_live), (Operation::Update, Some(mark(2)), 1200));
        assert_eq!(over.header.map(|header| (header.birth, header.previous)), Some((mark(9), None)));
        let created = call(write.answer(Answer::Absent, &LIMITS, &moment(4, NOW)));
        assert_eq!((created.operation, created.header), (Operation::Create, over.header));
    }

    #[test]
    fn a_session_that_began_under_the_cookies_id_meanwhile_is_joined() {
        let (mut write, _) = Write::begin(&base(None, false), &LIMITS, &moment(3, NOW));
        let joined = call(write.answer(record(data(7, 6, 5)), &LIMITS, &moment(4, NOW)));
        assert_eq!((joined.operation, joined.expected), (Operation::Update, Some(mark(7))));
        assert_eq!(joined.header.map(|header| (header.birth, header.previous)), Some((mark(6), Some(mark(7)))));
        let end = write.answer(Answer::Done, &LIMITS, &moment(5, NOW));
        assert!(matches!(end, Step::End(End::Committed { created: false, .. })), "{end:?}");
    }

    #[test]
    fn our_own_birth_under_the_cookies_id_is_done() {
        let (mut write, _) = Write::begin(&base(None, false), &LIMITS, &moment(3, NOW));
        assert!(committed(write.answer(record(data(7, 9, 6)), &LIMITS, &moment(4, NOW))));
    }

    #[test]
    fn nothing_begins_over_a_tombstone_or_a_forwarding_record() {
        for found in [tombstone(7), forwarding(7, 8)] {
            let (write, _) = Write::begin(&base(None, false), &LIMITS, &moment(3, NOW));
            assert_eq!(after(write, record(found)), Step::End(End::Gone), "{found:?}");
        }
    }

    #[test]
    fn a_store_that_cannot_compare_replaces_and_never_creates_again() {
        let (mut write, step) = Write::begin(&base(Some(data(2, 1, 1)), true), &REPLACES, &moment(3, NOW));
        assert_eq!(call(step).operation, Operation::Replace);
        assert_eq!(write.answer(Answer::Absent, &REPLACES, &moment(4, NOW)), Step::End(End::Gone));
        let (_, step) = Write::begin(&base(None, false), &REPLACES, &moment(3, NOW));
        assert_eq!(call(step).operation, Operation::Create);
    }
}
