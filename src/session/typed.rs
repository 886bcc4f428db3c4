//! Values by their Rust type, through serde.

use alloc::string::String;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::value::SeqDeserializer;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::session::finite::Finite;
use crate::session::values::{bytes_of, value_text};
use crate::session::visit::Session;

/// The start of an object whose only key may be ours: it stands for something that JSON has not.
const TAGGED: &str = "{\"\\u0000";

/// The start of a user's object that was told apart from ours.
const TOLD_APART: &str = "{\"\\u0000\\u0000";

impl<'s> Session<'s> {
    /// Gives a value, each time a fresh one: what is done to it is not saved
    /// until it is `set`.
    ///
    /// # Errors
    ///
    /// - `not-loaded`: call `load` first.
    /// - `record-corrupt`: what is stored is no `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        self.get_text(key)?.map(value_of).transpose()
    }

    /// Sets a value, a copy of it.
    ///
    /// Bytes are a list of numbers here; `set_bytes` is shorter.
    ///
    /// # Errors
    ///
    /// - `value-not-serializable`: it is no JSON, or would not come back
    ///   equal: a number that is not finite, more than 64 levels.
    /// - `not-loaded`: call `load` first.
    /// - `no-session`: the session was opened by its id, and is none.
    pub fn set<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Error> {
        self.set_text(key, &text_of(value)?)
    }

    /// Sets a value computed from the one that is there.
    ///
    /// It is computed again when the commit is replayed on a newer one, so
    /// that no step is lost: `change` gives the same for the same.
    ///
    /// # Errors
    ///
    /// As `set`, and:
    ///
    /// - `record-corrupt`: what is stored is no `T`; the commit may find so
    ///   too, and nothing is stored then.
    pub fn update<T, F>(&mut self, key: &str, change: F) -> Result<(), Error>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + 's,
    {
        self.update_text(key, move |text| {
            let value = text.map(value_of).transpose()?;
            text_of(&change(value))
        })
    }
}

/// Writes a value as it stands in a record.
fn text_of<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    value.serialize(Finite).map_err(|_| Error::ValueNotSerializable)?;
    let text = serde_json::to_string(value).map_err(|_| Error::ValueNotSerializable)?;
    if text.starts_with(TAGGED) && has_one_key(&text) {
        return value_text(&text.replacen(TAGGED, TOLD_APART, 1));
    }
    value_text(&text)
}

/// Reads a value from a record.
fn value_of<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let value = if let Some(bytes) = bytes_of(text) {
        T::deserialize(SeqDeserializer::<_, serde_json::Error>::new(bytes.into_iter()))
    } else if text.starts_with(TOLD_APART) && has_one_key(text) {
        serde_json::from_str(&text.replacen(TOLD_APART, TAGGED, 1))
    } else {
        serde_json::from_str(text)
    };
    value.map_err(|_| Error::RecordCorrupt)
}

fn has_one_key(text: &str) -> bool {
    serde_json::from_str::<Map<String, Value>>(text).is_ok_and(|object| object.len() == 1)
}
