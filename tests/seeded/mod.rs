//! Random numbers that a printed seed brings back.

#![allow(
    clippy::panic,
    clippy::arithmetic_side_effects,
    dead_code,
    reason = "a test that panics fails, and not every test file needs everything"
)]

use std::hash::{BuildHasher, RandomState};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};

/// A stream of numbers, the same for the same seed (splitmix64).
pub struct Seeded(u64);

impl Seeded {
    /// Takes the seed from `SEED`, or a new one, and prints it.
    pub fn new() -> Self {
        let given = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0));
        println!("SEED={seed}");
        Self(seed)
    }

    /// Gives the next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Gives a number below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// Gives random bytes.
    pub fn bytes<const BYTES: usize>(&mut self) -> [u8; BYTES] {
        std::array::from_fn(|_| self.number().to_le_bytes()[0])
    }
}

/// Checks a law for 256 random values, made from a printed seed.
pub fn holds<S: Strategy>(values: S, law: impl Fn(S::Value) -> TestCaseResult) {
    let mut seeded = Seeded::new();
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seeded.bytes::<32>());
    if let Err(broken) = TestRunner::new_with_rng(config, rng).run(&values, law) {
        panic!("{broken}");
    }
}
