//! What a store may say, and records that are none of ours.

use edge_session::session::{Capabilities, Random, StoreAnswer};
use edge_session::{Error, Options, Sessions};

use crate::world::{Browser, World, begun, sessions};

fn rewrite(world: &mut World, change: impl Fn(&str) -> String) {
    for (record, _) in world.records.values_mut() {
        *record = change(record);
    }
}

fn with_values(record: &str, values: &str) -> String {
    let header: Vec<&str> = record.splitn(7, '.').take(6).collect();
    format!("{}.{values}", header.join("."))
}

#[test]
fn an_answer_that_does_not_fit_its_call_is_never_taken_for_success() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = sessions.open(browser.header(), world.now_ms);
    assert!(session.load().is_some());
    let random = world.random();
    assert_eq!(session.answer(StoreAnswer::Done, world.now_ms, random), Err(Error::StoreProtocol));
    assert!(!session.is_loaded());

    let mut session = world.loaded(&sessions, &Browser::default());
    session.set("user", "bob").expect("a value");
    let random = world.random();
    assert!(session.commit(world.now_ms, random).is_ok());
    let random = world.random();
    assert_eq!(session.answer(StoreAnswer::Absent, world.now_ms, random), Err(Error::StoreProtocol));
    assert!(session.set_cookie_headers().is_empty());
}

#[test]
fn a_look_that_is_answered_as_done_ends_no_session() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = sessions.open(browser.header(), world.now_ms);
    let random = world.random();
    assert!(session.destroy(world.now_ms, random).is_ok());
    let random = world.random();
    assert_eq!(session.answer(StoreAnswer::Done, world.now_ms, random), Err(Error::StoreProtocol));
    assert!(session.set_cookie_headers().is_empty());
}

#[test]
fn a_store_that_only_replaces_or_removes_has_no_record_to_show() {
    let capabilities = Capabilities { compare_and_set: false, min_ttl_seconds: 1 };
    let sessions = sessions().with_capabilities(capabilities).expect("enough time");
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let there = StoreAnswer::Record(world.record().to_owned());
    let mut session = world.loaded(&sessions, &browser);
    session.set("user", "bob").expect("a value");
    let random = world.random();
    assert!(session.commit(world.now_ms, random).is_ok());
    let random = world.random();
    assert_eq!(session.answer(there.clone(), world.now_ms, random), Err(Error::StoreProtocol));
    let random = world.random();
    assert!(session.destroy(world.now_ms, random).is_ok());
    let random = world.random();
    assert_eq!(session.answer(there, world.now_ms, random), Err(Error::StoreProtocol));
}

#[test]
fn a_store_that_repeated_a_call_by_itself_is_believed_only_where_it_can_be() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("mine", &1).expect("a value");
    for _ in 0..2 {
        let mut other = world.loaded(&sessions, &browser);
        other.set("theirs", &2).expect("a value");
        world.commit(&mut other).expect("a commit");
    }
    let there = world.record().to_owned();
    let random = world.random();
    assert!(session.commit(world.now_ms, random).is_ok());
    let random = world.random();
    let answer = StoreAnswer::RecordAfterSilence(there);
    assert_eq!(session.answer(answer, world.now_ms, random), Err(Error::CommitAmbiguous));
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    let random = world.random();
    assert_eq!(session.answer(StoreAnswer::Absent, world.now_ms, random), Ok(None));
    assert!(!session.is_new());
}

