//! Settings: taken whole, or refused by name.

use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::door::{Door, SCRATCH, failure, result};
use crate::tasks::{COMPARES, Step};
use crate::world::{BIRTH, ID, NONE, NOW_MS, SECRET, Settings, USUAL, core_of, line, ready};

#[test]
fn every_setting_of_a_cookie_arrives() {
    let usual = "__Host-session=v; Path=/; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(line(&USUAL, "v", 0.0).as_deref(), Ok(usual));
    let other = Settings { cookie_name: "sid", path: "/shop", domain: "shop.example", limits: [1, 1, 1, 1], ..USUAL };
    let bare = Settings { same_site: "strict", flags: "", ..other };
    assert_eq!(line(&bare, "v", 0.0).as_deref(), Ok("sid=v; Path=/shop; Domain=shop.example; SameSite=Strict"));
    let of_cookie = "sid=v; Path=/shop; Domain=shop.example";
    assert_eq!(line(&Settings { flags: "h", ..other }, "v", 0.0), Ok(format!("{of_cookie}; HttpOnly; SameSite=Lax")));
    assert_eq!(line(&Settings { flags: "s", ..other }, "v", 0.0), Ok(format!("{of_cookie}; Secure; SameSite=Lax")));
    let full = Settings { same_site: "none", flags: "psh", ..other };
    let attributes = "Secure; HttpOnly; SameSite=None; Partitioned";
    assert_eq!(line(&full, "v", 0.0), Ok(format!("{of_cookie}; {attributes}")));
}

#[test]
fn limits_arrive_or_are_none() {
    let begun = |limits| {
        let door = Door::new();
        let core = Settings { limits, ..USUAL }.core(&door).expect("a core");
        let given = door.put([ID, BIRTH].concat());
        let step = Step::read(&door, door.instance.write(core, given, COMPARES, NOW_MS));
        (step.seconds_to_live, step.masked().0)
    };
    let header = |deadline: &str| format!("1j.*.{BIRTH}.-.1790000100123.{deadline}.");
    assert_eq!(begun([NONE, 7, 600, 1]), (7, header("1790000700")));
    assert_eq!(begun([1, 34_560_000, NONE, 1]), (34_560_000, header("-")));
}

#[test]
fn every_refused_setting_is_named_at_once_and_no_value_is_shown() {
    let wrong = Settings {
        application_name: b"canary canary",
        cookie_name: "__Host-canary;",
        path: "canary",
        domain: "canary;",
        same_site: "none",
        flags: "p",
        limits: [0, 0, 0, 0],
        secrets: &["canary", "canary"],
    };
    let thrown = wrong.core(&Door::new()).expect_err("it is refused");
    let named: Vec<_> = thrown.lines().filter_map(|problem| Some(problem.split_once(": ")?.0)).collect();
    let cookie = ["name", "path", "domain", "maxAgeSeconds", "secure", "domain", "path", "sameSite", "partitioned"];
    let cookie = cookie.map(|attribute| format!("cookie.{attribute}"));
    let limits = ["idleTimeoutSeconds", "absoluteTimeoutSeconds", "maxRecordBytes"];
    let mut expected = vec!["secrets", "secrets", "applicationName"];
    expected.extend(cookie.iter().map(String::as_str).chain(limits));
    assert_eq!(named, expected);
    assert!(!thrown.contains("canary"), "{thrown}");
}

#[test]
fn one_refused_setting_is_one_line() {
    let refused = |settings: Settings<'_>| settings.core(&Door::new()).expect_err("it is refused");
    let cookie_name = Settings { cookie_name: "a b", ..USUAL };
    assert_eq!(refused(cookie_name), "cookie.name: not allowed; write letters, digits, - and _, at most 4000");
    let record = Settings { limits: [NONE, 1200, 86_400, NONE], ..USUAL };
    assert_eq!(refused(record), "maxRecordBytes: out of range; write 1 to 1048576");
    assert!(refused(Settings { secrets: &[], ..USUAL }).starts_with("secrets: there is none; "));
}

