//! Ids, records and values, which need no settings.

use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::door::{Door, SCRATCH, failure, result};
use crate::world::{DATA, FORWARDING, ID, ISSUED, NEXT_ID, TOMBSTONE, VALUES};

#[test]
fn ids_and_births_are_drawn_anew() {
    let drawn = || {
        let door = Door::new();
        assert_eq!(door.instance.draw(), 0);
        assert_eq!(door.instance.is_id(22), 1);
        assert_eq!(door.bytes(38, 64), [0; 26]);
        [door.text(0, 22), door.text(22, 38)]
    };
    let [[id, birth], [other_id, other_birth]] = [drawn(), drawn()];
    assert!(id != other_id && birth != other_birth);
    assert!(birth.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{birth}");
}

#[test]
fn only_canonical_text_is_an_id() {
    let door = Door::new();
    let is = |text: &str| result(door.instance.is_id(door.put(text))).expect("an answer") == 1;
    assert!(is(ID));
    for text in ["", "8PHy8_T19vf4-fr7_P3-_", "8PHy8_T19vf4-fr7_P3-_x", "8PHy8/T19vf4+fr7/P3+/w", "8PHy8_T19vf4-fr7_P3-_w="] {
        assert!(!is(text), "{text}");
    }
}

/// Judges a record: the number, when it was created, its deadline, its values.
fn judged(record: &str, now: f64) -> (usize, f64, f64, String) {
    let door = Door::new();
    let code = result(door.instance.judge(door.put(record), !record.ends_with("{}"), now)).expect("an answer");
    let values_at = usize::try_from(door.u32(16)).expect("a place");
    (code, door.f64(0), door.f64(8), record.get(values_at..).unwrap_or_default().to_owned())
}

#[test]
fn every_standing_of_a_record_has_its_number() {
    let values = VALUES.to_owned();
    let (created, deadline) = (1_790_000_000_000.0, 1_790_086_400.0);
    assert_eq!(judged(DATA, deadline - 1.0), (2, created, deadline, values.clone()));
    assert_eq!(judged(DATA, deadline), (3, created, deadline, values.clone()));
    let endless = DATA.replace(".1790086400.", ".-.");
    assert_eq!(judged(&endless, 9e15), (2, created, f64::INFINITY, values));
    let one = "{\n\"seen\":1}".to_owned();
    assert_eq!(judged(FORWARDING, ISSUED + 29.0), (4, 0.0, ISSUED + 30.0, one.clone()));
    assert_eq!(judged(FORWARDING, ISSUED + 30.0), (5, 0.0, ISSUED + 30.0, one.clone()));
    assert_eq!(judged(FORWARDING, ISSUED + 90.0), (6, 0.0, ISSUED + 30.0, one));
    assert_eq!(judged(&FORWARDING.replace("\n\"seen\":1", ""), ISSUED).0, 5);
    assert_eq!(judged(TOMBSTONE, ISSUED), (6, 0.0, ISSUED, "{}".to_owned()));
}

#[test]
fn a_record_that_cannot_be_read_is_corrupt_or_unsupported() {
    let code = |record: &str| judged(record, ISSUED).0;
    assert_eq!([code("2j."), code("1z."), code(&DATA.replace("1j", "10j"))], [1; 3]);
    assert_eq!([code(""), code("{}"), code(&DATA[..63]), code(&DATA.replace("1j", "j1"))], [0; 4]);
    assert_eq!(code(&FORWARDING.replace(NEXT_ID, "EBESExQVFhcYGRobHB0eHx")), 0);
}

#[test]
fn values_are_lines_or_are_not() {
    let door = Door::new();
    let are = |values: &str| result(door.instance.are_lines(door.put(values))).expect("an answer") == 1;
    assert!(are("{}") && are(VALUES));
    for values in ["", "{", "{\"a\":1}", "{\n\"a\":1,}", "{\n\"a\":1\n\"b\":2}", "{\n\"a\":x}", "{\n\"\u{e9}\":1}"] {
        assert!(!are(values), "{values}");
    }
}

#[test]
fn a_revision_is_drawn_for_values_that_are_lines() {
    let drawn = || {
        let door = Door::new();
        let length = door.put(VALUES);
        assert_eq!(door.instance.revise(length), 1);
        assert_eq!(door.text(16, length), VALUES[16..]);
        door.text(0, 16)
    };
    let [one, other] = [drawn(), drawn()];
    assert_ne!(one, other);
    assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{one}");
    let door = Door::new();
    for values in ["", "{", "{\"a\":1}", "{\n\"a\":1,}", "{\n\"a\":x}", "{\n\"\\u0061\":1}"] {
        assert_eq!(door.instance.revise(door.put(values)), 0, "{values}");
        assert_eq!(door.text(0, values.len()), values);
    }
}

/// Merges; none where the result's length says that there is none.
fn merged(values: &str, changes: &str) -> Option<String> {
    let door = Door::new();
    door.put([values, changes].concat());
    match result(door.instance.merge(values.len(), changes.len())).expect("an answer") {
        0 => None,
        length => Some(door.text(0, length)),
    }
}

#[test]
fn changes_are_made_to_the_values_before_them() {
    assert_eq!(merged(VALUES, ""), Some(VALUES.to_owned()));
    let changed = merged(VALUES, "-\"seen\"\n+\"user\":null\n+\"new\":[2]");
    assert_eq!(changed.as_deref(), Some("{\n\"user\":null,\n\"new\":[2]}"));
    assert_eq!(merged(VALUES, "!\n+\"a\":1").as_deref(), Some("{\n\"a\":1}"));
    assert_eq!(merged("{}", "-\"a\"").as_deref(), Some("{}"));
}

#[test]
fn values_of_another_layout_merge_to_no_length() {
    assert_eq!(merged("{\"a\":1}", "+\"a\":2"), None);
    assert_eq!(merged("", "+\"a\":2"), None);
    assert_eq!(merged("{\n\"a\":oops}", ""), None);
}

#[test]
fn changes_that_are_none_and_a_result_that_does_not_fit_fail() {
    let door = Door::new();
    let failed = |values: &str, changes: &str| {
        door.put([values, changes].concat());
        failure(door.instance.merge(values.len(), changes.len()))
    };
    assert_eq!(failed("{}", "*\"a\":1").as_deref(), Some("core-failed"));
    assert_eq!(failed("{}", "+\"a\"").as_deref(), Some("core-failed"));
    let full = format!("{{\n\"a\":\"{}\"}}", "x".repeat(SCRATCH - 16));
    assert_eq!(failed(&full, "+\"b\":1"), None);
    let over = full.replacen('x', "xx", 1);
    assert_eq!(failed(&over, "+\"b\":1").as_deref(), Some("core-failed"));
}

#[test]
fn a_digest_is_the_published_one() {
    let door = Door::new();
    assert_eq!(door.instance.digest(door.put("abc")), 0);
    let published = [0xba78_16bf_8f01_cfea_u64, 0x4141_40de_5dae_2223, 0xb003_61a3_9617_7a9c, 0xb410_ff61_f200_15ad];
    assert_eq!(door.bytes(0, 32), published.map(u64::to_be_bytes).concat());
}
