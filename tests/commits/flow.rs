//! Makes the calls that the core asks for; decides nothing.

use edge_session::id::Mark;
use edge_session::lifecycle::state::Task;
use edge_session::lifecycle::{Answer, Call, End, Limits, Step, Values};
use edge_session::record::{Header, Kind, Standing};

use crate::request::Heard;
use crate::values::{Change, changed};
use crate::world::{Lineage, Op, Reply, World, parsed};

/// A task under way, and the texts that were made for it.
pub struct Flow {
    pub task: Task,
    limits: Limits,
    /// How far the clock of the worker is ahead.
    skew_ms: i64,
    /// The values that the changes are made to.
    pub base: Vec<u8>,
    /// Those values with the changes made.
    text: Option<Vec<u8>>,
    /// The values that were sent with the changes made: what a confirmed header stands before.
    pub sent: Option<Vec<u8>>,
    pub taken: Vec<Change>,
    pub called: Option<Op>,
    /// Whether it was asked for a second time, no answer having come.
    pub again: bool,
    /// The birth of the living record that the changes are made to.
    pub stands_on: Option<Mark>,
    /// The session that was loaded; its changes are for no other.
    pub loaded: Option<Lineage>,
    /// The birth that a regeneration begins.
    pub begins: Option<Mark>,
}

impl Flow {
    pub fn new(task: Task, limits: Limits, skew_ms: i64) -> Flow {
        Flow {
            task,
            limits,
            skew_ms,
            base: b"{}".to_vec(),
            text: None,
            sent: None,
            taken: Vec::new(),
            called: None,
            again: false,
            stands_on: None,
            loaded: None,
            begins: None,
        }
    }

    /// Gives the core what a call brought; the task crosses as bytes, as it does to JavaScript.
    pub fn answer(&mut self, heard: &Heard, world: &mut World) -> Step {
        let moment = world.moment(self.skew_ms);
        let answer = match &heard.reply {
            Reply::Done => Answer::Done,
            Reply::Absent => Answer::Absent,
            Reply::Silence => Answer::Lost,
            Reply::Record(text) => {
                let (header, values) = parsed(text);
                let standing = header.standing(values != b"{}", moment.now());
                if matches!(standing, Standing::Live | Standing::Expired) && !matches!(self.task, Task::Destroy(_)) {
                    let lives = standing == Standing::Live;
                    self.stands_on = lives.then_some(header.birth);
                    self.base = if lives { values.to_vec() } else { b"{}".to_vec() };
                    if world.bounds.merges {
                        self.text = None;
                    }
                }
                Answer::Record { header, has_values: values != b"{}", lost: heard.lost }
            }
        };
        let mut bytes = Vec::new();
        self.task.encode(&Step::End(End::Undecided), &mut bytes);
        let mut task = Task::decode(&bytes).expect("what was encoded is decoded");
        assert_eq!(task, self.task, "a task comes back as it went");
        let step = task.answer(answer, &self.limits, &moment);
        self.task = task;
        step
    }

    /// Makes the call of a step, and has the witness look at it.
    pub fn make(&mut self, name: char, call: &Call, world: &mut World) -> Op {
        let mut text = Vec::new();
        if let Some(header) = call.header {
            header.write(&mut text);
            let values = match call.values {
                Values::Changed => {
                    let text = self.text.get_or_insert_with(|| changed(&self.base, &self.taken)).clone();
                    self.sent = Some(text.clone());
                    text
                }
                Values::Before => self.base.clone(),
                Values::Empty => b"{}".to_vec(),
            };
            text.extend_from_slice(&values);
            self.witness(name, call, &header, world);
        }
        let op = Op {
            operation: call.operation,
            id: call.id,
            text,
            expected: call.expected,
            seconds_to_live: call.seconds_to_live,
            is_task: true,
        };
        self.called = Some(op.clone());
        op
    }

    /// Writes down which session a text belongs to, and sees changes that go to a session they were not made for.
    fn witness(&self, name: char, call: &Call, header: &Header, world: &mut World) {
        if let (Some(begins), Kind::Forwarding { .. }) = (self.begins, header.kind) {
            let lineage = world.lineages.get(begins.as_text()).copied();
            world.lineages.entry(*header.birth.as_text()).or_insert_with(|| lineage.unwrap_or(0));
        }
        if call.values != Values::Changed {
            return;
        }
        let target = match (self.begins, self.stands_on) {
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
        if self.loaded.is_some() && target != self.loaded {
            world.violate("FOREIGN", format!("{name} writes its changes into another session than it loaded"));
        }
    }
}
