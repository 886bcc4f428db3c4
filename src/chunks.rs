//! Keeps a value that is too long for one cookie in several.
//!
//! | cookie | value |
//! |---|---|
//! | `<name>` | the whole value, where its line has at most 4,050 characters |
//! | `<name>` | else `chunks-<n>`, n a canonical decimal, 2 to 10 |
//! | `<name>-1` to `<name>-<n>` | the pieces, in order |
//!
//! Values are sealed whole before they are cut: a piece that is missing, of
//! another value or in another place leaves nothing that opens.

use alloc::string::String;
use alloc::vec::Vec;

use crate::cookie::{CookieOptions, EXPIRED, Ends, Lifetime, MAX_CANDIDATES, pairs, text_of, trim};
use crate::error::Error;
use crate::text::{append, append_number};

/// Characters that a line has at most, attributes and all (ASP.NET Core's
/// `DefaultChunkSize`): Safari keeps no more than 4,093.
pub const MAX_LINE: usize = 4050;

/// Pieces that a value is cut into at most.
pub const MAX_PIECES: usize = 10;

/// Characters that the cookies of one value have at most in a `Cookie` header:
/// many servers take no header above 8,192 bytes (RFC 6265bis 4.2.1).
pub const MAX_TOTAL: usize = 7500;

const MARKER: &[u8] = b"chunks-";

/// The bit for more named cookies than are tried.
const MORE: u16 = 1 << (MAX_PIECES + 1);

/// More characters than the number of any piece, with what joins it to a name.
const LONGEST_SUFFIX: usize = 3;

/// Says which cookies of a value the request had.
///
/// Bit 0 is the named cookie, bits 1 to 10 are the pieces; bit 11 says that
/// there are more than 4 named ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen(pub u16);

impl Seen {
    const fn has(self, piece: usize) -> bool {
        self.0 & (1 << piece) != 0
    }
}

/// Finds the values of a name, whole or in pieces, and says which cookies are
/// there.
///
/// Appends each value with `;` behind it, at most 4, in order: another site of
/// the same domain can plant one, so each may be tried. It takes linear time,
/// whatever the header says of the number of pieces. With a piece missing there
/// is no value; of two pieces of one number the first counts.
#[inline(never)]
pub fn find(header: &[u8], name: &[u8], values: &mut Vec<u8>) -> Seen {
    let mut seen = Seen(0);
    let mut pieces: [&[u8]; MAX_PIECES] = [&[]; MAX_PIECES];
    let mut named: [&[u8]; MAX_CANDIDATES] = [&[]; MAX_CANDIDATES];
    let mut places = named.iter_mut();
    for (key, value) in pairs(header) {
        let Some(suffix) = key.strip_prefix(name) else { continue };
        let number = match suffix {
            [] => 0,
            [b'-', number @ ..] => number_of(number),
            _ => continue,
        };
        let place = if suffix.is_empty() { places.next() } else { pieces.get_mut(number.wrapping_sub(1)) };
        if suffix.is_empty() && place.is_none() {
            seen.0 |= MORE;
        }
        // A piece that is there already, or a fifth value, is not looked at.
        if let Some(place) = place.filter(|place| place.is_empty()) {
            *place = trim(value);
        }
        if suffix.is_empty() || number > 0 {
            seen.0 |= 1 << number;
        }
    }
    for value in named {
        push_whole(value, &pieces, values);
    }
    seen
}

// Appends a value, or the pieces that it stands for where all of them are there.
fn push_whole(value: &[u8], pieces: &[&[u8]; MAX_PIECES], values: &mut Vec<u8>) {
    let start = values.len();
    let single = [value];
    let parts = match value.strip_prefix(MARKER) {
        None => &single[..],
        Some(count) => pieces.get(..number_of(count)).filter(|parts| parts.len() > 1).unwrap_or_default(),
    };
    for part in parts {
        append(values, part);
    }
    if parts.is_empty() || parts.iter().any(|part| part.is_empty() || part.len() > MAX_LINE) {
        values.truncate(start);
    } else {
        append(values, b";");
    }
}

