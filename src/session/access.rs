//! Reads and changes a session's values.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cookie::MAX_AGE_SECONDS;
use crate::error::Error;
use crate::session::call::Random;
use crate::session::outcome::{Change, Outcome};
use crate::session::values::{bytes_of, bytes_text, find, key_of, key_text, key_texts, value_text};
use crate::session::visit::{Moving, Session, Stand};

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

impl<'s> Session<'s> {
    /// Gives a value's JSON, as it stands in the record.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    pub fn get_text(&self, key: &str) -> Result<Option<&str>, Error> {
        self.check_loaded()?;
        let key = key_text(key);
        Ok(match &self.outcome {
            Some(outcome) => outcome.text_after(&self.values, &key),
            None => find(&self.values, &key),
        })
    }

    /// Gives a value that is bytes; none where it is something else.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    pub fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.get_text(key)?.and_then(bytes_of))
    }

    /// Says whether there is such a value.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    pub fn has(&self, key: &str) -> Result<bool, Error> {
        Ok(self.get_text(key)?.is_some())
    }

    /// Gives the keys.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    pub fn keys(&self) -> Result<Vec<String>, Error> {
        self.check_loaded()?;
        Ok(self.key_texts().into_iter().filter_map(key_of).collect())
    }

    /// Sets a value by its JSON: compact, not more than 64 levels.
    ///
    /// # Errors
    ///
    /// - `value-not-serializable`: it is no such JSON.
    /// - `not-loaded`: call `load` first.
    /// - `no-session`: the session was opened by its id, and is none.
    pub fn set_text(&mut self, key: &str, json: &str) -> Result<(), Error> {
        self.apply(Change::Set(key_text(key), value_text(json)?))
    }

    /// Sets a value that is bytes; JavaScript sees them as a `Uint8Array`.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    /// - `no-session`: the session was opened by its id, and is none.
    pub fn set_bytes(&mut self, key: &str, bytes: &[u8]) -> Result<(), Error> {
        self.apply(Change::Set(key_text(key), bytes_text(bytes)))
    }

    /// Sets a value's JSON computed from the one that is there.
    ///
    /// It is computed again when the commit is replayed on a newer one, so
    /// that no step is lost: `change` gives the same for the same. What it
    /// fails with rejects this call, or the commit; nothing is stored then.
    ///
    /// # Errors
    ///
    /// As `set_text`, and what `change` fails with.
    pub fn update_text<F>(&mut self, key: &str, change: F) -> Result<(), Error>
    where
        F: Fn(Option<&str>) -> Result<String, Error> + Send + 's,
    {
        let compute = move |text: Option<&str>| value_text(&change(text)?);
        self.apply(Change::Update(key_text(key), Box::new(compute)))
    }

    /// Removes a value.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    /// - `no-session`: the session was opened by its id, and is none.
    pub fn remove(&mut self, key: &str) -> Result<(), Error> {
        self.check_writable()?;
        if self.has(key)? { self.apply(Change::Remove(key_text(key))) } else { Ok(()) }
    }

    /// Removes all values; the session stays.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    /// - `no-session`: the session was opened by its id, and is none.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.check_writable()?;
        if self.key_texts().is_empty() { Ok(()) } else { self.apply(Change::Clear) }
    }

    /// Moves the values to a new id at the commit, and forwards the old one.
    ///
    /// `id` gives the new one from now on.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    /// - `no-session`: the session was opened by its id, where a new id has no
    ///   cookie to go to.
    /// - `invalid-options`: more than 400 days of grace, or a persistent cookie
    ///   without `max_age_seconds`.
    ///
    /// # Security
    ///
    /// Call it at every change of privilege, sign-in above all: a cookie that
    /// somebody planted before is then worth nothing.
    pub fn regenerate_id(&mut self, options: RegenerateOptions, random: Random) -> Result<(), Error> {
        self.check_loaded()?;
        if self.by_id {
            return Err(Error::NoSession);
        }
        let needs_max_age = options.persistent == Some(true) && self.settings.options.cookie.max_age_seconds.is_none();
        if options.grace_seconds > MAX_AGE_SECONDS || needs_max_age {
            return Err(Error::InvalidOptions);
        }
        let before = self.moving.map_or_else(|| self.stays_persistent(), |moving| moving.persistent);
        self.moving = Some(Moving {
            id: random.id(),
            birth: random.birth(),
            grace_seconds: options.grace_seconds,
            persistent: options.persistent.unwrap_or(before),
        });
        Ok(())
    }

    pub(super) fn key_texts(&self) -> Vec<&str> {
        match &self.outcome {
            Some(outcome) => outcome.keys_after(&self.values),
            None => key_texts(&self.values).collect(),
        }
    }

    fn check_loaded(&self) -> Result<(), Error> {
        if self.is_loaded() { Ok(()) } else { Err(Error::NotLoaded) }
    }

    fn check_writable(&self) -> Result<(), Error> {
        self.check_loaded()?;
        if self.by_id && self.stand != Stand::Live { Err(Error::NoSession) } else { Ok(()) }
    }

    fn apply(&mut self, change: Change<'s>) -> Result<(), Error> {
        self.check_writable()?;
        let mut outcome = match self.outcome.take() {
            Some(outcome) => outcome,
            None => Outcome::of(&self.changes, &self.values)?,
        };
        let applied = outcome.apply(&change, &self.values);
        self.outcome = Some(outcome);
        applied?;
        self.changes.push(change);
        Ok(())
    }
}
