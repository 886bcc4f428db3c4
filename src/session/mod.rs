//! The values that a handler reads and writes.

mod access;
mod call;
mod commit;
mod cookies;
#[cfg(feature = "json")]
mod finite;
mod flow;
mod load;
mod outcome;
#[cfg(feature = "json")]
mod typed;
mod values;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use call::{RANDOM_BYTES, Random, StoreAnswer, StoreCall, StoreOperation};

use crate::cookie::Found;
use crate::error::Error;
use crate::id::{Id, Mark};
use crate::record::{Header, Kind};
use crate::session::cookies::DueCookie;
use crate::session::flow::Flow;
use crate::session::outcome::{Change, Outcome};
use crate::session::values::EMPTY;
use crate::sessions::Sessions;
use crate::token::SessionToken;

/// Where a session stands: what the store said of it, if it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// Nobody asked yet.
    Unknown,
    /// There is no id: the commit of a first value draws one.
    Visitor,
    /// The cookie's id has no record: it is used again.
    Absent,
    /// The same, but a record past its deadline is still there.
    Expired,
    /// There is a record.
    Live,
    /// The session goes on under another id; `values` holds what may still be read.
    Forwarded,
    /// It ended while this request ran.
    Ended,
}

/// What the call under way is for.
enum Doing {
    Loading,
    /// Finding out whether the session that was left still lives: the values it shows then, and how often it was followed.
    Following(String, u32),
    Renewing,
    Committing(Box<Flow>),
    Destroying(Box<Flow>),
    /// Removing what is half done; then the call ends with this error.
    TakingBack(Error),
}

/// A `regenerate_id` that is not committed yet.
#[derive(Clone, Copy)]
struct Moving {
    id: Id,
    birth: Mark,
    grace_seconds: u64,
    persistent: bool,
}

/// What `regenerate_id` decides beside the new id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegenerateOptions {
    /// How long requests already on their way may still read, never write,
    /// what was there before, in seconds.
    pub grace_seconds: u64,
    /// Whether the cookie outlives the browser ("remember me"); true needs
    /// `max_age_seconds` of the cookie. `None` leaves it as it is.
    pub persistent: Option<bool>,
}

/// Holds one request's session: values to read and write, and what becomes of
/// them.
///
/// Nothing is stored and no cookie is set before a value is. The calls that
/// `load`, `commit`, `destroy` and `renew` begin are the store's to make: give
/// each answer to `answer`, which gives the next call, until there is none. A
/// call that never gets its answer counts as one that the store did not answer.
///
/// Typed values need the feature `json`; `get_text`, `set_text` and
/// `update_text` take them as JSON without it.
pub struct Session<'s> {
    sessions: &'s Sessions,
    /// The request's token, and the index of the secret that opened it.
    cookie: Option<(SessionToken, usize)>,
    found: Found,
    /// Whether the request has any cookie of our name.
    sent_cookie: bool,
    /// Whether the session is known by its id only.
    by_id: bool,
    is_navigation: bool,
    is_used: bool,
    opened_ms: u64,
    stand: Stand,
    /// The id whose record is meant; none for a visitor who stored nothing.
    id: Option<Id>,
    /// Whether this request drew `id`.
    own_id: bool,
    /// The birth that a first record gets.
    birth: Option<Mark>,
    /// The record that was seen last, and whose it is.
    seen: Option<(Id, Header)>,
    /// The values of that record, one entry a line.
    values: String,
    changes: Vec<Change<'s>>,
    /// What the changes come to on `values`; none where a replay failed.
    outcome: Option<Outcome>,
    moving: Option<Moving>,
    /// What this login decided on its cookie; none: as it came in.
    persistent: Option<bool>,
    /// Whether the cookie must not be sent again, as the id was seen forwarded or destroyed.
    outdated: bool,
    due: Option<DueCookie>,
    doing: Option<Doing>,
    /// A commit whose answer never came; its call is made again before anything else.
    pending: Option<Box<Flow>>,
    /// The error that a half-done regeneration left; it stays.
    broken: Option<Error>,
}

impl<'s> Session<'s> {
    pub(crate) fn of_request(sessions: &'s Sessions, found: Found, now_ms: u64) -> Self {
        let cookie = if let Found::Token(token, index) = found { Some((token, index)) } else { None };
        let id = cookie.map(|(token, _)| token.id);
        Self { cookie, found, sent_cookie: found != Found::None, id, opened_ms: now_ms, ..Self::new(sessions) }
    }

    pub(crate) fn of_id(sessions: &'s Sessions, id: Id) -> Self {
        Self { id: Some(id), by_id: true, ..Self::new(sessions) }
    }

    fn new(sessions: &'s Sessions) -> Self {
        Self {
            sessions,
            cookie: None,
            found: Found::None,
            sent_cookie: false,
            by_id: false,
            is_navigation: false,
            is_used: false,
            opened_ms: 0,
            stand: Stand::Unknown,
            id: None,
            own_id: false,
            birth: None,
            seen: None,
            values: EMPTY.to_owned(),
            changes: Vec::new(),
            outcome: Some(Outcome::default()),
            moving: None,
            persistent: None,
            outdated: false,
            due: None,
            doing: None,
            pending: None,
            broken: None,
        }
    }

    /// Gives the id: of a valid cookie also before `load`, else none before
    /// the first commit of a value. The id alone opens nothing for a stranger.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        self.moving.map(|moving| moving.id).or(self.id)
    }

    /// Gives the session's birth in unix milliseconds; none without a record.
    ///
    /// A `regenerate_id` is a new birth.
    #[must_use]
    pub fn created_at(&self) -> Option<u64> {
        match self.seen {
            Some((_, Header { kind: Kind::Data { created }, .. })) if self.stand == Stand::Live => Some(created),
            _ => None,
        }
    }

    /// Says whether there is no record, as far as known.
    #[must_use]
    pub fn is_new(&self) -> bool {
        match self.stand {
            Stand::Unknown => self.id.is_none(),
            Stand::Live => false,
            Stand::Forwarded => self.values == EMPTY,
            _ => true,
        }
    }

    /// Says whether `load` came to its end.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.stand != Stand::Unknown
    }

    /// Says whether the answer is this visitor's alone: then it needs
    /// `Cache-Control: private, no-store`.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.is_used
    }

    /// Says why the request's cookie does not count, as a code for logs.
    #[must_use]
    pub fn cookie_rejected(&self) -> Option<&'static str> {
        match self.found {
            Found::Rejected(why) => Some(why.code()),
            Found::Ambiguous => Some("ambiguous"),
            Found::None | Found::Token(..) => None,
        }
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Session(..)")
    }
}
