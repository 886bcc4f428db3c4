//! Values over several cookies: found, and written as lines.

use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::door::{Door, SCRATCH, failure, result};
use crate::world::{ISSUED, Settings, USUAL, ready};

const NAME: &str = "__Host-session-temp";

/// Finds the values of the name, and gives them with what was seen.
fn found(header: &str) -> (String, u32) {
    let door = Door::new();
    let length = door.put(format!("{NAME}{header}"));
    let end = result(door.instance.chunked_values(NAME.len(), length)).expect("an answer");
    (door.text(4, end), door.u32(0))
}

/// Writes the lines of a value, or gives the code of the failure.
fn lines(value: &str, seen: u16, max_age: f64) -> Result<String, String> {
    let (door, core) = ready();
    let length = door.put(format!("{NAME}{value}"));
    result(door.instance.chunked_lines(core, NAME.len(), length, seen, max_age, ISSUED)).map(|length| door.text(0, length))
}

#[test]
fn values_end_with_a_semicolon_behind_what_was_seen() {
    assert_eq!(found("a=b"), (String::new(), 0));
    assert_eq!(found(&format!("a=b; {NAME}=v")), ("v;".to_owned(), 1));
    assert_eq!(found(&format!("{NAME}=chunks-2; {NAME}-2=w; {NAME}-1=v; {NAME}=x")), ("vw;x;".to_owned(), 0b111));
    assert_eq!(found(&format!("{NAME}=chunks-2; {NAME}-10=v")), (String::new(), 0x401));
}

#[test]
fn what_a_stranger_repeats_is_cut_off_and_no_error() {
    let pieces = format!("{NAME}-1={}; {NAME}-2=w", "v".repeat(4000));
    let (values, seen) = found(&format!("{}{pieces}", format!("{NAME}=chunks-2; ").repeat(4)));
    assert_eq!(seen, 0b111);
    assert_eq!(values.len(), NAME.len() + 4 * (NAME.len() + 11) + pieces.len() - 4);
    assert_eq!(values.find(';'), Some(4001));
}

#[test]
fn lines_stand_one_below_the_other() {
    let rest = "Path=/; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(lines("v", 0, 0.0), Ok(format!("{NAME}=v; {rest}")));
    let gone = "Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(lines("v", 0b11, f64::NAN), Ok(format!("{NAME}-1=; {gone}\n{NAME}=v; {rest}")));
    assert_eq!(lines("", 0b11, 0.0), Ok(format!("{NAME}=; {gone}\n{NAME}-1=; {gone}")));
    assert_eq!(lines("", 0, 0.0), Ok(String::new()));
    let hour = "Path=/; Max-Age=3600; Expires=Mon, 21 Sep 2026 15:13:20 GMT; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(lines("v", 0, 3600.0), Ok(format!("{NAME}=v; {hour}")));
    let cut = lines(&"v".repeat(5000), 0, 0.0).expect("lines");
    assert_eq!(cut.split('\n').map(|line| line.len() <= 4050).collect::<Vec<_>>(), [true; 3]);
}

#[test]
fn a_value_that_is_too_long_or_none_is_refused() {
    assert_eq!(lines(&"v".repeat(8000), 0, 0.0), Err("cookie-too-large".to_owned()));
    assert_eq!(lines("a b", 0, 0.0), Err("invalid-options".to_owned()));
    assert_eq!(lines("v", 0, 34_560_001.0), Err("invalid-options".to_owned()));
}

#[test]
fn lines_that_do_not_fit_tell_their_length_and_are_not_written() {
    let door = Door::new();
    let path = format!("/{}", "p".repeat(1023));
    let core = Settings { path: &path, cookie_name: "session", ..USUAL }.core(&door).expect("a core");
    let given = format!("session{}", "v".repeat(7000));
    let length = door.put(&given);
    let needed = result(door.instance.chunked_lines(core, 7, length, 0x7ff, 0.0, ISSUED)).expect("a length");
    assert!(needed > SCRATCH);
    assert_eq!(door.text(0, length), given);
    door.reserve(needed);
    door.put(&given);
    door.reserve(needed);
    assert_eq!(result(door.instance.chunked_lines(core, 7, length, 0x7ff, 0.0, ISSUED)), Ok(needed));
    assert_eq!(door.text(0, needed).split('\n').count(), 4 + 7);
}

#[test]
fn lengths_beyond_the_scratch_fail() {
    let (door, core) = ready();
    for (name_length, length) in [(0, SCRATCH + 1), (2, 1), (usize::MAX, 1)] {
        let codes = [
            failure(door.instance.chunked_values(name_length, length)),
            failure(door.instance.chunked_lines(core, name_length, length, 0, 0.0, ISSUED)),
        ];
        assert_eq!(codes, [const { "core-failed" }; 2].map(|code| Some(code.to_owned())));
    }
}
