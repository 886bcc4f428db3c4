//! Sealed texts: what goes in, what comes out, what is refused.

use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::door::{Door, failure, result};
use crate::world::{BIRTH, ID, ISSUED, ready};

const NEVER: f64 = f64::INFINITY;
const NAME: &str = "__Host-session";
const TEXT: &str = "{\n\"a\":1}";

/// Seals with issued, expires, persistent, idle end and created; or gives the code of the failure.
fn sealed(core: usize, door: &Door, purpose: u32, bound: &str, times: (f64, f64, bool, f64, f64)) -> Result<String, String> {
    let length = door.put([NAME, bound, TEXT].concat());
    let (issued, expires, persistent, idle_end, created) = times;
    let sealed =
        door.instance.seal_text(core, purpose, NAME.len(), bound.len(), length, issued, expires, persistent, idle_end, created);
    result(sealed).map(|length| door.text(0, length))
}

fn opened(core: usize, door: &Door, purpose: u32, bound: &str, token: &str, now: f64) -> usize {
    let length = door.put([NAME, bound, token].concat());
    result(door.instance.open_text(core, purpose, NAME.len(), bound.len(), length, now)).expect("an answer")
}

fn text_in(door: &Door) -> String {
    let length = usize::try_from(door.u32(36)).expect("a length");
    door.text(80, 80 + length)
}

#[test]
fn a_cookie_session_comes_back_with_every_field() {
    let (door, core) = ready();
    let token = sealed(core, &door, 1, &[ID, BIRTH].concat(), (ISSUED, NEVER, true, ISSUED + 9.0, 1_790_000_000_123.0));
    assert_eq!(opened(core, &door, 1, "", &token.expect("a text"), ISSUED), 1);
    let numbers = [0, 8, 16, 24].map(|at| door.f64(at));
    assert_eq!(numbers, [ISSUED, NEVER, ISSUED + 9.0, 1_790_000_000_123.0]);
    assert_eq!((door.bytes(32, 34), door.text(40, 62), door.text(62, 78)), (vec![1, 0], ID.to_owned(), BIRTH.to_owned()));
    assert_eq!(text_in(&door), TEXT);
}

#[test]
fn the_other_purposes_come_back_with_the_fields_that_they_have() {
    let (door, core) = ready();
    let bound_to = [ID, BIRTH].concat();
    let cases = [
        (0, "", [ISSUED, ISSUED + 9.0]),
        (2, "", [0.0, ISSUED + 9.0]),
        (2, &bound_to, [0.0, ISSUED + 9.0]),
        (3, "1s.header.", [0.0, NEVER]),
    ];
    for (purpose, bound, times) in cases {
        let token = sealed(core, &door, purpose, bound, (ISSUED, ISSUED + 9.0, true, ISSUED, ISSUED)).expect("a text");
        assert_eq!(opened(core, &door, purpose, bound, &token, ISSUED), 1, "{purpose} {bound}");
        assert_eq!([door.f64(0), door.f64(8)], times, "{purpose} {bound}");
        assert_eq!([door.f64(16), door.f64(24)], [NEVER, 0.0], "{purpose} {bound}");
        assert!(door.bytes(40, 80).iter().all(|&byte| byte == 0), "{purpose} {bound}");
        assert_eq!(text_in(&door), TEXT, "{purpose} {bound}");
    }
}

#[test]
fn every_reason_for_no_text_has_its_number() {
    let (door, core) = ready();
    let token = sealed(core, &door, 0, "", (ISSUED, ISSUED + 9.0, false, NEVER, 0.0)).expect("a text");
    assert_eq!(opened(core, &door, 0, "", &token, ISSUED), 1);
    assert_eq!(opened(core, &door, 0, "", "", ISSUED), 2);
    assert_eq!(opened(core, &door, 0, "", &token[1..], ISSUED), 2);
    assert_eq!(opened(core, &door, 0, "", &format!("AAAAAA{}", &token[6..]), ISSUED), 2);
    assert_eq!(opened(core, &door, 0, "", &format!("AQAAAA{}", &token[6..]), ISSUED), 3);
    assert_eq!(opened(core, &door, 1, "", &token, ISSUED), 4);
    assert_eq!(opened(core, &door, 0, "", &token, ISSUED + 9.0), 5);
    assert_eq!(opened(core, &door, 0, "", &token, f64::NAN), 5);
}

#[test]
fn an_end_that_is_no_time_is_over_and_not_never() {
    let (door, core) = ready();
    for end in [f64::NAN, f64::NEG_INFINITY, -1.0] {
        let token = sealed(core, &door, 2, "", (0.0, end, false, NEVER, 0.0)).expect("a text");
        assert_eq!(opened(core, &door, 2, "", &token, 0.0), 5, "{end}");
    }
}

#[test]
fn what_is_no_id_and_birth_binds_nothing() {
    let (door, core) = ready();
    let refused = Err("core-failed".to_owned());
    for bound in ["x", ID, &[ID, "not-sixteen"].concat()] {
        assert_eq!(sealed(core, &door, 2, bound, (0.0, NEVER, false, NEVER, 0.0)), refused, "{bound}");
    }
    let times = (ISSUED, NEVER, false, NEVER, 0.0);
    assert_eq!(sealed(core, &door, 1, "", times), Err("invalid-options".to_owned()));
}

#[test]
fn a_length_beyond_the_scratch_fails() {
    let (door, core) = ready();
    let length = door.put(TEXT);
    let failed = Some("core-failed".to_owned());
    assert_eq!(failure(door.instance.open_text(core, 0, length + 1, 0, length, ISSUED)), failed);
    assert_eq!(failure(door.instance.open_text(core, 0, 0, length + 1, length, ISSUED)), failed);
    assert_eq!(failure(door.instance.open_text(core, 0, 0, 0, 1 << 20, ISSUED)), failed);
    assert_eq!(failure(door.instance.seal_text(core, 0, 0, 0, 1 << 20, 0.0, NEVER, false, NEVER, 0.0)), failed);
    let long = door.put("x".repeat(16 * 1024));
    assert_eq!(failure(door.instance.seal_text(core, 3, 0, 0, long, 0.0, NEVER, false, NEVER, 0.0)), failed);
}
