//! What is kept for one session, and its text.
//!
//! One string of ASCII in the store, with the store's time to live:
//!
//! | kind | text |
//! |---|---|
//! | data | `1j.<revision>.<birth>.<previous or ->.<created, ms>.<deadline, s, or ->.<JSON object>` |
//! | sealed data | `1s.`, the same fields, `<text of purpose record, base64url>` |
//! | forwarding | `1m.<revision>.<birth>.<previous or ->.<new id>.<deadline, s>.<JSON object>` |
//! | tombstone | `1d.<revision>.<birth>.-.-.<deadline, s>.{}` |
//!
//! `revision`, `birth` and `previous` are 16 characters, so that a store finds the revision at characters 3 to 18 of
//! every kind. The object that a forwarding record keeps may be a sealed text too; no base64url begins with `{`. Times are unix times in canonical decimal.

use alloc::vec::Vec;

use crate::error::Error;
use crate::id::{Id, Mark};
use crate::text::{append, append_number};

/// The longest header that is written or read, in bytes.
pub const LONGEST_HEADER: usize = 96;

/// A forwarding record this many seconds past its deadline stands for no session at all (PROTOCOL 4).
const FORWARDED_FOR_SECONDS: u64 = 60;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A session's values.
    Data {
        /// Unix milliseconds of the commit that wrote this birth.
        created: u64,
    },
    /// The session goes on under another id.
    Forwarding {
        /// Where it goes on.
        target: Id,
    },
    /// The session was destroyed.
    Tombstone,
}

/// Everything of a record but its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the record is.
    pub kind: Kind,
    /// 96 random bits, new for every new text.
    pub revision: Mark,
    /// 96 random bits drawn when the session began; they alone say whether two records are the same session.
    pub birth: Mark,
    /// The revision that this one replaced; none at birth.
    pub previous: Option<Mark>,
    /// Unix seconds at which the session ends, whatever its use.
    pub deadline: Option<u64>,
}

/// What a record means for the request that loaded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A session.
    Live,
    /// Past its deadline: as good as absent, and written over by the next commit.
    Expired,
    /// Forwarded, and its values may still be read.
    Graced,
    /// Forwarded; there is nothing to read.
    Forwarded,
    /// Destroyed, or forwarded long ago: a visitor without a session.
    Dead,
}

impl Header {
    /// Reads the header at the start of a record, and says where the values begin.
    ///
    /// # Errors
    ///
    /// - `RecordUnsupported`: the first field is not one of this version's.
    /// - `RecordCorrupt`: anything else is not as the table of this module says.
    #[inline(never)]
    pub fn parse(text: &[u8]) -> Result<(Header, usize), Error> {
        let mut fields = Fields { text, at: 0 };
        let first = fields.next()?;
        if !matches!(first, b"1j" | b"1s" | b"1m" | b"1d") {
            return Err(if is_version_and_kind(first) { Error::RecordUnsupported } else { Error::RecordCorrupt });
        }
        let revision = fields.mark()?;
        let birth = fields.mark()?;
        let previous = fields.absent_or(Fields::mark)?;
        let kind = match first {
            b"1j" | b"1s" => Kind::Data { created: fields.number()? },
            b"1m" => Kind::Forwarding { target: Id::parse(fields.next()?).ok_or(Error::RecordCorrupt)? },
            _ => {
                if fields.next()? != b"-" {
                    return Err(Error::RecordCorrupt);
                }
                Kind::Tombstone
            }
        };
        let deadline = fields.absent_or(Fields::number)?;
        if deadline.is_none() && !matches!(kind, Kind::Data { .. }) {
            return Err(Error::RecordCorrupt);
        }
        Ok((Header { kind, revision, birth, previous, deadline }, fields.at))
    }

