//! One configuration of sessions, made once.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::cookie;
use crate::error::Error;
use crate::id::Id;
use crate::keyring::Keyring;
use crate::lifecycle::Limits;
use crate::options::Options;
use crate::session::Session;

/// Milliseconds that a commit may take, replays included.
const IO_TIMEOUT_MS: u64 = 10_000;

/// What a store can do; what it cannot, sessions do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether `Update` compares and sets in one atomic step. Without it
    /// commits cannot merge: the later of two wins whole.
    pub compare_and_set: bool,
    /// The shortest time to live that the store keeps, in seconds.
    pub min_ttl_seconds: u64,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self { compare_and_set: true, min_ttl_seconds: 1 }
    }
}

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
    pub(crate) keyring: Keyring,
    pub(crate) options: Options,
    pub(crate) capabilities: Capabilities,
    pub(crate) io_timeout_ms: u64,
    /// Whether a commit that met a conflict makes its changes anew, on what is there.
    pub(crate) merges: bool,
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
        let secrets: Vec<&[u8]> = options.secrets.iter().map(Vec::as_slice).collect();
        let keyring = Keyring::new(&secrets, &options.application_name)?;
        for secret in &mut options.secrets {
            secret.fill(0);
        }
        options.secrets.clear();
        let capabilities = Capabilities::default();
        Ok(Self { keyring, options, capabilities, io_timeout_ms: IO_TIMEOUT_MS, merges: true })
    }

    /// Says what the store can do, where that is less than usual.
    ///
    /// # Errors
    ///
    /// - `invalid-options`: the idle timeout is below what the store keeps.
    pub fn with_capabilities(self, capabilities: Capabilities) -> Result<Self, Error> {
        if self.options.idle_timeout_seconds < capabilities.min_ttl_seconds {
            return Err(Error::InvalidOptions);
        }
        Ok(Self { capabilities, ..self })
    }

    /// Bounds the whole of one commit, replays included; 10 seconds by default.
    #[must_use]
    pub fn with_io_timeout_ms(self, io_timeout_ms: u64) -> Self {
        Self { io_timeout_ms, ..self }
    }

    /// Gives up merging: of two commits the later one wins whole, as in ASP.NET Core.
    #[must_use]
    pub fn with_last_write_wins(self) -> Self {
        Self { merges: false, ..self }
    }

    /// Opens the session of a request, without any I/O.
    ///
    /// `cookie_header` is the request's `Cookie` header, empty where there is
    /// none. No cookie, or one that does not open, is a new session.
    #[must_use]
    pub fn open(&self, cookie_header: impl AsRef<[u8]>, now_ms: u64) -> Session<'_> {
        let name = &self.options.cookie.name;
        let found = cookie::find(&self.keyring, name, cookie_header.as_ref(), now_ms / 1000);
        Session::of_request(self, found, now_ms)
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
        Session::of_id(self, id)
    }

    /// Gives the key of a session's record.
    pub(crate) fn record_key(&self, id: Id) -> String {
        let mut key = String::from("{");
        key.push_str(&self.options.application_name);
        key.push('_');
        key.extend(id.to_text().into_iter().map(char::from));
        key.push_str("}_Data");
        key
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            idle_timeout_seconds: self.options.idle_timeout_seconds,
            absolute_timeout_seconds: self.options.absolute_timeout_seconds,
            compares: self.capabilities.compare_and_set,
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sessions(..)")
    }
}
