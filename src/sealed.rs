//! Seals texts with what they say of themselves.
//!
//! The plaintext of each purpose: fields in bytes, big-endian, then the text.
//! Times are unix seconds in 5 bytes; an end that is all ones is never.
//!
//! | purpose | fields | text | cookie name; further parts |
//! |---|---|---|---|
//! | `tempdata` | issued 5, expires 5 | entries, as in a record | the cookie's |
//! | `cookie-session` | flags 1, issued 5, idle end 5, expires 5, id 16, birth 12, created 6 (ms) | entries | the cookie's |
//! | `protected` | expires 5 | one value as JSON | none; the user's purpose, id and birth, both empty when not bound |
//! | `record` | | the record's JSON | none; the store key, the record's header |

use alloc::vec::Vec;
use core::fmt;

use crate::error::Error;
use crate::id::{ID_BYTES, Id, Mark};
use crate::keyring::{Keyring, Purpose};
use crate::layout::{Place, body};
use crate::token::{CLOCK_SKEW_SECONDS, NEVER, Why, from_five_bytes, open_in_place, seal_joined, to_five_bytes};
use crate::xaes::NONCE_BYTES;

const PERSISTENT: u8 = 1;

/// Bytes of the fields of a cookie session, which has most.
const MOST_FIELDS: usize = 50;

/// Says where a sealed text belongs; it opens nowhere else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Belongs<'b> {
    /// To the TempData cookie of this name.
    TempData(&'b [u8]),
    /// To the session cookie of this name.
    CookieSession(&'b [u8]),
    /// To a purpose of the user's, and to a session where it is bound to one.
    Protected(&'b [u8], Option<(Id, Mark)>),
    /// To the record with this key and header.
    Record(&'b [u8], &'b [u8]),
}

/// Holds what stands before a sealed text; each purpose has only some of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// When it was sealed, in unix seconds.
    pub issued: u64,
    /// When it ends, in unix seconds, if it does.
    pub expires: Option<u64>,
    /// The session that the text is, for `cookie-session`.
    pub session: Option<Whole>,
}

/// Names a session that is kept whole in cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Whether the cookie is written with `Max-Age`.
    pub persistent: bool,
    /// When it has been idle for too long, in unix seconds.
    pub idle_end: Option<u64>,
    /// Its id.
    pub id: Id,
    /// Its birth.
    pub birth: Mark,
    /// Unix milliseconds of its birth.
    pub created: u64,
}

/// Holds a text that was opened; it is wiped when dropped.
pub struct Opened {
    /// What stood before the text.
    pub fields: Fields,
    /// The index of the secret that opened it.
    pub secret: usize,
    token: Vec<u8>,
    text_at: usize,
}

/// Seals a text under the first secret, as base64url.
///
/// # Errors
///
/// - `invalid-options`: a time past the year 36,812, fields that the purpose
///   needs and lacks, or a part longer than 65,535 bytes.
/// - `core-failed`: the text is longer than GCM allows.
///
/// # Security
///
/// A nonce used twice gives forgeries away: draw all 24 bytes anew.
pub fn seal(
    keyring: &Keyring,
    belongs: Belongs<'_>,
    fields: &Fields,
    text: &[u8],
    nonce: [u8; NONCE_BYTES],
) -> Result<Vec<u8>, Error> {
    let mut head = Head { bytes: [0; MOST_FIELDS], used: 0 };
    fields.write(belongs, &mut head).ok_or(Error::InvalidOptions)?;
    let head = head.bytes.get(..head.used).unwrap_or_default();
    let (birth, mut parts) = (belongs.birth(), [&[][..]; 3]);
    seal_joined(keyring, place_of(&belongs, &birth, &mut parts), head, text, nonce)
}

/// Opens a text, if it belongs here and still counts at `now` (unix seconds).
///
/// # Errors
///
/// - `malformed`, `unknown-key`, `unauthentic`, `expired`: the first that is
///   wrong, in this order; an unknown key costs no decryption.
pub fn open(keyring: &Keyring, belongs: Belongs<'_>, token: &[u8], now: u64) -> Result<Opened, Why> {
    let (birth, mut parts) = (belongs.birth(), [&[][..]; 3]);
    let (token, secret) = open_in_place(keyring, place_of(&belongs, &birth, &mut parts), token)?;
    let mut opened = Opened { fields: Fields::default(), secret, token, text_at: 0 };
    let mut rest = Rest(body(&opened.token));
    let fields = Fields::read(belongs, &mut rest).ok_or(Why::Malformed)?;
    let text_at = body(&opened.token).len().saturating_sub(rest.0.len());
    opened.fields = fields;
    opened.text_at = text_at;
    if fields.count_at(now) { Ok(opened) } else { Err(Why::Expired) }
}

impl Opened {
    /// Gives the text.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        body(&self.token).get(self.text_at..).unwrap_or_default()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.token.fill(0);
    }
}

