//! Seals and opens the values of records.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;

use crate::error::Error;
use crate::id::Id;
use crate::sealed::{self, Belongs, Fields};
use crate::session::lines::EMPTY;
use crate::session::settings::Settings;
use crate::token::Why;
use crate::xaes::NONCE_BYTES;

const PLAIN_DATA: &str = "1j.";
const SEALED_DATA: &str = "1s.";
const FORWARDING: &str = "1m.";

impl Settings {
    /// Gives the text of a record; its values sealed, where that is asked for and it has any.
    pub(super) fn record_text(&self, id: Id, header: String, values: &str, nonce: [u8; NONCE_BYTES]) -> Result<String, Error> {
        let data = header.strip_prefix(PLAIN_DATA);
        if !self.options.encrypt_records || (data.is_none() && values == EMPTY) {
            return Ok(header + values);
        }
        let header = data.map(|fields| SEALED_DATA.to_owned() + fields).unwrap_or(header);
        let key = self.record_key(id);
        let belongs = Belongs::Record(key.as_bytes(), header.as_bytes());
        let text = sealed::seal(&self.keyring, belongs, &Fields::default(), values.as_bytes(), nonce)?;
        Ok(header + &String::from_utf8(text).map_err(|_| Error::CoreFailed)?)
    }

    /// Gives the values of a record in clear; those of data are sealed by its first field, those left behind a forwarding
    /// where they are no object.
    ///
    /// `record-unsupported`: sealed under a secret that we have not; `record-corrupt`: sealed for another place, or damaged.
    pub(super) fn values_in_clear<'r>(&self, id: Id, record: &'r str, values: &'r str) -> Result<Cow<'r, str>, Error> {
        let sealed = record.starts_with(SEALED_DATA) || (record.starts_with(FORWARDING) && !values.starts_with('{'));
        if !sealed {
            return Ok(Cow::Borrowed(values));
        }
        let header = record.strip_suffix(values).unwrap_or_default();
        let key = self.record_key(id);
        let belongs = Belongs::Record(key.as_bytes(), header.as_bytes());
        match sealed::open(&self.keyring, belongs, values.as_bytes(), 0) {
            Ok(opened) => match core::str::from_utf8(opened.text()) {
                Ok(text) => Ok(Cow::Owned(text.to_owned())),
                Err(_) => Err(Error::RecordCorrupt),
            },
            Err(Why::UnknownKey) => Err(Error::RecordUnsupported),
            Err(_) => Err(Error::RecordCorrupt),
        }
    }
}
