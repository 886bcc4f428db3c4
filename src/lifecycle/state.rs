//! A task under way, as ASCII text that JavaScript keeps.

use alloc::vec::Vec;

use crate::error::Error;
use crate::id::{Id, Mark};
use crate::lifecycle::destroy::{self, Destroy};
use crate::lifecycle::regenerate::{self, Regenerate};
use crate::lifecycle::write::Write;
use crate::lifecycle::{Answer, End, Limits, Moment, Step};
use crate::record::{Header, parse_number};
use crate::text::{append, append_number};

/// A task of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A commit.
    Write(Write),
    /// A commit under a new id.
    Regenerate(Regenerate),
    /// A destroy.
    Destroy(Destroy),
}

impl Task {
    /// Takes the answer to the last call.
    pub fn answer(&mut self, answer: Answer, limits: &Limits, moment: &Moment) -> Step {
        match self {
            Task::Write(write) => write.answer(answer, limits, moment),
            Task::Regenerate(regenerate) => regenerate.answer(answer, limits, moment),
            Task::Destroy(destroy) => destroy.answer(answer, limits, moment),
        }
    }

    /// Says how many conflicts were met so far.
    #[must_use]
    pub const fn conflicts(&self) -> u32 {
        match self {
            Task::Write(write) => write.conflicts,
            Task::Regenerate(regenerate) => regenerate.conflicts,
            Task::Destroy(destroy) => destroy.conflicts,
        }
    }

    /// Appends the task as text behind the id and the expected revision of its step, and the step's header behind it; says
    /// where that begins: at the end, where the step has none.
    ///
    /// Of a commit, id, revision and header are its own, and need not be said twice.
    #[inline(never)]
    pub fn encode(&self, step: &Step, out: &mut Vec<u8>) -> usize {
        let (id, expected, header) = match *step {
            Step::Call(call) | Step::WaitThen(_, call) => (call.id, call.expected, call.header),
            Step::End(End::Committed { id, header, .. }) => (id, None, Some(header)),
            Step::End(_) => (Id::from_bytes([0; 16]), None, None),
        };
        let (id, expected, own) = match self {
            Task::Write(write) => (write.id, write.expected, Some(write.header)),
            _ => (id, expected, None),
        };
        append(out, &id.to_text());
        put_mark(expected, out);
        match self {
            Task::Write(write) => {
                out.push(b'w');
                put_flags([write.own_id, write.begins, write.lost, write.reloading], out);
                put_number(u64::from(write.conflicts), out);
            }
            Task::Regenerate(regenerate) => {
                out.push(b'r');
                out.push(b'0'.saturating_add(regenerate.stage as u8));
                put_flags([regenerate.living, regenerate.repeated, false, false], out);
                append(out, &regenerate.id.to_text());
                append(out, &regenerate.next_id.to_text());
                put_mark(regenerate.seen, out);
                put_mark(Some(regenerate.birth), out);
                put_mark(Some(regenerate.forward), out);
                put_number(regenerate.grace_seconds, out);
                put_number(u64::from(regenerate.conflicts), out);
                regenerate.header.write(out);
            }
            Task::Destroy(destroy) => {
                out.push(b'd');
                out.push(b'0'.saturating_add(destroy.stage as u8));
                append(out, &destroy.id.to_text());
                put_number(destroy.tombstone_seconds, out);
                put_number(u64::from(destroy.followed), out);
                put_number(u64::from(destroy.conflicts), out);
            }
        }
        let header_at = out.len();
        if let Some(header) = header.or(own) {
            header.write(out);
        }
        if header.is_some() { header_at } else { out.len() }
    }

