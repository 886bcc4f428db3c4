//! One configuration of sessions, made once.

use core::fmt;

use crate::cookie;
use crate::error::Error;
use crate::id::Id;
use crate::options::Options;
use crate::session::{Capabilities, Session, Settings};

/// Opens the sessions of requests: the keys and options of one configuration.
///
/// It does no I/O, reads no clock and draws no randomness. Whatever a session
/// wants of the store it gives as a [`StoreCall`](crate::session::StoreCall);
/// make the call, give the session the answer, until there is no further one.
/// Make one `Sessions` for all requests.
///
/// # Examples
///
/// ```
/// # use std::collections::HashMap;
/// # use edge_session::session::{Random, StoreAnswer, StoreCall, StoreOperation};
/// # use edge_session::{Error, Options, Sessions};
/// # fn ask(store: &mut HashMap<String, String>, call: StoreCall) -> StoreAnswer {
/// #     match call.operation {
/// #         StoreOperation::Load { key, .. } => store.get(&key).cloned().map_or(StoreAnswer::Absent, StoreAnswer::Record),
/// #         StoreOperation::Create { key, record, .. } | StoreOperation::Update { key, record, .. } => {
/// #             store.insert(key, record);
/// #             StoreAnswer::Done
/// #         }
/// #         _ => StoreAnswer::Done,
/// #     }
/// # }
/// # fn random() -> Random {
/// #     Random::from_bytes(core::array::from_fn(|_| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0) as u8))
/// # }
/// # fn main() -> Result<(), Error> {
/// # let (mut store, now_ms) = (HashMap::new(), 1_790_000_000_000);
/// # let secret = vec![7; 32];
/// let sessions = Sessions::new(Options::new(vec![secret]))?;
///
/// let mut session = sessions.open("", now_ms); // the request's `Cookie` header
/// let mut call = session.load();
/// while let Some(asked) = call {
///     call = session.answer(ask(&mut store, asked), now_ms, random())?;
/// }
/// session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
/// let mut call = session.commit(now_ms, random())?;
/// while let Some(asked) = call {
///     call = session.answer(ask(&mut store, asked), now_ms, random())?;
/// }
/// assert_eq!(session.get("visits")?, Some(1));
/// assert!(session.set_cookie_headers()[0].starts_with("__Host-session="));
/// # assert_eq!(store.len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Sessions {
    settings: Settings,
}

impl Sessions {
    /// Derives the keys; of the options it keeps everything but the secrets.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: `Options::problems` lists what is wrong.
    pub fn new(options: Options) -> Result<Self, Error> {
        options.check()?;
        let mut options = options;
        let keyring = options.take_keyring()?;
        Ok(Self { settings: Settings::new(keyring, options) })
    }

    /// Says what the store can do, where that is less than usual.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: the idle timeout is below what the store keeps.
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Result<Self, Error> {
        if self.settings.options.idle_timeout_seconds < capabilities.min_ttl_seconds {
            return Err(Error::InvalidOptions);
        }
        self.settings.capabilities = capabilities;
        Ok(self)
    }

    /// Bounds the whole of one commit, replays included; 10 seconds by default.
    #[must_use]
    pub fn with_io_timeout_ms(mut self, io_timeout_ms: u64) -> Self {
        self.settings.io_timeout_ms = io_timeout_ms;
        self
    }

    /// Gives up merging: of two commits the later one wins whole, as in ASP.NET Core.
    #[must_use]
    pub fn with_last_write_wins(mut self) -> Self {
        self.settings.merges = false;
        self
    }

    /// Opens the session of a request, without any I/O.
    ///
    /// `cookie_header` is the request's `Cookie` header, empty where there is
    /// none. No cookie, or one that does not open, is a new session.
    #[must_use]
    pub fn open(&self, cookie_header: impl AsRef<[u8]>, now_ms: u64) -> Session<'_> {
        let name = &self.settings.options.cookie.name;
        let found = cookie::find(&self.settings.keyring, name, cookie_header.as_ref(), now_ms / 1000);
        Session::of_request(&self.settings, found, now_ms)
    }

    /// Opens a session known by its id, where there is no request.
    ///
    /// It never sets a cookie and never begins a session.
    ///
    /// # Security
    ///
    /// Never take an id from a user: who can name a session can end it.
    #[must_use]
    pub fn open_by_id(&self, id: Id) -> Session<'_> {
        Session::of_id(&self.settings, id)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sessions(..)")
    }
}