impl fmt::Debug for Belongs<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Belongs(..)")
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Opened(..)")
    }
}

impl Fields {
    fn write(&self, belongs: Belongs<'_>, head: &mut Head) -> Option<()> {
        match belongs {
            Belongs::Record(..) => {}
            Belongs::Protected(..) => head.end(self.expires)?,
            Belongs::TempData(_) => {
                head.time(self.issued)?;
                head.end(self.expires)?;
            }
            Belongs::CookieSession(_) => {
                let Whole { persistent, idle_end, id, birth, created } = self.session?;
                head.push(&[if persistent { PERSISTENT } else { 0 }])?;
                head.time(self.issued)?;
                head.end(idle_end)?;
                head.end(self.expires)?;
                head.push(id.as_bytes())?;
                head.push(&birth.to_bits())?;
                let [0, 0, created @ ..] = created.to_be_bytes() else { return None };
                head.push(&created)?;
            }
        }
        Some(())
    }

    fn read(belongs: Belongs<'_>, rest: &mut Rest<'_>) -> Option<Self> {
        Some(match belongs {
            Belongs::Record(..) => Self::default(),
            Belongs::Protected(..) => Self { expires: rest.end()?, ..Self::default() },
            Belongs::TempData(_) => Self { issued: rest.time()?, expires: rest.end()?, session: None },
            Belongs::CookieSession(_) => {
                let [flags] = rest.take()?;
                let (issued, idle_end, expires) = (rest.time()?, rest.end()?, rest.end()?);
                let (id, birth) = (rest.take::<ID_BYTES>()?, rest.take::<12>()?);
                let [a, b, c, d, e, f] = rest.take()?;
                if flags & !PERSISTENT != 0 {
                    return None;
                }
                let session = Whole {
                    persistent: flags & PERSISTENT != 0,
                    idle_end,
                    id: Id::from_bytes(id),
                    birth: Mark::from_bits(birth),
                    created: u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
                };
                Self { issued, expires, session: Some(session) }
            }
        })
    }

    // Issued a minute ahead at most, and before every end.
    fn count_at(&self, now: u64) -> bool {
        let idle_end = self.session.and_then(|session| session.idle_end);
        let ended = |end: Option<u64>| end.is_some_and(|end| now >= end);
        self.issued <= now.saturating_add(CLOCK_SKEW_SECONDS) && !ended(self.expires) && !ended(idle_end)
    }
}

// The fields of a plaintext that is made.
struct Head {
    bytes: [u8; MOST_FIELDS],
    used: usize,
}

impl Head {
    #[inline(never)]
    fn push(&mut self, field: &[u8]) -> Option<()> {
        let end = self.used.checked_add(field.len())?;
        self.bytes.get_mut(self.used..end)?.copy_from_slice(field);
        self.used = end;
        Some(())
    }

    #[inline(never)]
    fn time(&mut self, seconds: u64) -> Option<()> {
        if seconds > NEVER { None } else { self.push(&to_five_bytes(seconds)) }
    }

    // All ones say "never": an end may not turn into none.
    fn end(&mut self, end: Option<u64>) -> Option<()> {
        if end == Some(NEVER) { None } else { self.time(end.unwrap_or(NEVER)) }
    }
}

// What is left of a plaintext.
struct Rest<'p>(&'p [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    #[inline(never)]
    fn time(&mut self) -> Option<u64> {
        self.take().map(from_five_bytes)
    }

    fn end(&mut self) -> Option<Option<u64>> {
        let end = self.time()?;
        Some((end != NEVER).then_some(end))
    }
}

#[inline(never)]
fn place_of<'n>(belongs: &'n Belongs<'n>, birth: &'n [u8; 12], parts: &'n mut [&'n [u8]; 3]) -> Place<'n> {
    let (purpose, cookie_name, used): (_, &[u8], _) = match belongs {
        Belongs::TempData(cookie_name) => (Purpose::TempData, cookie_name, 0),
        Belongs::CookieSession(cookie_name) => (Purpose::CookieSession, cookie_name, 0),
        Belongs::Protected(purpose, session) => {
            *parts = match session {
                None => [purpose, &[], &[]],
                Some((id, _)) => [purpose, id.as_bytes(), birth],
            };
            (Purpose::Protected, &[], 3)
        }
        Belongs::Record(key, header) => {
            *parts = [key, header, &[]];
            (Purpose::Record, &[], 2)
        }
    };
    Place { purpose, cookie_name, parts: parts.get(..used).unwrap_or_default() }
}

impl Belongs<'_> {
    // The birth of the session that a protected text is bound to; of others it is not looked at.
    fn birth(&self) -> [u8; 12] {
        match self {
            Belongs::Protected(_, Some((_, birth))) => birth.to_bits(),
            _ => [0; 12],
        }
    }
}
