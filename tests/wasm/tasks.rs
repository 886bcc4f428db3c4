//! Tasks as JavaScript drives them, and the layout of a step.

use crate::door::{Door, result};
use crate::world::{BIRTH, ID, NEXT_BIRTH, NEXT_ID, NOW_MS, REVISION, ready};

pub const OWN_ID: u32 = 1;
pub const WAS_LIVE: u32 = 2;
pub const COMPARES: u32 = 4;
pub const LOST: u32 = 8;

pub const DONE: u32 = 0;
pub const ABSENT: u32 = 1;
pub const RECORD: u32 = 3;
pub const UNREADABLE: u32 = 4;
pub const NO_ANSWER: u32 = 5;

/// What a step that expects no revision has in its place.
pub const NO_MARK: &str = "................";

/// A step, read from where it lies in the scratch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub code: usize,
    pub wait_ms: u32,
    pub seconds_to_live: u32,
    pub operation: u8,
    pub values: u8,
    pub created: u8,
    pub conflicts: u8,
    pub id: String,
    pub expected: String,
    pub header: String,
    pub state: String,
}

impl Step {
    pub fn read(door: &Door, code: i32) -> Step {
        let code = result(code).expect("a step");
        let [operation, values, created, conflicts] = door.array(8);
        let [header_at, header_end] = [16 + door.u16(12), 16 + door.u16(14)];
        let (wait_ms, seconds_to_live) = (door.u32(0), door.u32(4));
        let [id, expected] = [door.text(16, 38), door.text(38, 54)];
        let [state, header] = [door.text(16, header_end), door.text(header_at, header_end)];
        Step { code, wait_ms, seconds_to_live, operation, values, created, conflicts, id, expected, header, state }
    }

    /// The header with its revision, which is random, as `*`; the revision.
    pub fn masked(&self) -> (String, String) {
        let revision = self.header[3..19].to_owned();
        (self.header.replacen(&revision, "*", 1), revision)
    }
}

/// A core, and what its last step said.
pub struct Task {
    pub step: Step,
    door: Door,
    core: usize,
}

impl Task {
    fn begin(begin: impl FnOnce(&Door, usize) -> Step) -> Task {
        let (door, core) = ready();
        let step = begin(&door, core);
        Task { door, core, step }
    }

    pub fn write(header: &str, flags: u32) -> Task {
        Task::begin(|door, core| {
            let given = door.put([ID, BIRTH, header].concat());
            Step::read(door, door.instance.write(core, given, flags, NOW_MS))
        })
    }

    pub fn regenerate(header: &str, flags: u32, grace_seconds: f64) -> Task {
        Task::begin(|door, core| {
            let given = door.put([ID, NEXT_ID, NEXT_BIRTH, header].concat());
            Step::read(door, door.instance.regenerate(core, given, flags, grace_seconds, NOW_MS))
        })
    }

    pub fn destroy(header: &str) -> Task {
        Task::begin(|door, core| {
            let given = door.put([ID, header].concat());
            Step::read(door, door.instance.destroy(core, given, COMPARES, 60.0, NOW_MS))
        })
    }

    /// Answers the last call, with a record or an empty text.
    pub fn answer(&mut self, what: u32, record: &str, flags: u32) -> &Step {
        let state = self.step.state.clone();
        let given = self.door.put([&state, record].concat());
        let code = self.door.instance.answer(self.core, state.len(), given, what, flags, NOW_MS);
        self.step = Step::read(&self.door, code);
        &self.step
    }
}

/// The record of another writer, of that birth.
pub fn written(birth: &str) -> String {
    format!("1j.NEVERSEENBEFORE_.{birth}.{REVISION}.1790000000000.1790086400.{{}}")
}
