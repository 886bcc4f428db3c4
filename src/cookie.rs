//! Reads one request cookie, and writes one Set-Cookie.
//!
//! Read, of a `Cookie` header:
//!
//! ```text
//! header = pair *( ";" pair )
//! pair   = *ws name *ws "=" *ws value *ws     ; the first "=" counts
//! ws     = SP / HTAB                          ; nothing else is trimmed
//! ```
//!
//! Names are compared byte by byte. Quotes, commas, percent signs and
//! `$Version` mean nothing; a pair without `=` is no cookie.
//!
//! Written (RFC 6265bis 4.1.1):
//!
//! ```text
//! line = name "=" value "; Path=" path [ "; Domain=" domain ]
//!        [ "; Max-Age=" seconds "; Expires=" date ] [ "; Secure" ]
//!        [ "; HttpOnly" ] "; SameSite=" same-site [ "; Partitioned" ]
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::date::append_date;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::text::{append, append_number};
use crate::token::{SessionToken, Why};

/// Cookies of our name that are looked at; a browser sends one or two.
pub(crate) const MAX_CANDIDATES: usize = 4;

/// Bytes of name and value that browsers keep (RFC 6265bis 5.7).
pub const MAX_NAME_AND_VALUE: usize = 4096;

/// Bytes of an attribute's value that browsers keep (RFC 6265bis 5.6).
pub const MAX_ATTRIBUTE: usize = 1024;

/// Seconds that browsers keep a cookie: 400 days (RFC 6265bis 5.5).
pub const MAX_AGE_SECONDS: u64 = 34_560_000;

/// Gives the values of one cookie name, at most 4, in order.
pub fn candidates<'h>(header: &'h [u8], name: &[u8]) -> impl Iterator<Item = &'h [u8]> {
    named(header, name).take(MAX_CANDIDATES)
}

fn named<'h>(header: &'h [u8], name: &[u8]) -> impl Iterator<Item = &'h [u8]> {
    pairs(header).filter(move |(key, _)| *key == name).map(|(_, value)| trim(value))
}

// Every name with its value, around which blanks may still stand.
pub(crate) fn pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = header;
    core::iter::from_fn(move || next_pair(&mut rest))
}

#[inline(never)]
fn next_pair<'h>(rest: &mut &'h [u8]) -> Option<(&'h [u8], &'h [u8])> {
    while !rest.is_empty() {
        let pair;
        (pair, *rest) = split_at_byte(rest, b';').unwrap_or((rest, &[]));
        if let Some((name, value)) = split_at_byte(pair, b'=') {
            return Some((trim(name), value));
        }
    }
    None
}

// What is before the first such byte, and what is behind it.
fn split_at_byte(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let (before, after) = text.split_at_checked(text.iter().position(|&other| other == byte)?)?;
    Some((before, after.split_first()?.1))
}

/// Says what a `Cookie` header holds for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No cookie of our name.
    None,
    /// Cookies of our name, but none that opens: why not the first.
    Rejected(Why),
    /// Two that open to different ids, or one beside more than 4: none counts.
    Ambiguous,
    /// The token, and the index of the secret that opened it.
    Token(SessionToken, usize),
}

/// Finds the session token in a `Cookie` header.
///
/// It takes linear time and no memory, whatever the header holds. Of two
/// tokens of one id it prefers the newer secret, then the later `issued`.
///
/// # Security
///
/// Another site of the same domain can plant a cookie of our name beside
/// ours: two that open to different ids are `Ambiguous`, never a guess. So is
/// one beside more than 4 of our name, as what is not looked at may open too.
#[must_use]
pub fn find(keyring: &Keyring, cookie_name: &str, header: &[u8], now: u64) -> Found {
    let mut found = Found::None;
    let mut values = named(header, cookie_name.as_bytes());
    for value in values.by_ref().take(MAX_CANDIDATES) {
        let opened = SessionToken::open(keyring, cookie_name, value, now);
        found = match (found, opened) {
            (Found::None, Err(why)) => Found::Rejected(why),
            (Found::None | Found::Rejected(_), Ok((token, index))) => Found::Token(token, index),
            (Found::Token(before, _), Ok((token, _))) if before.id != token.id => {
                return Found::Ambiguous;
            }
            (Found::Token(before, before_index), Ok((token, index))) => {
                let older_secret = index > before_index;
                let same_secret = index == before_index;
                if older_secret || (same_secret && token.issued <= before.issued) {
                    Found::Token(before, before_index)
                } else {
                    Found::Token(token, index)
                }
            }
            (found, _) => found,
        };
    }
    if matches!(found, Found::Token(..)) && values.next().is_some() { Found::Ambiguous } else { found }
}

/// Says on which requests from other sites the cookie is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// On navigations, not on what a page of another site loads.
    Lax,
    /// On none.
    Strict,
    /// On all; browsers want `secure` with it.
    None,
}

/// Says how long the browser keeps a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Until the browser ends its session.
    BrowserSession,
    /// For so many seconds, at most 400 days.
    Seconds(u64),
}

// The `Max-Age` and the time of `Expires`, in unix seconds; none for the browser's session.
pub(crate) type Ends = Option<(u64, u64)>;

/// What browsers drop at once.
pub(crate) const EXPIRED: Ends = Some((0, 0));