#[test]
fn what_is_no_record_is_an_error_and_stays_until_it_is_destroyed() {
    let cases = [
        ("", Error::RecordCorrupt),
        ("x", Error::RecordCorrupt),
        ("1j.short.{}", Error::RecordCorrupt),
        ("2j.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.-.1.-.{}", Error::RecordUnsupported),
        ("1z.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.-.1.-.AAAA", Error::RecordUnsupported),
        ("1j.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.-.1.-.{\n\"a\":nul}", Error::RecordCorrupt),
        ("1j.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.-.1.-.[1]", Error::RecordCorrupt),
        ("1j.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.-.1.-.{} {}", Error::RecordCorrupt),
        ("1j.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.-.1.-.\u{e9}", Error::RecordCorrupt),
    ];
    for (text, error) in cases {
        let sessions = sessions();
        let (mut world, browser) = begun(&sessions, "user", "ada");
        rewrite(&mut world, |_| text.to_owned());
        let mut session = sessions.open(browser.header(), world.now_ms);
        let first = session.load();
        assert_eq!(world.run(&mut session, Ok(first)), Err(error), "{text}");
        assert!(!session.is_loaded());
        assert_eq!(session.set("user", "bob"), Err(Error::NotLoaded));
        assert_eq!(world.record(), text);
        if text.len() > 19 {
            world.destroy(&mut session).expect("destroyed");
            assert!(world.loaded(&sessions, &browser).is_new());
        }
    }
}

#[test]
fn a_record_that_became_unreadable_is_not_written_over() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("user", "bob").expect("a value");
    let text = "3z.AAAAAAAAAAAAAAAA.from a later version";
    rewrite(&mut world, |_| text.to_owned());
    assert_eq!(world.commit(&mut session), Err(Error::RecordCorrupt));
    assert_eq!(world.record(), text);
}

#[test]
fn values_that_somebody_laid_out_otherwise_are_read_and_written_anew() {
    let sessions = sessions();
    for values in [
        "{\"user\":\"caf\u{e9}\",\"n\":1}",
        "{\n  \"n\": 1,\n  \"user\": \"caf\\u00E9\"\n}\n",
        "{\"n\":1,\n\"\\u0075ser\":\"caf\u{e9}\"}",
    ] {
        let (mut world, browser) = begun(&sessions, "user", "ada");
        rewrite(&mut world, |record| with_values(record, values));
        let mut session = world.loaded(&sessions, &browser);
        assert_eq!(session.get("user"), Ok(Some("caf\u{e9}".to_owned())), "{values}");
        session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).expect("an update");
        world.commit(&mut session).expect("a commit");
        assert!(world.record().ends_with(".{\n\"n\":2,\n\"user\":\"caf\\u00e9\"}"), "{values}");
    }
}

#[test]
fn another_layout_is_merged_with_on_a_conflict_too() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("mine", &1).expect("a value");
    rewrite(&mut world, |record| with_values(&record.replacen(&record[3..19], "AAAAAAAAAAAAAAAA", 1), "{ \"theirs\": 2 }"));
    world.commit(&mut session).expect("a commit");
    assert!(world.record().ends_with(".{\n\"theirs\":2,\n\"mine\":1}"));
}

#[test]
fn bad_options_are_refused() {
    assert!(matches!(Sessions::new(Options::new(vec![vec![7; 31]])), Err(Error::InvalidOptions)));
    assert!(matches!(Sessions::new(Options::new(Vec::new())), Err(Error::InvalidOptions)));
}

#[test]
fn randomness_that_fails_fails_the_step() {
    assert!(Random::draw(|_| Err::<(), _>("none")).is_err());
    let fill = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok::<(), ()>(())
    };
    assert!(Random::draw(fill).is_ok());
}

#[test]
fn nothing_shows_an_id_a_key_or_a_value() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("canary", "canary").expect("a value");
    let random = world.random();
    let call = session.commit(world.now_ms, random).expect("a call").expect("a call");
    let record = StoreAnswer::Record(world.record().to_owned());
    assert_eq!(format!("{sessions:?} {session:?}"), "Sessions(..) Session(..)");
    assert_eq!(format!("{call:?}"), "StoreCall { wait_ms: 0, operation: update(..) }");
    assert_eq!(format!("{record:?} {:?}", StoreAnswer::Failed(Error::Timeout)), "Record(..) timeout");
    assert_eq!(format!("{:?}", world.random()), "Random(..)");
}
