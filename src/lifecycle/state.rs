//! A task under way, as bytes that JavaScript keeps.

use alloc::vec::Vec;

use crate::error::Error;
use crate::id::{Id, Mark};
use crate::lifecycle::destroy::{self, Destroy};
use crate::lifecycle::regenerate::{self, Regenerate};
use crate::lifecycle::write::Write;
use crate::lifecycle::{Answer, Limits, Moment, Step};
use crate::record::Header;

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

    /// Appends the task as bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Task::Write(write) => {
                out.push(b'w');
                out.push(
                    u8::from(write.own_id)
                        | u8::from(write.begins) << 1
                        | u8::from(write.lost) << 2
                        | u8::from(write.reloading) << 3,
                );
                out.extend_from_slice(write.id.as_bytes());
                put_mark(write.expected, out);
                out.extend_from_slice(&write.conflicts.to_be_bytes());
                write.header.write(out);
            }
            Task::Regenerate(regenerate) => {
                out.push(b'r');
                out.push(regenerate.stage as u8);
                out.push(u8::from(regenerate.living) | u8::from(regenerate.repeated) << 1);
                out.extend_from_slice(regenerate.id.as_bytes());
                out.extend_from_slice(regenerate.next_id.as_bytes());
                put_mark(regenerate.seen, out);
                put_mark(Some(regenerate.birth), out);
                put_mark(Some(regenerate.forward), out);
                out.extend_from_slice(&regenerate.grace_seconds.to_be_bytes());
                out.extend_from_slice(&regenerate.conflicts.to_be_bytes());
                regenerate.header.write(out);
            }
            Task::Destroy(destroy) => {
                out.push(b'd');
                out.push(destroy.stage as u8);
                out.extend_from_slice(destroy.id.as_bytes());
                out.extend_from_slice(&destroy.tombstone_seconds.to_be_bytes());
                out.extend_from_slice(&destroy.followed.to_be_bytes());
                out.extend_from_slice(&destroy.conflicts.to_be_bytes());
            }
        }
    }

    /// Reads a task from the bytes of [`Task::encode`].
    ///
    /// # Errors
    ///
    /// - `CoreFailed`: they are not such bytes.
    pub fn decode(bytes: &[u8]) -> Result<Task, Error> {
        let mut reader = Reader(bytes);
        let [kind, first] = reader.take()?;
        match kind {
            b'w' => Ok(Task::Write(Write {
                own_id: first & 1 != 0,
                begins: first & 2 != 0,
                lost: first & 4 != 0,
                reloading: first & 8 != 0,
                id: reader.id()?,
                expected: reader.mark()?,
                conflicts: u32::from_be_bytes(reader.take()?),
                header: reader.header()?,
            })),
            b'r' => {
                let stage = regenerate::Stage::ALL.get(usize::from(first)).copied().ok_or(Error::CoreFailed)?;
                let [flags] = reader.take()?;
                Ok(Task::Regenerate(Regenerate {
                    stage,
                    living: flags & 1 != 0,
                    repeated: flags & 2 != 0,
                    id: reader.id()?,
                    next_id: reader.id()?,
                    seen: reader.mark()?,
                    birth: reader.mark()?.ok_or(Error::CoreFailed)?,
                    forward: reader.mark()?.ok_or(Error::CoreFailed)?,
                    grace_seconds: u64::from_be_bytes(reader.take()?),
                    conflicts: u32::from_be_bytes(reader.take()?),
                    header: reader.header()?,
                }))
            }
            b'd' => Ok(Task::Destroy(Destroy {
                stage: destroy::Stage::ALL.get(usize::from(first)).copied().ok_or(Error::CoreFailed)?,
                id: reader.id()?,
                tombstone_seconds: u64::from_be_bytes(reader.take()?),
                followed: u32::from_be_bytes(reader.take()?),
                conflicts: u32::from_be_bytes(reader.take()?),
            })),
            _ => Err(Error::CoreFailed),
        }
    }
}

fn put_mark(mark: Option<Mark>, out: &mut Vec<u8>) {
    match mark {
        Some(mark) => out.extend_from_slice(mark.as_text()),
        None => out.extend_from_slice(&[0; 16]),
    }
}

/// The bytes that are left.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Error::CoreFailed)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn id(&mut self) -> Result<Id, Error> {
        self.take().map(Id::from_bytes)
    }

    /// All zeros is none.
    fn mark(&mut self) -> Result<Option<Mark>, Error> {
        let text = self.take::<16>()?;
        if text == [0; 16] { Ok(None) } else { Mark::parse(&text).map(Some).ok_or(Error::CoreFailed) }
    }

    fn header(&mut self) -> Result<Header, Error> {
        let (header, length) = Header::parse(self.0).map_err(|_| Error::CoreFailed)?;
        self.0 = self.0.get(length..).unwrap_or_default();
        Ok(header)
    }
}
