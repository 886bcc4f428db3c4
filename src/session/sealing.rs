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
    pub(super) fn record_text(
        &self,
        id: Id,
        mut header: String,
        values: &str,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<String, Error> {
        let is_data = header.starts_with(PLAIN_DATA);
        if !self.options.encrypt_records || (!is_data && values == EMPTY) {
            header.push_str(values);
            return Ok(header);
        }
        if is_data {
            header.replace_range(..PLAIN_DATA.len(), SEALED_DATA);
        }
        let key = self.record_key(id);
        let belongs = Belongs::Record(key.as_bytes(), header.as_bytes());
        let text = sealed::seal(&self.keyring, belongs, &Fields::default(), values.as_bytes(), nonce)?;
        header.push_str(core::str::from_utf8(&text).map_err(|_| Error::CoreFailed)?);
        Ok(header)
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
