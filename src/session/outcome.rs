//! What a request's changes come to, and their replay.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::changes::{Change as Merge, Changes};
use crate::error::Error;
use crate::session::values::{find, key_texts};

/// Computes a value's text from the one that is there.
pub(super) type Compute<'s> = Box<dyn Fn(Option<&str>) -> Result<String, Error> + Send + 's>;

/// One change; keys and values are texts of a record.
pub(super) enum Change<'s> {
    Set(String, String),
    /// Made anew on every replay.
    Update(String, Compute<'s>),
    Remove(String),
    Clear,
}

/// What changes come to: whether all goes first, and then the text of each key, `None` where it goes.
#[derive(Clone, Default)]
pub(super) struct Outcome {
    clears: bool,
    /// In the order of their first change.
    texts: Vec<(String, Option<String>)>,
}

impl Outcome {
    /// Makes all changes, on the values that are there now.
    pub(super) fn of(changes: &[Change<'_>], values: &str) -> Result<Outcome, Error> {
        let mut outcome = Outcome::default();
        for change in changes {
            outcome.apply(change, values)?;
        }
        Ok(outcome)
    }

    /// Adds one change to what the changes before it came to.
    pub(super) fn apply(&mut self, change: &Change<'_>, values: &str) -> Result<(), Error> {
        match change {
            Change::Set(key, text) => self.put(key, Some(text.clone())),
            Change::Update(key, compute) => {
                let text = compute(self.text_after(values, key))?;
                self.put(key, Some(text));
            }
            Change::Remove(key) => self.put(key, None),
            Change::Clear => {
                self.clears = true;
                self.texts.clear();
            }
        }
        Ok(())
    }

    /// Gives the text of a key after the changes.
    pub(super) fn text_after<'o>(&'o self, values: &'o str, key: &str) -> Option<&'o str> {
        match self.texts.iter().find(|(changed, _)| changed == key) {
            Some((_, text)) => text.as_deref(),
            None if self.clears => None,
            None => find(values, key),
        }
    }

    /// Gives the keys after the changes, as text: those that stay in place, then the new ones.
    pub(super) fn keys_after<'o>(&'o self, values: &'o str) -> Vec<&'o str> {
        let stored: Vec<&str> = if self.clears { Vec::new() } else { key_texts(values).collect() };
        let stays = |key: &&str| self.texts.iter().all(|(changed, text)| changed != key || text.is_some());
        let mut keys: Vec<&str> = stored.iter().copied().filter(stays).collect();
        let set = self.texts.iter().filter(|(key, text)| text.is_some() && !stored.contains(&key.as_str()));
        keys.extend(set.map(|(key, _)| key.as_str()));
        keys
    }

    /// Says whether the changes leave any value where there was none.
    pub(super) fn sets_anything(&self) -> bool {
        self.texts.iter().any(|(_, text)| text.is_some())
    }

    /// Gives the values with the changes made.
    pub(super) fn merge(&self, values: &str) -> Result<String, Error> {
        let changes =
            self.texts.iter().map(|(key, text)| Merge { key: key.as_bytes(), value: text.as_deref().map(str::as_bytes) });
        let changes = Changes { clears: self.clears, changes: changes.collect() };
        let mut merged = Vec::with_capacity(values.len().saturating_add(64));
        changes.merge(values.as_bytes(), &mut merged)?;
        String::from_utf8(merged).map_err(|_| Error::CoreFailed)
    }

    fn put(&mut self, key: &str, text: Option<String>) {
        match self.texts.iter_mut().find(|(changed, _)| changed == key) {
            Some((_, before)) => *before = text,
            None => self.texts.push((key.to_owned(), text)),
        }
    }
}