    /// Appends the header's text; the values follow it, in clear.
    #[inline(never)]
    pub fn write(&self, out: &mut Vec<u8>) {
        append(
            out,
            match self.kind {
                Kind::Data { .. } => b"1j.",
                Kind::Forwarding { .. } => b"1m.",
                Kind::Tombstone => b"1d.",
            },
        );
        for mark in [Some(self.revision), Some(self.birth), self.previous] {
            match mark {
                Some(mark) => append(out, mark.as_text()),
                None => append(out, b"-"),
            }
            append(out, b".");
        }
        match self.kind {
            Kind::Data { created } => append_number(out, created),
            Kind::Forwarding { target } => append(out, &target.to_text()),
            Kind::Tombstone => append(out, b"-"),
        }
        append(out, b".");
        match self.deadline {
            Some(deadline) => append_number(out, deadline),
            None => append(out, b"-"),
        }
        append(out, b".");
    }

    /// Says what the record means at `now` (unix seconds).
    ///
    /// `has_values` tells whether the record's object has any entry.
    #[must_use]
    pub fn standing(&self, has_values: bool, now: u64) -> Standing {
        let past = |grace: u64| self.deadline.is_some_and(|deadline| now >= deadline.saturating_add(grace));
        match self.kind {
            Kind::Data { .. } if past(0) => Standing::Expired,
            Kind::Data { .. } => Standing::Live,
            Kind::Forwarding { .. } if past(FORWARDED_FOR_SECONDS) => Standing::Dead,
            Kind::Forwarding { .. } if has_values && !past(0) => Standing::Graced,
            Kind::Forwarding { .. } => Standing::Forwarded,
            Kind::Tombstone => Standing::Dead,
        }
    }

    /// Says whether the record is a session's values.
    #[must_use]
    pub const fn is_data(&self) -> bool {
        matches!(self.kind, Kind::Data { .. })
    }
}

/// Gives the seconds that a record may live from `now`: the idle limit, or less when the deadline is nearer.
#[must_use]
pub fn seconds_to_live(idle_timeout_seconds: u64, deadline: Option<u64>, now: u64) -> u64 {
    match deadline {
        Some(deadline) => idle_timeout_seconds.min(deadline.saturating_sub(now)),
        None => idle_timeout_seconds,
    }
}

/// The fields of a header, one after the other.
struct Fields<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Fields<'t> {
    fn next(&mut self) -> Result<&'t [u8], Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let rest = rest.get(..rest.len().min(LONGEST_HEADER)).unwrap_or_default();
        let length = rest.iter().position(|&byte| byte == b'.').ok_or(Error::RecordCorrupt)?;
        self.at = self.at.saturating_add(length).saturating_add(1);
        rest.get(..length).ok_or(Error::RecordCorrupt)
    }

    fn mark(&mut self) -> Result<Mark, Error> {
        Mark::parse(self.next()?).ok_or(Error::RecordCorrupt)
    }

    fn number(&mut self) -> Result<u64, Error> {
        parse_number(self.next()?).ok_or(Error::RecordCorrupt)
    }

    fn absent_or<T>(&mut self, read: fn(&mut Self) -> Result<T, Error>) -> Result<Option<T>, Error> {
        if self.text.get(self.at..self.at.saturating_add(2)) == Some(b"-.") {
            self.at = self.at.saturating_add(2);
            return Ok(None);
        }
        read(self).map(Some)
    }
}

/// Says whether a first field could be another version's: digits, then a letter.
fn is_version_and_kind(field: &[u8]) -> bool {
    match field.split_last() {
        Some((kind, version)) => kind.is_ascii_lowercase() && !version.is_empty() && version.iter().all(u8::is_ascii_digit),
        None => false,
    }
}

/// Reads canonical decimal of at most 15 digits, so that JavaScript's numbers hold it.
#[inline(never)]
pub(crate) fn parse_number(text: &[u8]) -> Option<u64> {
    let canonical = matches!(text, [b'0'] | [b'1'..=b'9', ..]) && text.len() <= 15;
    if !canonical {
        return None;
    }
    text.iter().try_fold(0_u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte.wrapping_sub(b'0')))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
