//! What a configuration has, and the calls with it.

use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::bindings::instance::{Instance, first, put};
use crate::bindings::settings::{self, sha256};
use crate::bindings::{number, random, whole};
use crate::cookie::{self, Found, Lifetime};
use crate::error::Error;
use crate::id::Id;
use crate::keyring::Keyring;
use crate::lifecycle::destroy::Destroy;
use crate::lifecycle::regenerate::{Move, Regenerate};
use crate::lifecycle::state::{Reader, Task};
use crate::lifecycle::write::{Base, Write};
use crate::lifecycle::{Answer, Dice, End, Limits, Moment, Step};
use crate::options::Options;
use crate::record::Header;
use crate::text::append;
use crate::token::SessionToken;

/// Where the id of an opened cookie lies in the scratch, behind its numbers.
const ID: usize = 24;
/// Where the text of a step begins in the scratch, behind its numbers: the task with its header.
const TEXT: usize = 16;

/// More than the text of any step.
const LONGEST_STEP: usize = 512;

/// Flags that cross with a task.
const OWN_ID: u32 = 1;
const WAS_LIVE: u32 = 2;
const COMPARES: u32 = 4;
const LOST: u32 = 8;

/// The configuration's keys and options.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) keyring: Keyring,
    pub(super) options: Options,
}

impl Core {
    /// Makes a core from settings, or tells what is wrong with them.
    pub(super) fn new(settings: &[u8], problems: &mut Vec<&'static str>) -> Result<Core, Error> {
        let mut options = settings::parse(settings)?;
        *problems = options.problems();
        if !problems.is_empty() {
            return Err(Error::InvalidOptions);
        }
        let keyring = options.take_keyring()?;
        Ok(Core { keyring, options })
    }

    #[inline(never)]
    fn limits(&self, flags: u32) -> Limits {
        Limits {
            idle_timeout_seconds: self.options.idle_timeout_seconds,
            absolute_timeout_seconds: self.options.absolute_timeout_seconds,
            compares: flags & COMPARES != 0,
        }
    }
}

#[wasm_bindgen]
impl Instance {
    /// Looks for our cookie in the `Cookie` header in the scratch.
    ///
    /// 0 none, 1 found, 2 malformed, 3 unknown key, 4 unauthentic, 5 expired, 6 ambiguous. When found, in the scratch: the
    /// times it was issued and expires (s, infinity: never) as numbers, persistent and the secret's place as bytes at 16
    /// and 17, the id at 24.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short.
    #[must_use]
    pub fn open(&self, core: usize, length: usize, now: f64) -> i32 {
        self.call_core(core, |core, scratch| {
            let header = first(scratch, length)?;
            let (token, secret) = match cookie::find(&core.keyring, &core.options.cookie.name, header, whole(now)) {
                Found::None => return Ok(0),
                Found::Token(token, secret) => (token, secret),
                Found::Rejected(why) => return Ok(2_usize.saturating_add(usize::from(why as u8))),
                Found::Ambiguous => return Ok(6),
            };
            put(scratch, 0, &number(token.issued).to_le_bytes())?;
            put(scratch, 8, &token.expires.map_or(f64::INFINITY, number).to_le_bytes())?;
            put(scratch, 16, &[u8::from(token.persistent), u8::try_from(secret).unwrap_or(u8::MAX)])?;
            put(scratch, ID, &token.id.to_text())?;
            Ok(1)
        })
    }

    /// Seals the id in the scratch as a cookie's value: 96 characters in its place.
    ///
    /// # Errors
    ///
    /// - `core-failed`: that is no id, or the platform gave no randomness.
    #[must_use]
    pub fn seal(&self, core: usize, issued: f64, expires: f64, persistent: bool) -> i32 {
        self.call_core(core, |core, scratch| {
            let id = Id::parse(first(scratch, 22)?).ok_or(Error::CoreFailed)?;
            let expires = expires.is_finite().then(|| whole(expires));
            let token = SessionToken { persistent, issued: whole(issued), expires, id };
            put(scratch, 0, &token.seal(&core.keyring, &core.options.cookie.name, random()?)?)?;
            Ok(0)
        })
    }

    /// Writes the `Set-Cookie` line of the value in the scratch, and gives its length; without a value, of none.
    ///
    /// # Errors
    ///
    /// - `cookie-too-large`: a browser would not keep it.
    #[must_use]
    pub fn line(&self, core: usize, length: usize, max_age: f64, now: f64) -> i32 {
        self.call_core(core, |core, scratch| {
            let ends = if length == 0 { cookie::EXPIRED } else { lifetime(max_age).ends(whole(now))? };
            let line = core.options.cookie.written(first(scratch, length)?, ends)?;
            put(scratch, 0, &line)?;
            Ok(line.len())
        })
    }

    /// Replaces the id in the scratch by a salted hash of it: 8 bytes.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short.
    #[must_use]
    pub fn hash(&self, core: usize, length: usize) -> i32 {
        self.call_core(core, |core, scratch| {
            let hash = sha256(core.keyring.event_salt(), first(scratch, length)?);
            put(scratch, 0, hash.get(..8).unwrap_or_default())?;
            Ok(0)
        })
    }

    /// Begins a commit: in the scratch the id, the birth to use, and the header that was loaded, if any.
    ///
    /// # Errors
    ///
    /// - `core-failed`: they are not, or the platform gave no randomness.
    #[must_use]
    pub fn write(&self, core: usize, length: usize, flags: u32, now_ms: f64) -> i32 {
        self.call_core(core, |core, scratch| {
            let mut given = Reader(first(scratch, length)?);
            let base = Base {
                id: given.id()?,
                birth: given.mark()?,
                seen: seen(given)?,
                own_id: flags & OWN_ID != 0,
                was_live: flags & WAS_LIVE != 0,
            };
            let (write, step) = Write::begin(&base, &core.limits(flags), &moment(now_ms)?);
            put_step(scratch, &Task::Write(write), &step)
        })
    }

