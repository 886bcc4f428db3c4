//! A request's commit, as the package does it.

use edge_session::id::{Id, Mark};
use edge_session::lifecycle::regenerate::{Move, Regenerate};
use edge_session::lifecycle::state::Task;
use edge_session::lifecycle::write::{Base, Write};
use edge_session::lifecycle::{End, Step};
use edge_session::record::Header;

use crate::flow::Flow;
use crate::request::{Doing, Ending, Heard, Moving, Request, Stand, Want};
use crate::values::{Change, changed};
use crate::world::World;

impl Request {
    pub(crate) fn commit(&mut self, world: &mut World) -> Option<Want> {
        let sets = matches!(self.stand, Stand::Visitor | Stand::Absent | Stand::Expired);
        let is_dirty = match self.stand {
            Stand::Live => !self.changes.is_empty() || self.moving.is_some(),
            Stand::Forwarded if self.moving.is_some() => changed(&self.values, &self.changes) != b"{}",
            _ if sets => changed(b"{}", &self.changes) != b"{}",
            _ => !self.changes.is_empty(),
        };
        if !is_dirty {
            return None;
        }
        if self.stand == Stand::Ended || (self.stand == Stand::Forwarded && self.moving.is_none()) {
            self.end(Ending::Gone);
            return None;
        }
        let (task, step, begins) = self.begun(world);
        let living = self.header.filter(|_| self.stand == Stand::Live);
        let mut flow = Flow::new(task, world.limits(), self.skew_ms);
        if matches!(self.stand, Stand::Live | Stand::Forwarded) {
            flow.base.clone_from(&self.values);
        }
        flow.taken.clone_from(&self.changes);
        flow.stands_on = living.map(|header| header.birth);
        flow.loaded = living.and_then(|header| world.lineage(header.birth));
        flow.begins = begins;
        self.commit_step(flow, step, world)
    }

    /// Begins the task that fits where the session stands, as `commit.ts` does.
    fn begun(&mut self, world: &mut World) -> (Task, Step, Option<Mark>) {
        let moment = world.moment(self.skew_ms);
        let seen = self.header.filter(|_| matches!(self.stand, Stand::Live | Stand::Expired));
        let was_live = self.stand == Stand::Live;
        let lineage = if was_live { self.lineage } else { None };
        let lineage = lineage.unwrap_or_else(|| world.new_lineage());
        let is_visitor = self.own_id || matches!(self.stand, Stand::Forwarded | Stand::Visitor);
        if let (Some(Moving { id: next_id, birth, grace_seconds }), Some(id), false) = (self.moving, self.id, is_visitor) {
            world.lineages.insert(*birth.as_text(), lineage);
            let base = Move { id, next_id, next_birth: birth, seen, was_live, grace_seconds };
            let (task, step) = Regenerate::begin(&base, &world.limits(), &moment);
            return (Task::Regenerate(task), step, Some(birth));
        }
        let (id, own_id, birth) = match (self.moving, self.id) {
            (Some(moving), _) => (moving.id, true, moving.birth),
            (None, Some(id)) => (id, self.own_id, self.birth.or(seen.map(|seen| seen.birth)).expect("a birth")),
            (None, None) => unreachable!("whoever set a value has an id"),
        };
        world.lineages.entry(*birth.as_text()).or_insert(lineage);
        let seen = seen.filter(|_| self.moving.is_none());
        let base = Base { id, own_id, birth, seen, was_live: was_live && self.moving.is_none() };
        let (task, step) = Write::begin(&base, &world.limits(), &moment);
        (Task::Write(task), step, None)
    }

    pub(crate) fn commit_on(&mut self, mut flow: Flow, heard: &Heard, world: &mut World) -> Option<Want> {
        let step = flow.answer(heard, world);
        self.commit_step(flow, step, world)
    }

    fn commit_step(&mut self, mut flow: Flow, step: Step, world: &mut World) -> Option<Want> {
        let end = match step {
            Step::Call(call) | Step::WaitThen(_, call) => {
                let op = flow.make(self.name, &call, world);
                self.doing = Doing::Committing(flow);
                return Some(Want::Call(op));
            }
            Step::End(End::Undecided) if !flow.again => {
                // The handler's own commit failed; the one at the end makes the same call again.
                flow.again = true;
                let op = flow.called.clone();
                self.doing = Doing::Committing(flow);
                return op.map(Want::Call);
            }
            Step::End(end) => end,
        };
        let regenerates = matches!(flow.task, Task::Regenerate(_));
        match end {
            End::Committed { id, header, created } => {
                let values = flow.sent.unwrap_or(flow.base);
                self.committed(world, (id, header, created), flow.taken, values);
            }
            End::Gone => self.end(Ending::Gone),
            End::Conflict => self.end(Ending::Conflict),
            End::Unreadable => self.end(Ending::Unreadable),
            End::Ambiguous | End::Undecided => {
                self.unsure.extend(flow.taken);
                let undecided = if end == End::Undecided { Ending::Undecided } else { Ending::Ambiguous };
                self.end(if regenerates { Ending::RegenerationFailed } else { undecided });
            }
        }
        None
    }

    fn committed(&mut self, world: &mut World, (id, header, created): (Id, Header, bool), taken: Vec<Change>, values: Vec<u8>) {
        if !world.stored.contains(header.revision.as_text()) {
            world.violate("PHANTOM", format!("{} confirmed what was never stored", self.name));
        }
        world.note(|| format!("{}: commit confirmed", self.name));
        let lineage = world.lineage(header.birth).expect("a known birth");
        self.confirmed.extend(taken.into_iter().map(|change| (lineage, change)));
        self.changes.clear();
        if self.moving.take().is_some() {
            self.moved_to = Some(id);
        }
        if created {
            world.issued.insert(*id.as_bytes());
            world.browsers[self.browser] = Some(id);
        }
        self.header = Some(header);
        self.lineage = world.lineage(header.birth);
        self.values = values;
        self.stand = Stand::Live;
        self.id = Some(id);
        self.own_id = false;
        self.birth = None;
        self.ending = Some(Ending::Done);
        world.check();
    }
}