#[test]
fn settings_cut_short_are_invalid_wherever_the_cut_is() {
    let (door, settings) = (Door::new(), USUAL.joined());
    let without_secret = settings.len() - SECRET.len() - 4;
    assert!(core_of(&door, &settings).is_ok());
    for cut in (0..settings.len()).filter(|&cut| cut != without_secret) {
        assert_eq!(core_of(&door, &settings[..cut]).err().as_deref(), Some("invalid-options"), "{cut}");
    }
}

#[test]
fn settings_that_are_none_are_invalid() {
    let door = Door::new();
    let refused = |settings: &[u8]| core_of(&door, settings).err();
    let invalid = Some("invalid-options".to_owned());
    assert_eq!(refused(&Settings { same_site: "Lax", ..USUAL }.joined()), invalid);
    assert_eq!(refused(&[0xff; 64]), invalid);
    let mut longer = USUAL.joined();
    longer.push(0);
    assert_eq!(refused(&longer), invalid);
}

#[test]
fn bytes_beyond_ascii_are_refused_by_the_option_that_has_them() {
    let refused = |settings: Settings<'_>| settings.core(&Door::new()).expect_err("it is refused");
    for application_name in [&b"a\xff"[..], "caf\u{e9}".as_bytes()] {
        assert!(refused(Settings { application_name, ..USUAL }).starts_with("applicationName: not allowed; "));
    }
    assert!(refused(Settings { cookie_name: "caf\u{e9}", ..USUAL }).starts_with("cookie.name: not allowed; "));
    assert!(refused(Settings { path: "/caf\u{e9}", ..USUAL }).starts_with("cookie.path: not allowed; "));
}

#[test]
fn settings_do_not_stay_in_the_scratch() {
    let door = Door::new();
    assert!(USUAL.core(&door).is_ok() && door.is_blank(SCRATCH));
    assert!(core_of(&door, &USUAL.joined()[1..]).is_err() && door.is_blank(SCRATCH));
    let problems = Settings { path: "canary", ..USUAL }.core(&door).expect_err("it is refused");
    assert!(door.bytes(problems.len(), SCRATCH).iter().all(|&byte| byte == 0) && !problems.contains("canary"));
}

#[test]
fn a_number_without_a_core_fails_everywhere() {
    let (door, core) = ready();
    door.put([ID, BIRTH].concat());
    assert_eq!(failure(door.instance.line(core, 0, 0.0, 0.0)), None);
    door.instance.free_core(core);
    door.instance.free_core(core);
    for core in [core, 1, usize::MAX] {
        let failures = [
            failure(door.instance.open(core, 0, 0.0)),
            failure(door.instance.seal(core, 0.0, 0.0, true)),
            failure(door.instance.line(core, 0, 0.0, 0.0)),
            failure(door.instance.chunked_lines(core, 0, 0, 0, 0.0, 0.0)),
            failure(door.instance.hash(core, 22)),
            failure(door.instance.write(core, 38, 0, NOW_MS)),
            failure(door.instance.destroy(core, 22, 0, 60.0, NOW_MS)),
            failure(door.instance.seal_text(core, 0, 0, 0, 1, 0.0, 0.0, false, 0.0, 0.0)),
            failure(door.instance.open_text(core, 0, 0, 0, 1, 0.0)),
        ];
        assert_eq!(failures, [const { "core-failed" }; 9].map(|code| Some(code.to_owned())));
    }
}

#[test]
fn cores_lie_side_by_side_and_a_freed_number_is_given_again() {
    let door = Door::new();
    let [first, second] = ["first", "second"].map(|cookie_name| Settings { cookie_name, ..USUAL }.core(&door).expect("a core"));
    let line = |core| door.text(0, result(door.instance.line(core, 0, 0.0, 0.0)).expect("a line"));
    assert!(line(first).starts_with("first=;") && line(second).starts_with("second=;"));
    door.instance.free_core(first);
    assert_eq!(Settings { cookie_name: "third", ..USUAL }.core(&door), Ok(first));
    assert!(line(first).starts_with("third=;") && line(second).starts_with("second=;"));
}
