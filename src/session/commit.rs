//! Stores what a request changed, or ends its session.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;

use crate::error::Error;
use crate::id::Id;
use crate::lifecycle::destroy::Destroy;
use crate::lifecycle::regenerate::{Move, Regenerate};
use crate::lifecycle::state::Task;
use crate::lifecycle::write::{Base, Write};
use crate::lifecycle::{Answer, End, Operation, Step};
use crate::record::Header;
use crate::session::call::{Random, StoreAnswer, StoreCall};
use crate::session::lines::EMPTY;
use crate::session::load::{Led, led_to};
use crate::session::outcome::Outcome;
use crate::session::visit::{Doing, Flow, Moving, Session, Stand};

/// How long a tombstone stays, in seconds: as long as a commit may take, in these bounds (PROTOCOL 4).
const TOMBSTONE_SECONDS: core::ops::RangeInclusive<u64> = 60..=600;

impl Session<'_> {
    /// Begins to store the changes made so far; later ones belong to the next
    /// commit.
    ///
    /// Where nothing was changed there is nothing to ask. A commit that the
    /// store did not answer is found out about first.
    ///
    /// # Errors
    ///
    /// As `answer`.
    pub fn commit(&mut self, now_ms: u64, random: Random) -> Result<Option<StoreCall>, Error> {
        match self.doing.take() {
            Some(Doing::Committing(mut flow)) => {
                // A call that never got its answer counts as one that the store did not answer.
                if let Task::Write(write) = &mut flow.task {
                    write.answer(Answer::Lost, &flow.limits, &random.moment(now_ms));
                }
                self.pending = Some(flow);
            }
            // The same create again finds its record, and then where the session went.
            Some(Doing::Outliving(flow, ..)) => self.pending = Some(flow),
            _ => {}
        }
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let until_ms = now_ms.saturating_add(self.settings.io_timeout_ms);
        if let Some(mut flow) = self.pending.take() {
            flow.until_ms = until_ms;
            flow.resumed = true;
            flow.error = None;
            if let Some(call) = flow.called {
                return self.make(flow, 0, call, now_ms, &random);
            }
        }
        self.commit_changes(until_ms, now_ms, &random)
    }

    /// Begins to end the session, at once; it is over when the last call was
    /// answered without an error.
    ///
    /// The browser's cookie is expired then. A value set after it begins a new
    /// session.
    ///
    /// # Errors
    ///
    /// As `answer`; the session may still be there.
    pub fn destroy(&mut self, now_ms: u64, random: Random) -> Result<Option<StoreCall>, Error> {
        self.doing = None;
        self.is_used = true;
        // Behind an id that is not stored yet may be a dead one, which leads to where its session went.
        let known = self.id.filter(|_| !self.own_id).or(self.seen.map(|(id, _)| id));
        let stored = known.filter(|_| self.stand != Stand::Absent);
        let Some(id) = stored else { return self.destroyed().map(|()| None) };
        let seen = self.seen.filter(|(seen, _)| *seen == id).map(|(_, header)| header);
        let seconds = self.settings.io_timeout_ms.div_ceil(1000);
        let seconds = seconds.clamp(*TOMBSTONE_SECONDS.start(), *TOMBSTONE_SECONDS.end());
        let (destroy, step) = Destroy::begin(id, seen, seconds, &self.settings.limits(), &random.moment(now_ms));
        let flow = self.flow(Task::Destroy(destroy), now_ms.saturating_add(self.settings.io_timeout_ms));
        self.step(flow, step, now_ms, &random)
    }

    /// Takes the end of a task.
    pub(super) fn finish(&mut self, flow: Box<Flow>, end: End, now_ms: u64, random: &Random) -> Result<Option<StoreCall>, Error> {
        if matches!(flow.task, Task::Destroy(_)) {
            return match end {
                End::Gone => self.destroyed().map(|()| None),
                End::Conflict => Err(Error::Conflict),
                _ => Err(flow.error.unwrap_or(Error::StoreUnavailable)),
            };
        }
        match end {
            // What grace shows is taken along only from a session that lived on until the new one was stored.
            End::Committed { .. } if self.stand == Stand::Forwarded && self.values != EMPTY => {
                let left = self.seen.map(|(_, header)| header);
                self.outlive(flow, end, left, 0)
            }
            End::Committed { .. } => self.stored(flow, end, now_ms, random),
            End::Gone => Err(self.gone()),
            End::Conflict => Err(Error::Conflict),
            End::Ambiguous => Err(self.ambiguous(&flow)),
            End::Unreadable => Err(Error::RecordCorrupt),
            End::Undecided => {
                let error = flow.error.unwrap_or(Error::StoreUnavailable);
                let is_load = flow.called.is_some_and(|call| call.operation == Operation::Load);
                let is_over = now_ms >= flow.until_ms;
                self.pending = Some(flow);
                Err(match error {
                    // What a load was to find after a conflict: nothing is stored.
                    Error::Timeout if is_load && is_over => Error::Conflict,
                    Error::Timeout if is_load => Error::Timeout,
                    // A refusal is told as it is, silence as what it means for a commit.
                    Error::Timeout => Error::CommitAmbiguous,
                    error => error,
                })
            }
        }
    }

    /// Makes a commit that is stored the session's; after one of before, what was changed since is committed too.
    fn stored(&mut self, flow: Box<Flow>, end: End, now_ms: u64, random: &Random) -> Result<Option<StoreCall>, Error> {
        let End::Committed { id, header, created } = end else { return Ok(None) };
        let (resumed, until_ms) = (flow.resumed, flow.until_ms);
        self.committed(*flow, id, header, created, now_ms, random)?;
        if resumed { self.commit_changes(until_ms, now_ms, random) } else { Ok(None) }
    }

    /// Follows the session whose shown values were taken along; where it is over, what was stored is taken back.
    fn outlive(
        &mut self,
        mut flow: Box<Flow>,
        end: End,
        left: Option<Header>,
        followed: u32,
    ) -> Result<Option<StoreCall>, Error> {
        if let Some(call) = left.and_then(|header| self.next_of_chain(header, followed)) {
            self.doing = Some(Doing::Outliving(flow, end, followed.saturating_add(1)));
            return Ok(Some(call));
        }
        let error = self.gone();
        flow.created = created_by(end);
        self.give_up(&flow, error)
    }

    /// Takes a record on the way to the session whose shown values were taken along.
    pub(super) fn outlived(
        &mut self,
        mut flow: Box<Flow>,
        (end, followed): (End, u32),
        answer: StoreAnswer,
        now_ms: u64,
        random: &Random,
    ) -> Result<Option<StoreCall>, Error> {
        match led_to(answer, now_ms) {
            Ok(Led::Living) => self.stored(flow, end, now_ms, random),
            Ok(Led::Further(header)) => self.outlive(flow, end, Some(header), followed),
            Ok(Led::Nowhere) => self.outlive(flow, end, None, followed),
            // Nobody can say: it is as if nothing were stored. The record may stay, or go late; so the next commit begins
            // under an id of its own.
            Err(error) => {
                self.moving = self.moving.map(|moving| Moving { id: random.id(), birth: random.birth(), ..moving });
                flow.created = created_by(end);
                self.give_up(&flow, error)
            }
        }
    }

    /// Begins a commit of what was changed, if anything was.
    fn commit_changes(&mut self, until_ms: u64, now_ms: u64, random: &Random) -> Result<Option<StoreCall>, Error> {
        if !self.is_dirty() {
            return Ok(None);
        }
        if self.stand == Stand::Ended || (self.stand == Stand::Forwarded && self.moving.is_none()) {
            return Err(self.gone());
        }
        let (task, step) = self.begun(now_ms, random);
        let mut flow = self.flow(task, until_ms);
        flow.moving = self.moving;
        flow.outcome = self.outcome.clone();
        flow.taken = self.changes.len();
        self.step(flow, step, now_ms, random)
    }

    /// Says whether a commit would store anything.
    fn is_dirty(&self) -> bool {
        match self.stand {
            Stand::Unknown => false,
            Stand::Live => !self.changes.is_empty() || self.moving.is_some(),
            Stand::Forwarded if self.moving.is_some() => !self.key_texts().is_empty(),
            Stand::Forwarded | Stand::Ended => !self.changes.is_empty(),
            Stand::Visitor | Stand::Absent | Stand::Expired => self.outcome.as_ref().is_none_or(Outcome::sets_anything),
        }
    }

    /// Begins the task that fits where the session stands.
    fn begun(&mut self, now_ms: u64, random: &Random) -> (Task, Step) {
        let (limits, moment) = (self.settings.limits(), random.moment(now_ms));
        let was_live = self.stand == Stand::Live;
        let seen = self.seen.map(|(_, header)| header).filter(|_| was_live || self.stand == Stand::Expired);
        if let Some(moving) = self.moving {
            let old = self.id.filter(|_| !matches!(self.stand, Stand::Forwarded | Stand::Visitor));
            let Some(id) = old else {
                // The id that came in is no session of this browser's: a new one begins, with the values that are still shown.
                let base = Base { id: moving.id, own_id: true, birth: moving.birth, seen: None, was_live: false };
                let (write, step) = Write::begin(&base, &limits, &moment);
                return (Task::Write(write), step);
            };
            let (next_id, next_birth, grace_seconds) = (moving.id, moving.birth, moving.grace_seconds);
            let base = Move { id, next_id, next_birth, seen, was_live, grace_seconds };
            let (regenerate, step) = Regenerate::begin(&base, &limits, &moment);
            return (Task::Regenerate(regenerate), step);
        }
        let own_id = self.own_id || self.id.is_none();
        let id = *self.id.get_or_insert_with(|| random.id());
        self.own_id = own_id;
        let birth = match seen {
            Some(seen) if was_live => seen.birth,
            _ => *self.birth.get_or_insert_with(|| random.birth()),
        };
        let (write, step) = Write::begin(&Base { id, own_id, birth, seen, was_live }, &limits, &moment);
        (Task::Write(write), step)
    }

    fn flow(&self, task: Task, until_ms: u64) -> Box<Flow> {
        Box::new(Flow {
            task,
            limits: self.settings.limits(),
            until_ms,
            base: self.values.clone(),
            text: None,
            sent: None,
            outcome: None,
            taken: 0,
            moving: None,
            created: None,
            called: None,
            error: None,
            resumed: false,
        })
    }

    /// Takes up the record that was stored, and makes the cookie due that it needs.
    fn committed(
        &mut self,
        flow: Flow,
        id: Id,
        header: Header,
        created: bool,
        now_ms: u64,
        random: &Random,
    ) -> Result<(), Error> {
        self.values = flow.sent.unwrap_or(flow.base);
        self.changes.drain(..flow.taken.min(self.changes.len()));
        self.seen = Some((id, header));
        self.stand = Stand::Live;
        self.id = Some(id);
        self.own_id = false;
        self.birth = None;
        // One that came after the commit began is the next commit's.
        self.moving = self.moving.filter(|moving| flow.moving.is_none_or(|moved| moved.id != moving.id));
        let sealed = if created && !self.by_id {
            self.persistent = flow.moving.map(|moving| moving.persistent).or(self.persistent);
            self.seal_new(id, header.deadline, now_ms, random)
        } else {
            Ok(())
        };
        self.replay();
        sealed
    }

    /// The session ended while the request ran: whatever else it wants to store has nowhere to go.
    fn gone(&mut self) -> Error {
        self.forget();
        self.stand = Stand::Ended;
        self.outdated = true;
        Error::Destroyed
    }

    /// What was sent is never sent again; it can only be told.
    fn ambiguous(&mut self, flow: &Flow) -> Error {
        // Whoever asks once more must not take it for stored.
        self.broken = Some(Error::CommitAmbiguous);
        if matches!(flow.task, Task::Write(_)) {
            self.changes.drain(..flow.taken.min(self.changes.len()));
            self.replay();
        }
        Error::CommitAmbiguous
    }

    /// Makes the changes that are left to the values that are known now; where that fails, the next commit tells.
    fn replay(&mut self) {
        self.outcome = Outcome::of(&self.changes, &self.values).ok();
    }

    /// Forgets what the request changed and had.
    fn forget(&mut self) {
        self.changes.clear();
        self.outcome = Some(Outcome::default());
        self.moving = None;
        self.pending = None;
    }

    fn destroyed(&mut self) -> Result<(), Error> {
        self.forget();
        self.broken = None;
        self.seen = None;
        self.values = EMPTY.to_owned();
        self.persistent = None;
        self.birth = None;
        self.own_id = false;
        if self.by_id {
            self.stand = Stand::Ended;
            return Ok(());
        }
        self.stand = Stand::Visitor;
        self.id = None;
        self.cookie = None;
        self.forget_cookie()
    }
}

/// The id of the record that a commit created.
const fn created_by(end: End) -> Option<Id> {
    match end {
        End::Committed { id, .. } => Some(id),
        _ => None,
    }
}