impl Lifetime {
    pub(crate) const fn ends(self, now: u64) -> Result<Ends, Error> {
        match self {
            Self::BrowserSession => Ok(None),
            Self::Seconds(seconds) if seconds > MAX_AGE_SECONDS => Err(Error::InvalidOptions),
            Self::Seconds(seconds) => Ok(Some((seconds, now.saturating_add(seconds)))),
        }
    }
}

/// Holds the attributes of the session cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieOptions {
    /// The cookie's name; a prefix like `__Host-` makes browsers hold it to
    /// more rules.
    pub name: String,
    /// The pages that the cookie is sent to.
    pub path: String,
    /// The domain whose every host gets the cookie; without it, this host.
    pub domain: Option<String>,
    /// The requests from other sites that the cookie is sent with.
    pub same_site: SameSite,
    /// Whether the cookie is kept off unencrypted connections.
    pub secure: bool,
    /// Whether scripts cannot read the cookie.
    pub http_only: bool,
    /// Whether each embedding site has a cookie of its own.
    pub partitioned: bool,
    /// How long a persistent cookie lives; without it, the browser's session.
    pub max_age_seconds: Option<u64>,
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self {
            name: "__Host-session".to_owned(),
            path: "/".to_owned(),
            domain: None,
            same_site: SameSite::Lax,
            secure: true,
            http_only: true,
            partitioned: false,
            max_age_seconds: None,
        }
    }
}

impl CookieOptions {
    /// Writes the `Set-Cookie` line that sets the cookie.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: a field holds what no cookie can, or the lifetime
    ///   is above 400 days.
    /// - `cookie-too-large`: name and value are above 4,096 bytes, or an
    ///   attribute is above 1,024. Nothing is ever cut.
    pub fn line(&self, value: &str, lifetime: Lifetime, now: u64) -> Result<String, Error> {
        text_of(self.written(value.as_bytes(), lifetime.ends(now)?)?)
    }

    /// Writes the `Set-Cookie` line that makes browsers drop the cookie.
    ///
    /// It has the attributes that the cookie was set with: with others,
    /// browsers keep it.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: a field holds what no cookie can.
    /// - `cookie-too-large`: the name or an attribute is too long.
    pub fn expired_line(&self) -> Result<String, Error> {
        text_of(self.written(b"", EXPIRED)?)
    }

    pub(crate) fn written(&self, value: &[u8], ends: Ends) -> Result<Vec<u8>, Error> {
        let mut line = Vec::new();
        self.append_line(self.name.as_bytes(), value, ends, &mut line)?;
        Ok(line)
    }

    // Checks every field here: platforms let through what browsers misread.
    #[inline(never)]
    pub(crate) fn append_line(&self, name: &[u8], value: &[u8], ends: Ends, line: &mut Vec<u8>) -> Result<(), Error> {
        let domain = self.domain.as_deref().unwrap_or("");
        let clean =
            is_token(name) && value.iter().copied().all(is_cookie_octet) && is_attribute(&self.path) && is_attribute(domain);
        if !clean {
            return Err(Error::InvalidOptions);
        }
        let name_and_value = name.len().saturating_add(value.len());
        if name_and_value > MAX_NAME_AND_VALUE || self.path.len().max(domain.len()) > MAX_ATTRIBUTE {
            return Err(Error::CookieTooLarge);
        }
        line.reserve(value.len().saturating_add(160));
        for piece in [name, b"=", value, b"; Path=", self.path.as_bytes()] {
            append(line, piece);
        }
        if self.domain.is_some() {
            append(line, b"; Domain=");
            append(line, domain.as_bytes());
        }
        if let Some((max_age, expires)) = ends {
            append(line, b"; Max-Age=");
            append_number(line, max_age);
            append(line, b"; Expires=");
            append_date(line, expires);
        }
        if self.secure {
            append(line, b"; Secure");
        }
        if self.http_only {
            append(line, b"; HttpOnly");
        }
        append(line, b"; SameSite=");
        append(
            line,
            match self.same_site {
                SameSite::Lax => b"Lax",
                SameSite::Strict => b"Strict",
                SameSite::None => b"None",
            },
        );
        if self.partitioned {
            append(line, b"; Partitioned");
        }
        Ok(())
    }
}

// What was checked is ASCII.
pub(crate) fn text_of(line: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(line).map_err(|_| Error::CoreFailed)
}

/// Tells whether a name is a token (RFC 9110 5.6.2).
#[must_use]
pub fn is_cookie_name(name: &str) -> bool {
    is_token(name.as_bytes())
}

#[inline(never)]
fn is_token(name: &[u8]) -> bool {
    let allowed = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
    };
    !name.is_empty() && name.iter().all(allowed)
}

/// Tells whether a `Path` or `Domain` has no control, `;` or non-ASCII.
#[must_use]
#[inline(never)]
pub fn is_attribute(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b';')
}

// RFC 6265bis 4.1.1, cookie-octet.
const fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

// SP and HTAB only: what Unicode calls white space belongs to the name, or
// a cookie that browsers let anybody set would pass for one with a prefix.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let Some(first) = text.iter().position(|byte| !blank(byte)) else {
        return &[];
    };
    let last = text.iter().rposition(|byte| !blank(byte)).unwrap_or(first);
    text.get(first..=last).unwrap_or_default()
}
