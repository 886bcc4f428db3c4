//! Everything that one request knows of its session.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::cookie::Found;
use crate::error::Error;
use crate::id::{Id, Mark};
use crate::lifecycle::state::Task;
use crate::lifecycle::{Call, End, Limits};
use crate::record::{Header, Kind};
use crate::session::lines::EMPTY;
use crate::session::outcome::{Change, Outcome};
use crate::session::settings::Settings;
use crate::token::SessionToken;

/// Where a session stands: what the store said of it, if it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
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
pub(super) enum Doing {
    Loading,
    /// Finding out whether the session that was left still lives: the values it shows then, and how often it was followed.
    Following(String, u32),
    Renewing,
    Committing(Box<Flow>),
    Destroying(Box<Flow>),
    /// Finding out whether the session lived on whose shown values were taken along: the commit that did so, and its end.
    Outliving(Box<Flow>, End, u32),
    /// Removing what is half done; then the call ends with this error.
    TakingBack(Error),
}

/// A `regenerate_id` that is not committed yet.
#[derive(Clone, Copy)]
pub(super) struct Moving {
    pub(super) id: Id,
    pub(super) birth: Mark,
    pub(super) grace_seconds: u64,
    pub(super) persistent: bool,
}

/// A task under way, and the texts that were made for it.
pub(super) struct Flow {
    pub(super) task: Task,
    pub(super) limits: Limits,
    /// Unix milliseconds at which its time is over.
    pub(super) until_ms: u64,
    /// The values that the changes are made to.
    pub(super) base: String,
    /// Those values with the changes made.
    pub(super) text: Option<String>,
    /// Those that were sent last; a record that came back since is none of them.
    pub(super) sent: Option<String>,
    /// What the changes come to on `base`, where that is known already.
    pub(super) outcome: Option<Outcome>,
    /// How many of the request's changes it takes.
    pub(super) taken: usize,
    /// The `regenerate_id` that it commits.
    pub(super) moving: Option<Moving>,
    /// The new id whose record a regeneration asked for.
    pub(super) created: Option<Id>,
    /// The call that was made last.
    pub(super) called: Option<Call>,
    /// What that call failed with.
    pub(super) error: Option<Error>,
    /// Whether it is a commit of before, whose answer never came.
    pub(super) resumed: bool,
}

/// A `Set-Cookie` line that is due: confirmed, and not yet outdated by a later one.
pub(super) struct DueCookie {
    pub(super) line: String,
    /// Whether it only says again what the browser has.
    pub(super) again: bool,
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
    pub(super) settings: &'s Settings,
    /// The request's token, and the index of the secret that opened it.
    pub(super) cookie: Option<(SessionToken, usize)>,
    pub(super) found: Found,
    /// Whether the request has any cookie of our name.
    pub(super) sent_cookie: bool,
    /// Whether the session is known by its id only.
    pub(super) by_id: bool,
    pub(super) is_navigation: bool,
    pub(super) is_used: bool,
    pub(super) opened_ms: u64,
    pub(super) stand: Stand,
    /// The id whose record is meant; none for a visitor who stored nothing.
    pub(super) id: Option<Id>,
    /// Whether this request drew `id`.
    pub(super) own_id: bool,
    /// The birth that a first record gets.
    pub(super) birth: Option<Mark>,
    /// The record that was seen last, and whose it is.
    pub(super) seen: Option<(Id, Header)>,
    /// The values of that record, one entry a line.
    pub(super) values: String,
    pub(super) changes: Vec<Change<'s>>,
    /// What the changes come to on `values`; none where a replay failed.
    pub(super) outcome: Option<Outcome>,
    pub(super) moving: Option<Moving>,
    /// What this login decided on its cookie; none: as it came in.
    pub(super) persistent: Option<bool>,
    /// Whether the cookie must not be sent again, as the session was seen to end after it was loaded.
    pub(super) outdated: bool,
    pub(super) due: Option<DueCookie>,
    pub(super) doing: Option<Doing>,
    /// A commit whose answer never came; its call is made again before anything else.
    pub(super) pending: Option<Box<Flow>>,
    /// The error of a commit of which nobody can say whether it was stored; it stays.
    pub(super) broken: Option<Error>,
}

impl<'s> Session<'s> {
    pub(crate) fn of_request(settings: &'s Settings, found: Found, now_ms: u64) -> Self {
        let cookie = if let Found::Token(token, index) = found { Some((token, index)) } else { None };
        let id = cookie.map(|(token, _)| token.id);
        Self { cookie, found, sent_cookie: found != Found::None, id, opened_ms: now_ms, ..Self::new(settings) }
    }

    pub(crate) fn of_id(settings: &'s Settings, id: Id) -> Self {
        Self { id: Some(id), by_id: true, ..Self::new(settings) }
    }

    fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
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