    /// Reads a task from the text of [`Task::encode`].
    ///
    /// # Errors
    ///
    /// - `CoreFailed`: it is no such text.
    #[inline(never)]
    pub fn decode(bytes: &[u8]) -> Result<Task, Error> {
        let mut reader = Reader(bytes);
        let (id, expected) = (reader.id()?, reader.mark_if_any()?);
        let [kind, first] = reader.take()?;
        match kind {
            b'w' => Ok(Task::Write(Write {
                own_id: has(first, 0),
                begins: has(first, 1),
                lost: has(first, 2),
                reloading: has(first, 3),
                id,
                expected,
                conflicts: reader.small()?,
                header: reader.header()?,
            })),
            b'r' => {
                let stage = stage(first, &regenerate::Stage::ALL).ok_or(Error::CoreFailed)?;
                let [flags] = reader.take()?;
                Ok(Task::Regenerate(Regenerate {
                    stage,
                    living: has(flags, 0),
                    repeated: has(flags, 1),
                    id: reader.id()?,
                    next_id: reader.id()?,
                    seen: reader.mark_if_any()?,
                    birth: reader.mark()?,
                    forward: reader.mark()?,
                    grace_seconds: reader.number()?,
                    conflicts: reader.small()?,
                    header: reader.header()?,
                }))
            }
            b'd' => Ok(Task::Destroy(Destroy {
                stage: stage(first, &destroy::Stage::ALL).ok_or(Error::CoreFailed)?,
                id: reader.id()?,
                tombstone_seconds: reader.number()?,
                followed: reader.small()?,
                conflicts: reader.small()?,
            })),
            _ => Err(Error::CoreFailed),
        }
    }
}

/// What no mark is: sixteen of what no mark holds.
const NO_MARK: [u8; 16] = [b'.'; 16];

fn put_mark(mark: Option<Mark>, out: &mut Vec<u8>) {
    append(out, mark.as_ref().map_or(&NO_MARK, |mark| mark.as_text()));
}

/// Four flags make one letter, `@` to `O`.
fn put_flags(flags: [bool; 4], out: &mut Vec<u8>) {
    out.push(flags.iter().rev().fold(b'@' >> 4, |letter, &flag| letter << 1 | u8::from(flag)));
}

const fn has(letter: u8, flag: u32) -> bool {
    letter >> flag & 1 != 0
}

fn stage<T: Copy>(digit: u8, stages: &[T]) -> Option<T> {
    stages.get(usize::from(digit.checked_sub(b'0')?)).copied()
}

/// A number and a full stop.
fn put_number(number: u64, out: &mut Vec<u8>) {
    append_number(out, number);
    append(out, b".");
}

/// The bytes that are left of what JavaScript gave.
pub(crate) struct Reader<'b>(pub(crate) &'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Error::CoreFailed)?;
        self.0 = rest;
        Ok(*taken)
    }

    #[inline(never)]
    pub(crate) fn id(&mut self) -> Result<Id, Error> {
        Id::parse(&self.take::<22>()?).ok_or(Error::CoreFailed)
    }

    #[inline(never)]
    fn number(&mut self) -> Result<u64, Error> {
        let end = self.0.iter().position(|&byte| byte == b'.').ok_or(Error::CoreFailed)?;
        let (digits, rest) = self.0.split_at_checked(end).ok_or(Error::CoreFailed)?;
        self.0 = rest.get(1..).unwrap_or_default();
        parse_number(digits).ok_or(Error::CoreFailed)
    }

    fn small(&mut self) -> Result<u32, Error> {
        u32::try_from(self.number()?).map_err(|_| Error::CoreFailed)
    }

    #[inline(never)]
    pub(crate) fn mark(&mut self) -> Result<Mark, Error> {
        Mark::parse(&self.take::<16>()?).ok_or(Error::CoreFailed)
    }

    /// Full stops are none.
    fn mark_if_any(&mut self) -> Result<Option<Mark>, Error> {
        if self.0.starts_with(&NO_MARK) { self.take::<16>().map(|_| None) } else { self.mark().map(Some) }
    }

    pub(crate) fn header(&mut self) -> Result<Header, Error> {
        let (header, length) = Header::parse(self.0).map_err(|_| Error::CoreFailed)?;
        self.0 = self.0.get(length..).unwrap_or_default();
        Ok(header)
    }
}
