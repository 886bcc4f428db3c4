//! Laws over any input, and the inputs that fuzzing found.

#![cfg(all(not(target_arch = "wasm32"), feature = "json"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics fails"
)]

mod laws;
#[path = "../seeded/mod.rs"]
mod seeded;

use std::panic::{UnwindSafe, catch_unwind, resume_unwind};

use laws::{chunks, cookie_header, merge, record, sealed, set_cookie, token};
use seeded::Seeded;

/// Random inputs of each law.
const INPUTS: usize = 4000;

/// The inputs of a file: one string each, its characters the bytes.
fn cases(file: &str) -> Vec<Vec<u8>> {
    let texts: Vec<String> = serde_json::from_str(file).expect("a list of strings");
    let bytes = |text: String| text.chars().map(|one| u8::try_from(one).expect("a byte")).collect();
    texts.into_iter().map(bytes).collect()
}

/// Checks the law for every kept input, then for random ones beside them.
fn holds(law: fn(&[u8]), file: &str) {
    let cases = cases(file);
    assert!(cases.len() > 4, "there are inputs to begin with");
    for case in &cases {
        check(law, case.clone());
    }
    let mut seeded = Seeded::new();
    for _ in 0..INPUTS {
        check(law, beside(&cases, &mut seeded));
    }
}

/// A failure shows its input as a line of the file.
fn check(law: impl Fn(&[u8]) + UnwindSafe, input: Vec<u8>) {
    let text: String = input.iter().copied().map(char::from).collect();
    if let Err(panic) = catch_unwind(move || law(&input)) {
        println!("broken by {}", serde_json::to_string(&text).expect("a string"));
        resume_unwind(panic);
    }
}

/// The start of one kept input and the end of another, with some bytes changed.
fn beside(cases: &[Vec<u8>], seeded: &mut Seeded) -> Vec<u8> {
    let mut below = |limit: usize| usize::try_from(seeded.below(limit as u64)).expect("a small number");
    let (start, end) = (&cases[below(cases.len())], &cases[below(cases.len())]);
    let mut input = [&start[..below(start.len() + 1)], &end[below(end.len() + 1)..]].concat();
    for _ in 0..below(4) {
        let (at, byte) = (below(input.len() + 1), u8::try_from(below(256)).expect("a byte"));
        match input.get_mut(at) {
            Some(there) => *there = byte,
            None => input.push(byte),
        }
    }
    input
}

#[test]
fn a_cookie_header_holds_what_a_plain_reading_finds() {
    holds(cookie_header::law, include_str!("cases/cookie_header.json"));
}

#[test]
fn a_token_is_what_was_sealed_and_nothing_else() {
    holds(token::law, include_str!("cases/token.json"));
}

#[test]
fn a_header_that_is_read_is_written_again_to_the_letter() {
    holds(record::law, include_str!("cases/record.json"));
}

#[test]
fn values_are_merged_as_a_plain_list_and_a_parser_would() {
    holds(merge::law, include_str!("cases/merge.json"));
}

#[test]
fn a_browser_reads_in_a_set_cookie_line_what_it_was_given() {
    holds(set_cookie::law, include_str!("cases/set_cookie.json"));
}

#[test]
fn a_long_value_comes_back_from_its_pieces_and_leaves_no_other() {
    holds(chunks::law, include_str!("cases/chunks.json"));
}

#[test]
fn a_sealed_text_has_the_fields_of_its_purpose_and_belongs_in_one_place() {
    holds(sealed::law, include_str!("cases/sealed.json"));
}
