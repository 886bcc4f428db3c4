//! Takes numbers and texts out of an input's bytes.

use std::iter;

/// The bytes that are left; what is missing counts as zeros.
pub struct Choices<'i>(pub &'i [u8]);

impl<'i> Choices<'i> {
    /// Takes a byte.
    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *byte
    }

    /// Takes a bit.
    pub fn bit(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Takes a number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    /// Takes so many bytes.
    pub fn bytes<const BYTES: usize>(&mut self) -> [u8; BYTES] {
        std::array::from_fn(|_| self.byte())
    }

    /// Takes a number of so many bytes.
    pub fn number(&mut self, bytes: usize) -> u64 {
        (0..bytes).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// Takes the bytes before the next zero byte, and that one.
    pub fn until_zero(&mut self) -> &'i [u8] {
        let all = self.0;
        let length = all.iter().position(|&byte| byte == 0).unwrap_or(all.len());
        self.0 = all.get(length + 1..).unwrap_or_default();
        &all[..length]
    }

    /// Takes a text: how often it doubles, how long it is, what it is.
    pub fn text(&mut self, doublings: usize) -> String {
        let (times, length) = (1 << self.below(doublings + 1), self.below(24));
        let piece: Vec<u8> = iter::repeat_with(|| self.byte()).take(length).collect();
        String::from_utf8_lossy(&piece).repeat(times)
    }
}
