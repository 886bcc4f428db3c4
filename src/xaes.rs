//! AES-256-GCM with a nonce long enough to be random.

use core::fmt;

use aes_gcm::aead::consts::{U4, U12, U16, U24};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::Aes256Enc;
use aes_gcm::aes::cipher::array::Array;
use aes_gcm::{AesGcm, Nonce, Tag};

use crate::ahead::{Ahead, encrypt_four, encrypt_one};
use crate::error::Error;

/// Bytes of a nonce: random ones serve for 2^80 tokens (C2SP XAES-256-GCM).
pub const NONCE_BYTES: usize = 24;

/// Bytes of a tag: the whole one (NIST SP 800-38D 5.2.1.2).
pub const TAG_BYTES: usize = 16;

/// What CMAC's doubling adds where a bit falls out (NIST SP 800-38B 5.3).
const DOUBLING_POLYNOMIAL: u128 = 0x87;

/// The counters 1 and 2, the label `X`, a zero (C2SP XAES-256-GCM).
const FIRST_HALF: Array<u8, U4> = Array([0, 1, b'X', 0]);
const SECOND_HALF: Array<u8, U4> = Array([0, 2, b'X', 0]);

/// Holds one prepared XAES-256-GCM key.
///
/// Each token is sealed with plain AES-256-GCM under a key of its own, made
/// of this one and the first half of the nonce.
pub struct XaesKey {
    cipher: Aes256Enc,
    /// The CMAC subkey K1 of the key, its bytes in order.
    subkey: [u8; 16],
}

impl XaesKey {
    /// Prepares a key of 32 random bytes.
    #[must_use]
    #[inline(never)]
    pub fn new(key: &[u8; 32]) -> Self {
        let cipher = Aes256Enc::new(&Array(*key));
        let zero_block = u128::from_be_bytes(encrypt_one(&cipher, Array([0; 16])).0);
        let carry = 0_u128.wrapping_sub(zero_block >> 127);
        let subkey = (zero_block << 1) ^ (DOUBLING_POLYNOMIAL & carry);
        Self { cipher, subkey: subkey.to_be_bytes() }
    }

    /// Encrypts the buffer in place and gives its tag.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the buffer is longer than GCM allows.
    ///
    /// # Security
    ///
    /// A nonce used twice gives forgeries away: draw all 24 bytes anew.
    #[inline(never)]
    pub fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        associated_data: &[u8],
        buffer: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], Error> {
        let (cipher, rest) = self.token_cipher(nonce);
        match cipher.encrypt_inout_detached(&rest, associated_data, buffer.into()) {
            Ok(tag) => Ok(tag.0),
            Err(_) => Err(Error::CoreFailed),
        }
    }

    /// Decrypts the buffer in place, if its tag is right.
    ///
    /// A wrong tag leaves the buffer as it was.
    #[must_use]
    #[inline(never)]
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        associated_data: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> bool {
        let (cipher, rest) = self.token_cipher(nonce);
        let tag: Tag = Array(*tag);
        cipher.decrypt_inout_detached(&rest, associated_data, buffer.into(), &tag).is_ok()
    }

    // The cipher of one token, and the nonce that is left for it.
    fn token_cipher(&self, nonce: &[u8; NONCE_BYTES]) -> (AesGcm<Ahead, U12>, Nonce<U12>) {
        let (start, rest) = Array::<u8, U24>(*nonce).split::<U12>();
        let mut blocks = [self.block(FIRST_HALF, start), self.block(SECOND_HALF, start), Array([0; 16]), Array([0; 16])];
        encrypt_four(&self.cipher, &mut blocks);
        let [first, second, ..] = blocks;
        let key = first.concat(second);
        (AesGcm::from(Ahead::new(Aes256Enc::new(&key), rest)), rest)
    }

    fn block(&self, head: Array<u8, U4>, start: Array<u8, U12>) -> Array<u8, U16> {
        let block = u128::from_ne_bytes(head.concat(start).0);
        Array((block ^ u128::from_ne_bytes(self.subkey)).to_ne_bytes())
    }
}

impl fmt::Debug for XaesKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("XaesKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::XaesKey;

    const NONCE: &[u8; 24] = b"ABCDEFGHIJKLMNOPQRSTUVWX";

    // C2SP XAES-256-GCM, test vectors.
    const ONES: (&[u8], [u8; 28]) = (
        b"",
        [
            0xce, 0x54, 0x6e, 0xf6, 0x3c, 0x9c, 0xc6, 0x07, 0x65, 0x92, 0x36, 0x09, 0xb3, 0x3a, 0x9a, 0x19, 0x74, 0xe9, 0x6e,
            0x52, 0xda, 0xf2, 0xfc, 0xf7, 0x07, 0x5e, 0x22, 0x71,
        ],
    );
    const THREES: (&[u8], [u8; 28]) = (
        b"c2sp.org/XAES-256-GCM",
        [
            0x98, 0x6e, 0xc1, 0x83, 0x25, 0x93, 0xdf, 0x54, 0x43, 0xa1, 0x79, 0x43, 0x7f, 0xd0, 0x83, 0xbf, 0x3f, 0xdb, 0x41,
            0xab, 0xd7, 0x40, 0xa2, 0x1f, 0x71, 0xeb, 0x76, 0x9d,
        ],
    );

    fn sealed(key: u8, associated_data: &[u8]) -> Vec<u8> {
        let mut buffer = b"XAES-256-GCM".to_vec();
        let tag = XaesKey::new(&[key; 32]).seal_in_place(NONCE, associated_data, &mut buffer);
        buffer.extend_from_slice(&tag.expect("a short buffer seals"));
        buffer
    }

    fn opened(key: u8, associated_data: &[u8], sealed: &[u8; 28]) -> Option<Vec<u8>> {
        let (body, tag) = sealed.split_last_chunk()?;
        let mut buffer = body.to_vec();
        let opens = XaesKey::new(&[key; 32]).open_in_place(NONCE, associated_data, &mut buffer, tag);
        opens.then_some(buffer)
    }

    #[test]
    fn the_published_vectors_seal() {
        assert_eq!(sealed(1, ONES.0), ONES.1);
        assert_eq!(sealed(3, THREES.0), THREES.1);
    }

    #[test]
    fn the_published_vectors_open() {
        assert_eq!(opened(1, ONES.0, &ONES.1).as_deref(), Some(&b"XAES-256-GCM"[..]));
        assert_eq!(opened(3, THREES.0, &THREES.1).as_deref(), Some(&b"XAES-256-GCM"[..]));
    }

    #[test]
    fn a_vector_opens_under_nothing_else() {
        assert_eq!(opened(2, ONES.0, &ONES.1), None);
        assert_eq!(opened(1, b"x", &ONES.1), None);
        assert_eq!(opened(3, ONES.0, &THREES.1), None);
    }

    #[test]
    fn a_wrong_tag_leaves_no_plaintext_behind() {
        let (body, tag) = ONES.1.split_last_chunk::<16>().expect("a tag");
        for at in 0..16 {
            let mut wrong = *tag;
            wrong[at] ^= 1;
            let mut buffer = body.to_vec();
            assert!(!XaesKey::new(&[1; 32]).open_in_place(NONCE, b"", &mut buffer, &wrong));
            assert_eq!(buffer, body, "byte {at}");
        }
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", XaesKey::new(&[1; 32])), "XaesKey(..)");
    }
}
