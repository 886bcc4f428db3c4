//! Random bits that name a session or mark a record.

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};

/// Bytes of a session id: 128 bits (OWASP ASVS 7.2.3).
pub const ID_BYTES: usize = 16;

/// Characters of a session id as base64url.
pub const ID_TEXT: usize = 22;

/// Characters of a revision or a birth: 96 bits as base64url.
pub const MARK_TEXT: usize = 16;

/// Names one session: 128 random bits, drawn by the caller.
///
/// # Security
///
/// Take the bytes from the platform's generator of random numbers: an id that
/// can be guessed is a session that can be taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Id([u8; ID_BYTES]);

impl Id {
    /// Makes an id of 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// Gives the 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }

    /// Writes the id as 22 base64url characters.
    #[must_use]
    pub fn to_text(&self) -> [u8; ID_TEXT] {
        encode(&self.0)
    }

    /// Reads 22 base64url characters, in canonical form only.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text: &[u8; ID_TEXT] = text.try_into().ok()?;
        decode(text).map(Self)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Id(..)")
    }
}

/// Marks a record: its revision or its birth, 96 random bits.
///
/// It is kept as the 16 base64url characters that stand in a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mark([u8; MARK_TEXT]);

impl Mark {
    /// Makes a mark of 96 random bits, drawn by the caller.
    #[must_use]
    pub fn from_bits(bits: [u8; 12]) -> Self {
        Self(encode(&bits))
    }

    /// Gives the 96 bits.
    #[must_use]
    pub fn to_bits(&self) -> [u8; 12] {
        decode(&self.0).unwrap_or_default()
    }

    /// Reads 16 base64url characters.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text: &[u8; MARK_TEXT] = text.try_into().ok()?;
        // Sixteen characters are 96 bits with none to spare, and a mark is no secret: nothing need be decoded.
        text.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).then_some(Self(*text))
    }

    /// Gives the 16 characters.
    #[must_use]
    pub const fn as_text(&self) -> &[u8; MARK_TEXT] {
        &self.0
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Mark(..)")
    }
}

// The callers' lengths fit each other, so encoding cannot fail.
#[inline(never)]
fn encode<const TEXT: usize>(bytes: &[u8]) -> [u8; TEXT] {
    let mut text = [b'A'; TEXT];
    let written = Base64UrlUnpadded::encode(bytes, &mut text).is_ok();
    debug_assert!(written);
    text
}

// The callers check the length; spare bits must be zero (RFC 4648 3.5).
#[inline(never)]
fn decode<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    Base64UrlUnpadded::decode(text, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Id, Mark};

    const BYTES: [u8; 16] = [0, 16, 131, 16, 81, 135, 32, 146, 139, 48, 211, 143, 65, 20, 147, 255];

    #[test]
    fn an_id_comes_back_from_its_text() {
        let text = Id::from_bytes(BYTES).to_text();
        assert_eq!(&text, b"ABCDEFGHIJKLMNOPQRST_w");
        assert_eq!(Id::parse(&text), Some(Id::from_bytes(BYTES)));
    }

    #[test]
    fn an_id_with_spare_bits_set_is_refused() {
        assert_eq!(Id::parse(b"ABCDEFGHIJKLMNOPQRST_x"), None);
    }

    #[test]
    fn an_id_of_another_length_is_refused() {
        for length in (0..64).filter(|&length| length != 22) {
            assert_eq!(Id::parse(&vec![b'A'; length]), None, "{length}");
        }
    }

    #[test]
    fn a_text_outside_the_alphabet_is_refused() {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        for byte in 0..=255u8 {
            let mut id = *b"ABCDEFGHIJKLMNOPQRST_w";
            id[7] = byte;
            assert_eq!(Id::parse(&id).is_some(), allowed(byte), "{byte}");
            let mut mark = *b"ABCDEFGHIJKLMNOP";
            mark[15] = byte;
            assert_eq!(Mark::parse(&mark).is_some(), allowed(byte), "{byte}");
        }
    }

    #[test]
    fn a_mark_comes_back_from_its_text() {
        let mark = Mark::from_bits([0, 16, 131, 16, 81, 135, 32, 146, 139, 48, 211, 143]);
        assert_eq!(mark.as_text(), b"ABCDEFGHIJKLMNOP");
        assert_eq!(Mark::parse(mark.as_text()), Some(mark));
    }

    #[test]
    fn a_mark_of_another_length_is_refused() {
        for length in (0..64).filter(|&length| length != 16) {
            assert_eq!(Mark::parse(&vec![b'A'; length]), None, "{length}");
        }
    }

    #[test]
    fn no_id_or_mark_shows_itself() {
        assert_eq!(format!("{:?}", Id::from_bytes(BYTES)), "Id(..)");
        assert_eq!(format!("{:?}", Mark::from_bits([7; 12])), "Mark(..)");
    }
}