    /// Begins a regeneration: in the scratch the id, the new id and birth, and the header that was loaded, if any.
    ///
    /// # Errors
    ///
    /// - `core-failed`: they are not, or the platform gave no randomness.
    #[must_use]
    pub fn regenerate(&self, core: usize, length: usize, flags: u32, grace_seconds: f64, now_ms: f64) -> i32 {
        self.call_core(core, |core, scratch| {
            let mut given = Reader(first(scratch, length)?);
            let base = Move {
                id: given.id()?,
                next_id: given.id()?,
                next_birth: given.mark()?,
                seen: seen(given)?,
                was_live: flags & WAS_LIVE != 0,
                grace_seconds: whole(grace_seconds),
            };
            let (regenerate, step) = Regenerate::begin(&base, &core.limits(flags), &moment(now_ms)?);
            put_step(scratch, &Task::Regenerate(regenerate), &step)
        })
    }

    /// Begins a destroy: in the scratch the id, and the header that was loaded, if any.
    ///
    /// # Errors
    ///
    /// - `core-failed`: they are not, or the platform gave no randomness.
    #[must_use]
    pub fn destroy(&self, core: usize, length: usize, flags: u32, tombstone_seconds: f64, now_ms: f64) -> i32 {
        self.call_core(core, |core, scratch| {
            let mut given = Reader(first(scratch, length)?);
            let (id, seen) = (given.id()?, seen(given)?);
            let (destroy, step) = Destroy::begin(id, seen, whole(tombstone_seconds), &core.limits(flags), &moment(now_ms)?);
            put_step(scratch, &Task::Destroy(destroy), &step)
        })
    }

    /// Takes an answer: in the scratch the task's text, then the start of the record that came, if one did.
    ///
    /// `what`: 0 done, 1 absent, 2 a record, 3 a record with values, 4 unreadable, 5 no answer.
    ///
    /// # Errors
    ///
    /// - `core-failed`: they are not, or the platform gave no randomness.
    #[must_use]
    pub fn answer(&self, core: usize, state_length: usize, length: usize, what: u32, flags: u32, now_ms: f64) -> i32 {
        self.call_core(core, |core, scratch| {
            let (state, record) = first(scratch, length)?.split_at_checked(state_length).ok_or(Error::CoreFailed)?;
            let answer = match what {
                0 => Answer::Done,
                1 => Answer::Absent,
                2 | 3 => match Header::parse(record) {
                    Ok((header, _)) => Answer::Record { header, has_values: what == 3, lost: flags & LOST != 0 },
                    Err(_) => Answer::Unreadable,
                },
                4 => Answer::Unreadable,
                _ => Answer::Lost,
            };
            let mut task = Task::decode(state)?;
            let step = task.answer(answer, &core.limits(flags), &moment(now_ms)?);
            put_step(scratch, &task, &step)
        })
    }
}

/// The header that was loaded; the end is none.
#[inline(never)]
fn seen(mut given: Reader<'_>) -> Result<Option<Header>, Error> {
    if given.0.is_empty() { Ok(None) } else { given.header().map(Some) }
}

/// The life of a cookie of that age.
pub(super) fn lifetime(max_age: f64) -> Lifetime {
    if max_age > 0.0 { Lifetime::Seconds(whole(max_age)) } else { Lifetime::BrowserSession }
}

#[inline(never)]
fn moment(now_ms: f64) -> Result<Moment, Error> {
    Ok(Moment { now_ms: whole(now_ms), dice: Dice(random()?) })
}

/// Writes a step to the scratch: numbers, then the task as text, which begins with the id and the expected revision (full
/// stops: none) and ends with the header.
///
/// Gives 0 call, 1 committed, 2 gone, 3 conflict, 4 ambiguous, 5 unreadable, 6 undecided.
#[inline(never)]
fn put_step(scratch: &mut [u8], task: &Task, step: &Step) -> Result<usize, Error> {
    let (code, wait, call) = match *step {
        Step::Call(call) => (0, 0, Some(call)),
        Step::WaitThen(wait, call) => (0, wait, Some(call)),
        Step::End(end) => (end_code(&end), 0, None),
    };
    let created = matches!(step, Step::End(End::Committed { created: true, .. }));
    let seconds_to_live = call.map_or(0, |call| u32::try_from(call.seconds_to_live).unwrap_or(u32::MAX));
    let kinds = [
        call.map_or(0, |call| call.operation as u8),
        call.map_or(0, |call| call.values as u8),
        u8::from(created),
        u8::try_from(task.conflicts()).unwrap_or(u8::MAX),
    ];
    let mut out = Vec::with_capacity(LONGEST_STEP);
    for four in [wait.to_le_bytes(), seconds_to_live.to_le_bytes(), kinds, [0; 4]] {
        append(&mut out, &four);
    }
    let header_at = task.encode(step, &mut out);
    put(scratch, 0, &out)?;
    for (at, end) in [(12, header_at), (14, out.len())] {
        let length = u16::try_from(end.saturating_sub(TEXT)).map_err(|_| Error::CoreFailed)?;
        put(scratch, at, &length.to_le_bytes())?;
    }
    Ok(code)
}

const fn end_code(end: &End) -> usize {
    match end {
        End::Committed { .. } => 1,
        End::Gone => 2,
        End::Conflict => 3,
        End::Ambiguous => 4,
        End::Unreadable => 5,
        End::Undecided => 6,
    }
}
