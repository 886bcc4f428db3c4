//! Cookies: opened, sealed, and written as lines.

use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::door::{Door, result};
use crate::world::{ENDLESS, ID, ISSUED, NEXT_ID, PERSISTENT, SECRET, Settings, USUAL, line, ready};

/// Opens a header with the cores of these secrets.
fn opened(secrets: &[&str], header: &str, now: f64) -> (usize, Door) {
    let door = Door::new();
    let core = Settings { secrets, ..USUAL }.core(&door).expect("a core");
    (result(door.instance.open(core, door.put(header), now)).expect("an answer"), door)
}

#[test]
fn a_found_cookie_says_its_times_its_flag_its_secret_and_its_id() {
    let told = |secrets: &[&str], value: &str| {
        let (code, door) = opened(secrets, &format!("a=b; __Host-session={value}"), ISSUED + 1.0);
        (code, door.f64(0), door.f64(8), door.bytes(16, 18), door.text(24, 46))
    };
    let id = ID.to_owned();
    assert_eq!(told(&[SECRET], PERSISTENT), (1, ISSUED, ISSUED + 86_400.0, vec![1, 0], id.clone()));
    let other = "another secret of 32 bytes or more";
    assert_eq!(told(&[other, SECRET], ENDLESS), (1, ISSUED, f64::INFINITY, vec![0, 1], id));
}

#[test]
fn every_reason_for_no_cookie_has_its_number() {
    let code = |secret: &str, header: &str, now: f64| opened(&[secret], header, now).0;
    let cookie = |value: &str| format!("__Host-session={value}");
    let altered = format!("{}8", &PERSISTENT[..95]);
    assert_eq!(code(SECRET, "", ISSUED), 0);
    assert_eq!(code(SECRET, &format!("session={PERSISTENT}"), ISSUED), 0);
    assert_eq!(code(SECRET, &cookie(&PERSISTENT[1..]), ISSUED), 2);
    assert_eq!(code("another secret of 32 bytes or more", &cookie(PERSISTENT), ISSUED), 3);
    assert_eq!(code(SECRET, &cookie(&altered), ISSUED), 4);
    assert_eq!(code(SECRET, &cookie(PERSISTENT), ISSUED + 86_399.0), 1);
    assert_eq!(code(SECRET, &cookie(PERSISTENT), ISSUED + 86_400.0), 5);
    assert_eq!(code(SECRET, &cookie(PERSISTENT), f64::NAN), 5);
}

fn sealed(id: &str, issued: f64, expires: f64, persistent: bool) -> Result<String, String> {
    let (door, core) = ready();
    door.put(id);
    result(door.instance.seal(core, issued, expires, persistent)).map(|_| door.text(0, 96))
}

#[test]
fn two_cookies_of_different_ids_are_ambiguous() {
    let other = sealed(NEXT_ID, ISSUED, f64::INFINITY, false).expect("a value");
    let header = format!("__Host-session={PERSISTENT}; __Host-session={other}");
    assert_eq!(opened(&[SECRET], &header, ISSUED).0, 6);
}

#[test]
fn what_is_sealed_opens_again() {
    for (expires, persistent) in [(ISSUED + 9.0, true), (f64::INFINITY, false)] {
        let value = sealed(ID, ISSUED, expires, persistent).expect("a value");
        assert_ne!(value, sealed(ID, ISSUED, expires, persistent).expect("a value"));
        let (code, door) = opened(&[SECRET], &format!("__Host-session={value}"), ISSUED);
        assert_eq!((code, door.f64(0), door.f64(8)), (1, ISSUED, expires));
        assert_eq!((door.bytes(16, 18), door.text(24, 46)), (vec![u8::from(persistent), 0], ID.to_owned()));
    }
}

#[test]
fn what_is_no_id_or_no_time_is_not_sealed() {
    assert_eq!(sealed("8PHy8_T19vf4-fr7_P3-_x", ISSUED, ISSUED, true), Err("core-failed".to_owned()));
    assert_eq!(sealed("8PHy8_T19vf4-fr7_P3-", ISSUED, ISSUED, true), Err("core-failed".to_owned()));
    assert_eq!(sealed(ID, 1_099_511_627_776.0, f64::INFINITY, true), Err("invalid-options".to_owned()));
}

#[test]
fn a_line_is_persistent_transient_or_expired() {
    let rest = "Secure; HttpOnly; SameSite=Lax";
    let hour = format!("__Host-session=v; Path=/; Max-Age=3600; Expires=Mon, 21 Sep 2026 15:13:20 GMT; {rest}");
    assert_eq!(line(&USUAL, "v", 3600.0), Ok(hour));
    for max_age in [0.0, -1.0, f64::NAN] {
        assert_eq!(line(&USUAL, "v", max_age), Ok(format!("__Host-session=v; Path=/; {rest}")));
    }
    let gone = format!("__Host-session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; {rest}");
    assert_eq!(line(&USUAL, "", 3600.0), Ok(gone));
}

#[test]
fn a_line_that_browsers_would_not_keep_is_refused() {
    assert_eq!(line(&USUAL, &"v".repeat(4082), 0.0).map(|line| line.len()), Ok(4137));
    assert_eq!(line(&USUAL, &"v".repeat(4083), 0.0), Err("cookie-too-large".to_owned()));
    assert_eq!(line(&USUAL, "v; Domain=example.com", 0.0), Err("invalid-options".to_owned()));
    assert_eq!(line(&USUAL, "v", 34_560_001.0), Err("invalid-options".to_owned()));
}

#[test]
fn a_hash_is_stable_and_each_application_has_its_own() {
    let hash = |application_name: &[u8], id: &str| {
        let door = Door::new();
        let core = Settings { application_name, ..USUAL }.core(&door).expect("a core");
        assert_eq!(door.instance.hash(core, door.put(id)), 0);
        door.bytes(0, 8)
    };
    assert_eq!(hash(b"edge-session", ID), 0xc4a9_436e_d43e_58da_u64.to_be_bytes());
    assert_eq!(hash(b"shop", ID), 0x211a_e7ae_2bab_1ffa_u64.to_be_bytes());
    assert_ne!(hash(b"shop", NEXT_ID), hash(b"shop", ID));
}