/// Writes the lines that set a value under a name, and expire what is left
/// over of the cookies that the browser has; without a value, all of those. A
/// newline stands between them.
///
/// The cookie's own name counts for nothing here, its attributes do.
///
/// # Errors
///
/// - `invalid-options`: the name or the value holds what no cookie can, or the
///   value reads as the number of pieces; the lifetime is above 400 days.
/// - `cookie-too-large`: the value takes more than 7,500 characters in all, or
///   the attributes leave no room. Nothing is ever cut off.
pub fn lines(cookie: &CookieOptions, name: &str, value: &str, seen: Seen, lifetime: Lifetime, now: u64) -> Result<String, Error> {
    text_of(written(cookie, name.as_bytes(), value.as_bytes(), seen, lifetime.ends(now)?)?)
}

#[inline(never)]
pub(crate) fn written(cookie: &CookieOptions, name: &[u8], value: &[u8], seen: Seen, ends: Ends) -> Result<Vec<u8>, Error> {
    let mut writer = Writer { cookie, name, lines: Vec::new() };
    writer.line(0, b"", ends)?;
    let around = writer.lines.len();
    writer.lines.clear();
    let room = MAX_LINE.saturating_sub(around).saturating_sub(LONGEST_SUFFIX);
    let count = if around.saturating_add(value.len()) > MAX_LINE { count_of(name, value, room)? } else { 0 };
    let first_left = if value.is_empty() { 0 } else { count.saturating_add(1) };
    for number in (first_left..=MAX_PIECES).filter(|&number| seen.has(number)) {
        writer.line(number, b"", EXPIRED)?;
    }
    if value.starts_with(MARKER) {
        return Err(Error::InvalidOptions);
    }
    if count == 0 && !value.is_empty() {
        writer.line(0, value, ends)?;
    }
    if count > 0 {
        let mut marker = MARKER.to_vec();
        append_number(&mut marker, count as u64);
        writer.line(0, &marker, ends)?;
    }
    let pieces = if count > 0 { value } else { &[] };
    for (piece, number) in pieces.chunks(room.max(1)).zip(1..) {
        writer.line(number, piece, ends)?;
    }
    Ok(writer.lines)
}

// How many pieces of so much room a value takes. Attributes have 2,200
// characters at most, so that what a header takes is never ten of them.
fn count_of(name: &[u8], value: &[u8], room: usize) -> Result<usize, Error> {
    let count = value.len().div_ceil(room.max(1));
    // Of each cookie its name and "=", of each piece "-", its number and the "; " before it; the number of pieces.
    let names = name.len().saturating_add(1).saturating_mul(count.saturating_add(1));
    let joints = count.saturating_mul(4).saturating_add(MARKER.len()).saturating_add(1);
    let total = names.saturating_add(joints).saturating_add(value.len());
    // The number of pieces needs room too.
    if room < MARKER.len() || total > MAX_TOTAL { Err(Error::CookieTooLarge) } else { Ok(count) }
}

struct Writer<'w> {
    cookie: &'w CookieOptions,
    name: &'w [u8],
    lines: Vec<u8>,
}

impl Writer<'_> {
    #[inline(never)]
    fn line(&mut self, number: usize, value: &[u8], ends: Ends) -> Result<(), Error> {
        if !self.lines.is_empty() {
            append(&mut self.lines, b"\n");
        }
        let mut name = self.name.to_vec();
        if number > 0 {
            append(&mut name, b"-");
            append_number(&mut name, number as u64);
        }
        self.cookie.append_line(&name, value, ends, &mut self.lines)
    }
}

// 1 to 10 in canonical decimal: one digit that is not 0, or "10". Else 0.
const fn number_of(text: &[u8]) -> usize {
    match text {
        [digit @ b'1'..=b'9'] => (*digit & 0x0f) as usize,
        b"10" => MAX_PIECES,
        _ => 0,
    }
}
