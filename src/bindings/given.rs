//! Reads what JavaScript put into the scratch.

use crate::error::Error;
use crate::id::{Id, Mark};
use crate::record::Header;

/// What JavaScript put into the scratch, read from its start.
pub(super) struct Given<'t>(pub(super) &'t [u8]);

impl Given<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Error::CoreFailed)?;
        self.0 = rest;
        Ok(*taken)
    }

    #[inline(never)]
    pub(super) fn id(&mut self) -> Result<Id, Error> {
        Id::parse(&self.take::<22>()?).ok_or(Error::CoreFailed)
    }

    #[inline(never)]
    pub(super) fn mark(&mut self) -> Result<Mark, Error> {
        Mark::parse(&self.take::<16>()?).ok_or(Error::CoreFailed)
    }

    #[inline(never)]
    pub(super) fn header(&mut self) -> Result<Option<Header>, Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        Header::parse(self.0).map(|(header, _)| Some(header)).map_err(|_| Error::CoreFailed)
    }
}
