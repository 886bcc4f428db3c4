//! Joins parts so that no boundary between them can move.

use alloc::vec::Vec;

use crate::error::Error;

/// Bytes that need no allocation: every cookie name up to 150 characters.
const ROOM: usize = 256;

/// Holds parts in a row, each with its length before it.
///
/// The length is 2 bytes, big-endian: `ab`, `c` and `a`, `bc` differ.
pub(crate) struct Parts {
    start: [u8; ROOM],
    /// Bytes of `start` in use.
    used: usize,
    /// Everything, once it outgrew `start`.
    grown: Vec<u8>,
}

impl Parts {
    pub(crate) const fn new() -> Self {
        Self { start: [0; ROOM], used: 0, grown: Vec::new() }
    }

    // Refuses a part longer than its length field can say.
    pub(crate) fn push(&mut self, part: &[u8]) -> Result<(), Error> {
        let Ok(length) = u16::try_from(part.len()) else {
            return Err(Error::InvalidOptions);
        };
        self.append(&length.to_be_bytes());
        self.append(part);
        Ok(())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        if self.grown.is_empty() { self.start.get(..self.used).unwrap_or_default() } else { &self.grown }
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.used.saturating_add(bytes.len());
        if self.grown.is_empty() {
            if let Some(room) = self.start.get_mut(self.used..end) {
                room.copy_from_slice(bytes);
                self.used = end;
                return;
            }
            self.grown = self.as_bytes().to_vec();
        }
        self.grown.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::{Parts, ROOM};
    use crate::error::Error;

    fn joined(parts: &[&[u8]]) -> Vec<u8> {
        let mut joined = Parts::new();
        for part in parts {
            joined.push(part).expect("a short part");
        }
        joined.as_bytes().to_vec()
    }

    #[test]
    fn every_part_has_its_length_before_it() {
        assert_eq!(joined(&[b"ab", b"", b"c"]), b"\0\x02ab\0\0\0\x01c");
    }

    #[test]
    fn a_boundary_that_moves_changes_the_bytes() {
        assert_ne!(joined(&[b"ab", b"c"]), joined(&[b"a", b"bc"]));
        assert_ne!(joined(&[b"ab", b""]), joined(&[b"ab"]));
    }

    #[test]
    fn parts_of_any_length_join_alike() {
        for first in 0..=ROOM {
            let part = vec![b'x'; first];
            let mut expected = u16::try_from(first).expect("a length").to_be_bytes().to_vec();
            expected.extend_from_slice(&part);
            expected.extend_from_slice(b"\0\x03end");
            assert_eq!(joined(&[&part, b"end"]), expected, "{first}");
        }
    }

    #[test]
    fn a_part_longer_than_its_length_field_is_refused() {
        let mut parts = Parts::new();
        assert_eq!(parts.push(&[0; 65_536]), Err(Error::InvalidOptions));
        assert_eq!(parts.push(&[0; 65_535]), Ok(()));
    }
}
