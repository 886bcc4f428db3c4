//! A request's `destroy()`, as the package does it.

use edge_session::lifecycle::destroy::Destroy;
use edge_session::lifecycle::state::Task;
use edge_session::lifecycle::{End, Step};

use crate::flow::Flow;
use crate::request::{Doing, Ending, Heard, Request, Stand, Want};
use crate::world::World;

/// How long a tombstone stays, in seconds.
const TOMBSTONE_SECONDS: u64 = 60;

impl Request {
    pub(crate) fn destroy(&mut self, world: &mut World) -> Option<Want> {
        self.destroy_again(world, false)
    }

    fn destroy_again(&mut self, world: &mut World, again: bool) -> Option<Want> {
        let id = self.id.or_else(|| self.header.and(self.cookie));
        let Some(id) = id.filter(|_| self.stand != Stand::Absent && !self.own_id) else {
            self.destroyed(world);
            return None;
        };
        let (task, step) = Destroy::begin(id, self.header, TOMBSTONE_SECONDS, &world.limits(), &world.moment(self.skew_ms));
        let mut flow = Flow::new(Task::Destroy(task), world.limits(), self.skew_ms);
        flow.again = again;
        self.destroy_step(flow, step, world)
    }

    pub(crate) fn destroy_on(&mut self, mut flow: Flow, heard: &Heard, world: &mut World) -> Option<Want> {
        let step = flow.answer(heard, world);
        self.destroy_step(flow, step, world)
    }

    fn destroy_step(&mut self, mut flow: Flow, step: Step, world: &mut World) -> Option<Want> {
        match step {
            Step::Call(call) | Step::WaitThen(_, call) => {
                let op = flow.make(self.name, &call, world);
                self.doing = Doing::Destroying(flow);
                Some(Want::Call(op))
            }
            Step::End(End::Gone) => {
                self.destroyed(world);
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

    fn destroyed(&mut self, world: &mut World) {
        if let Some(lineage) = self.header.and_then(|header| world.lineage(header.birth)) {
            world.destroyed.insert(lineage);
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
}
