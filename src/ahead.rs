//! Encrypts the blocks that GCM is going to ask for at once.
//!
//! AES in software works on four blocks in the time of one. GCM asks for its first four one after the other: the zero
//! block that its hash is keyed with, the tag's mask, and two blocks of key stream, all that a session's token needs.
//! They are known beforehand, so they are encrypted together and handed out when they are asked for.

use aes_gcm::aead::consts::{U4, U12, U16};
use aes_gcm::aes::Aes256Enc;
use aes_gcm::aes::cipher::array::Array;
use aes_gcm::aes::cipher::inout::InOut;
use aes_gcm::aes::cipher::{
    Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, ParBlocks, ParBlocksSizeUser,
};

/// Encrypts four blocks.
#[inline(never)]
pub(crate) fn encrypt_four(cipher: &Aes256Enc, blocks: &mut [Array<u8, U16>; 4]) {
    cipher.encrypt_blocks(blocks);
}

/// Encrypts one block, as the first of four: that takes no longer, and AES for single blocks is not in the download.
pub(crate) fn encrypt_one(cipher: &Aes256Enc, block: Array<u8, U16>) -> Array<u8, U16> {
    let mut blocks = [block, Array([0; 16]), Array([0; 16]), Array([0; 16])];
    encrypt_four(cipher, &mut blocks);
    let [block, ..] = blocks;
    block
}

/// AES-256 under one token's key: what it gives is what AES gives, some of it sooner.
pub(crate) struct Ahead {
    cipher: Aes256Enc,
    nonce: Array<u8, U12>,
    /// The encrypted zero block, then those of the nonce with the counters 1 to 3 (NIST SP 800-38D 7.1).
    ready: [Array<u8, U16>; 4],
}

impl Ahead {
    pub(crate) fn new(cipher: Aes256Enc, nonce: Array<u8, U12>) -> Self {
        let counted = |counter: u8| nonce.concat(Array::<u8, U4>([0, 0, 0, counter]));
        let mut ready = [Array([0; 16]), counted(1), counted(2), counted(3)];
        encrypt_four(&cipher, &mut ready);
        Self { cipher, nonce, ready }
    }

    /// Which of the blocks that are ready this one is, if any. Counters and nonces are no secret.
    fn place(&self, block: &[u8]) -> Option<usize> {
        let (nonce, counter) = block.split_at_checked(12)?;
        match counter {
            [0, 0, 0, counter @ 1..=3] if nonce == self.nonce.as_slice() => Some(usize::from(*counter)),
            [0, 0, 0, 0] if nonce == [0; 12] => Some(0),
            _ => None,
        }
    }
}

impl BlockSizeUser for Ahead {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for Ahead {
    type ParBlocksSize = U4;
}

impl BlockCipherEncrypt for Ahead {
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        f.call(self);
    }
}

impl BlockCipherEncBackend for Ahead {
    fn encrypt_block(&self, mut block: InOut<'_, '_, Block<Self>>) {
        match self.place(block.get_in()).and_then(|place| self.ready.get(place)) {
            Some(ready) => *block.get_out() = *ready,
            None => *block.get_out() = encrypt_one(&self.cipher, *block.get_in()),
        }
    }

    fn encrypt_par_blocks(&self, mut blocks: InOut<'_, '_, ParBlocks<Self>>) {
        let mut four = *blocks.get_in();
        encrypt_four(&self.cipher, &mut four.0);
        *blocks.get_out() = four;
    }
}
