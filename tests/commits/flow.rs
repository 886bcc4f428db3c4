//! Makes the calls that the core asks for; decides nothing.

use edge_session::id::{Id, Mark};
use edge_session::lifecycle::destroy::Destroy;
use edge_session::lifecycle::regenerate::{Move, Regenerate};
use edge_session::lifecycle::state::Task;
use edge_session::lifecycle::write::{Base, Write};
use edge_session::lifecycle::{Answer, Call, End, Limits, Operation, Step, Values};
use edge_session::record::{Header, Kind, Standing};

use crate::request::{Doing, Ending, Heard, Moving, Request, Stand, Want};
use crate::values::{Change, changed};
use crate::world::{Lineage, Op, Reply, World, parsed};

/// How long a tombstone stays, in seconds.
const TOMBSTONE_SECONDS: u64 = 60;

/// A task under way, and the texts that were made for it.
pub(crate) struct Flow {
    task: Task,
    limits: Limits,
    /// The values that the changes are made to.
    base: Vec<u8>,
    /// Those values with the changes made.
    text: Option<Vec<u8>>,
    /// The values that were sent with the changes made: what a confirmed header stands before.
    sent: Option<Vec<u8>>,
    taken: Vec<Change>,
    called: Option<Op>,
    /// Whether it was asked for a second time, no answer having come.
    again: bool,
    /// The birth of the living record that the changes are made to.
    stands_on: Option<Mark>,
    /// The session that was loaded; its changes are for no other.
    loaded: Option<Lineage>,
    /// The birth that a regeneration begins.
    begins: Option<Mark>,
}

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
        let flow = Flow {
            task,
            limits: world.limits(),
            base: if matches!(self.stand, Stand::Live | Stand::Forwarded) { self.values.clone() } else { b"{}".to_vec() },
            text: None,
            sent: None,
            taken: self.changes.clone(),
            called: None,
            again: false,
            stands_on: living.map(|header| header.birth),
            loaded: living.and_then(|header| world.lineage(header.birth)),
            begins,
        };
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
        let step = self.answer(&mut flow, heard, world);
        self.commit_step(flow, step, world)
    }

    fn commit_step(&mut self, mut flow: Flow, step: Step, world: &mut World) -> Option<Want> {
        let end = match step {
            Step::Call(call) | Step::WaitThen(_, call) => {
                let op = make(self.name, &mut flow, &call, world);
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

    pub(crate) fn destroy(&mut self, world: &mut World) -> Option<Want> {
        self.destroy_again(world, false)
    }

    fn destroy_again(&mut self, world: &mut World, again: bool) -> Option<Want> {
        let id = self.id.or_else(|| self.header.and(self.cookie));
        let Some(id) = id.filter(|_| self.stand != Stand::Absent && !self.own_id) else {
            self.destroyed(world, false);
            return None;
        };
        let (task, step) = Destroy::begin(id, self.header, TOMBSTONE_SECONDS, &world.limits(), &world.moment(self.skew_ms));
        let flow = Flow {
            task: Task::Destroy(task),
            limits: world.limits(),
            base: b"{}".to_vec(),
            text: None,
            sent: None,
            taken: Vec::new(),
            called: None,
            again,
            stands_on: None,
            loaded: None,
            begins: None,
        };
        self.destroy_step(flow, step, world)
    }

    pub(crate) fn destroy_on(&mut self, mut flow: Flow, heard: &Heard, world: &mut World) -> Option<Want> {
        let step = self.answer(&mut flow, heard, world);
        self.destroy_step(flow, step, world)
    }

    fn destroy_step(&mut self, mut flow: Flow, step: Step, world: &mut World) -> Option<Want> {
        match step {
            Step::Call(call) | Step::WaitThen(_, call) => {
                let op = make(self.name, &mut flow, &call, world);
                self.doing = Doing::Destroying(flow);
                Some(Want::Call(op))
            }
            Step::End(End::Gone) => {
                let was_removed = flow.called.is_some_and(|called| called.operation == Operation::Remove);
                self.destroyed(world, was_removed);
                None
            }
            // The store did not confirm it, and somebody asks once more.
            Step::End(_) if !flow.again => self.destroy_again(world, true),
            Step::End(_) => {
                self.end(Ending::DestroyUnconfirmed);
                None
            }
        }
    }

    /// After so many conflicts the record is removed unseen, so that a regeneration just confirmed lives on (PROTOCOL 4).
    fn destroyed(&mut self, world: &mut World, was_removed: bool) {
        if let Some(lineage) = self.header.and_then(|header| world.lineage(header.birth)) {
            let ended = if was_removed { &mut world.removed } else { &mut world.destroyed };
            ended.insert(lineage);
        }
        world.note(|| format!("{}: destroy confirmed", self.name));
        world.browsers[self.browser] = None;
        self.changes.clear();
        self.moving = None;
        self.cookie = None;
        self.id = None;
        self.header = None;
        self.values = b"{}".to_vec();
        self.birth = None;
        self.own_id = false;
        self.stand = Stand::Visitor;
        self.ending = Some(Ending::Destroyed);
        world.check();
    }

    /// Gives the core what a call brought; the task crosses as bytes, as it does to JavaScript.
    fn answer(&self, flow: &mut Flow, heard: &Heard, world: &mut World) -> Step {
        let answer = match &heard.reply {
            Reply::Done => Answer::Done,
            Reply::Absent => Answer::Absent,
            Reply::Silence => Answer::Lost,
            Reply::Record(text) => {
                let (header, values) = parsed(text);
                let standing = header.standing(values != b"{}", self.now(world));
                if matches!(standing, Standing::Live | Standing::Expired) && !matches!(flow.task, Task::Destroy(_)) {
                    let lives = standing == Standing::Live;
                    flow.stands_on = lives.then_some(header.birth);
                    flow.base = if lives { values.to_vec() } else { b"{}".to_vec() };
                    if world.bounds.merges {
                        flow.text = None;
                    }
                }
                Answer::Record { header, has_values: values != b"{}", lost: heard.lost }
            }
        };
        let mut bytes = Vec::new();
        flow.task.encode(&mut bytes);
        let mut task = Task::decode(&bytes).expect("what was encoded is decoded");
        assert_eq!(task, flow.task, "a task comes back as it went");
        let step = task.answer(answer, &flow.limits, &world.moment(self.skew_ms));
        flow.task = task;
        step
    }
}

/// Makes the call of a step, and has the witness look at it.
fn make(name: char, flow: &mut Flow, call: &Call, world: &mut World) -> Op {
    let mut text = Vec::new();
    if let Some(header) = call.header {
        header.write(&mut text);
        let values = match call.values {
            Values::Changed => {
                let text = flow.text.get_or_insert_with(|| changed(&flow.base, &flow.taken)).clone();
                flow.sent = Some(text.clone());
                text
            }
            Values::Before => flow.base.clone(),
            Values::Empty => b"{}".to_vec(),
        };
        text.extend_from_slice(&values);
        witness(name, flow, call, &header, world);
    }
    let op = Op {
        operation: call.operation,
        id: call.id,
        text,
        expected: call.expected,
        seconds_to_live: call.seconds_to_live,
        is_task: true,
    };
    flow.called = Some(op.clone());
    op
}

/// Writes down which session a text belongs to, and sees changes that go to a session they were not made for.
fn witness(name: char, flow: &Flow, call: &Call, header: &Header, world: &mut World) {
    if let (Some(begins), Kind::Forwarding { .. }) = (flow.begins, header.kind) {
        let lineage = world.lineages.get(begins.as_text()).copied();
        world.lineages.entry(*header.birth.as_text()).or_insert_with(|| lineage.unwrap_or(0));
    }
    if call.values != Values::Changed {
        return;
    }
    let target = match (flow.begins, flow.stands_on) {
        // A regeneration carries the values of what it stands on.
        (Some(begins), Some(birth)) => {
            let lineage = world.lineage(birth);
            if let Some(lineage) = lineage {
                world.lineages.insert(*begins.as_text(), lineage);
            }
            lineage
        }
        _ => world.lineage(header.birth),
    };
    if flow.loaded.is_some() && target != flow.loaded {
        world.violate("FOREIGN", format!("{name} writes its changes into another session than it loaded"));
    }
}
