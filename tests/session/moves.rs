//! A session that moves to a new id: logins.

use edge_session::session::RegenerateOptions;
use edge_session::{Error, Session};

use crate::world::{Browser, IDLE_SECONDS, World, begun, sessions, sessions_with};

pub fn log_in(world: &mut World, session: &mut Session<'_>, grace_seconds: u64) {
    let random = world.random();
    let options = RegenerateOptions { grace_seconds, persistent: None };
    session.regenerate_id(options, random).expect("moved");
    session.set("user", "ada").expect("a value");
}

#[test]
fn a_login_moves_the_values_and_a_planted_cookie_reads_nothing() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "cart", "tea");
    let planted = browser.clone();
    let mut session = world.loaded(&sessions, &browser);
    let (old, born) = (session.id(), session.created_at());
    world.pass(10);
    log_in(&mut world, &mut session, 0);
    let new = session.id();
    assert_ne!(new, old);
    world.commit(&mut session).expect("a commit");
    assert_eq!(session.id(), new);
    assert!(session.created_at() > born, "a new birth");
    browser.take(&session);
    world.commit(&mut session).expect("nothing is left");
    assert_eq!(world.calls, ["load", "create", "update"]);
    assert_eq!(world.kinds(), ["1j", "1m"]);

    let signed_in = world.loaded(&sessions, &browser);
    assert_eq!(signed_in.keys(), Ok(vec!["cart".to_owned(), "user".to_owned()]));
    let mut thief = world.loaded(&sessions, &planted);
    assert!(thief.is_new());
    assert_eq!(thief.keys(), Ok(Vec::new()));
    thief.set("user", "eve").expect("a value");
    world.calls.clear();
    assert_eq!(world.commit(&mut thief), Err(Error::Destroyed));
    assert!(world.calls.is_empty(), "nothing is tried");
    assert!(thief.set_cookie_headers().is_empty());
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
}

#[test]
fn a_login_takes_a_parallel_write_along() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "cart", "tea");
    let (mut session, mut other) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    log_in(&mut world, &mut session, 0);
    other.set("note", "hello").expect("a value");
    world.commit(&mut other).expect("a commit");
    world.commit(&mut session).expect("a commit");
    browser.take(&session);
    assert_eq!(world.get(&sessions, &browser, "note").as_deref(), Some("hello"));
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
}

#[test]
fn of_two_logins_at_once_the_second_ends_and_leaves_nothing() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let (mut one, mut two) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    log_in(&mut world, &mut one, 0);
    log_in(&mut world, &mut two, 0);
    world.commit(&mut one).expect("a commit");
    assert_eq!(world.commit(&mut two), Err(Error::Destroyed));
    assert!(two.set_cookie_headers().is_empty());
    assert_eq!(world.kinds(), ["1j", "1m"]);
}

#[test]
fn a_login_over_an_idle_session_never_uses_the_planted_id() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "cart", "tea");
    let planted = browser.clone();
    world.pass(IDLE_SECONDS);
    let mut session = world.loaded(&sessions, &browser);
    let old = session.id();
    log_in(&mut world, &mut session, 30);
    world.commit(&mut session).expect("a commit");
    assert_ne!(session.id(), old);
    browser.take(&session);
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
    assert_eq!(world.loaded(&sessions, &planted).keys(), Ok(Vec::new()));
    assert_eq!(world.calls[..3], ["load", "create", "create"]);
}

#[test]
fn a_visitors_first_login_is_one_record_and_one_call() {
    let (sessions, mut world, browser) = (sessions(), World::new(), Browser::default());
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, 30);
    let id = session.id();
    world.commit(&mut session).expect("a commit");
    assert_eq!(session.id(), id);
    assert_eq!(world.calls, ["create"]);
    assert_eq!(world.kinds(), ["1j"]);
}

#[test]
fn a_login_of_nothing_stores_nothing() {
    let (sessions, mut world, browser) = (sessions(), World::new(), Browser::default());
    let mut session = world.loaded(&sessions, &browser);
    let random = world.random();
    session.regenerate_id(RegenerateOptions::default(), random).expect("moved");
    world.commit(&mut session).expect("nothing to commit");
    assert!(session.set_cookie_headers().is_empty() && world.calls.is_empty());
}

#[test]
fn a_login_that_cannot_take_a_write_along_takes_its_record_back() {
    let sessions = sessions_with(|options| options.max_record_bytes = 160);
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let (mut session, mut other) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    log_in(&mut world, &mut session, 0);
    other.set("note", &"x".repeat(50)).expect("a value");
    world.commit(&mut other).expect("a commit");
    assert_eq!(world.commit(&mut session), Err(Error::RecordTooLarge));
    assert_eq!(world.kinds(), ["1j"]);
    assert!(session.set_cookie_headers().is_empty());
    assert_eq!(world.calls.last(), Some(&"remove"));
}

#[test]
fn a_login_asked_for_while_a_commit_is_under_way_is_not_forgotten() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "cart", "tea");
    let mut session = world.loaded(&sessions, &browser);
    let old = session.id();
    session.set("note", "hello").expect("a value");
    let random = world.random();
    let call = session.commit(world.now_ms, random).expect("a call");
    log_in(&mut world, &mut session, 0);
    let new = session.id();
    world.run(&mut session, Ok(call)).expect("a commit");
    assert_eq!(session.id(), new);
    world.commit(&mut session).expect("a commit");
    assert!(session.id() == new && new != old);
    browser.take(&session);
    assert_eq!(world.loaded(&sessions, &browser).keys().map(|keys| keys.len()), Ok(3));
    assert_eq!(world.kinds(), ["1j", "1m"]);
}

#[test]
fn what_regenerate_cannot_do_is_refused() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let mut session = world.loaded(&sessions, &browser);
    for (grace_seconds, persistent) in [(34_560_001, None), (0, Some(true))] {
        let random = world.random();
        let options = RegenerateOptions { grace_seconds, persistent };
        assert_eq!(session.regenerate_id(options, random), Err(Error::InvalidOptions));
    }
    world.commit(&mut session).expect("nothing to commit");
    assert_eq!(world.calls, ["load"]);
}

#[test]
fn a_login_that_meets_what_it_cannot_read_takes_its_own_record_back() {
    for was_absent in [false, true] {
        let sessions = sessions();
        let (mut world, browser) = begun(&sessions, "cart", "tea");
        let record = world.record().to_owned();
        let key = world.records.keys().next().expect("a key").clone();
        if was_absent {
            world.records.clear();
        }
        let mut session = world.loaded(&sessions, &browser);
        log_in(&mut world, &mut session, 0);
        let damaged = record.replacen(&record[3..19], "AAAAAAAAAAAAAAAA", 1).replace(":\"tea\"", ":tea");
        world.records.insert(key.clone(), (damaged.clone(), world.now_ms + 1000));
        assert_eq!(world.commit(&mut session), Err(Error::RecordCorrupt));
        assert_eq!(world.record(), damaged);
        assert!(world.records.contains_key(&key) && session.set_cookie_headers().is_empty());
    }
}

#[test]
fn a_slow_store_without_conflicts_is_waited_for() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "cart", "tea");
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, 0);
    let random = world.random();
    let mut call = session.commit(world.now_ms, random).expect("a call");
    while let Some(asked) = call {
        world.pass(11);
        let answer = world.ask(&asked);
        let random = world.random();
        call = session.answer(answer, world.now_ms, random).expect("an answer");
    }
    browser.take(&session);
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
}

#[test]
fn a_visitors_login_after_a_commit_that_was_refused_is_one_record() {
    let sessions = sessions_with(|options| options.max_record_bytes = 160);
    let (mut world, mut browser) = (World::new(), Browser::default());
    let mut session = world.loaded(&sessions, &browser);
    session.set("note", &"x".repeat(200)).expect("a value");
    assert_eq!(world.commit(&mut session), Err(Error::RecordTooLarge));
    session.remove("note").expect("removed");
    log_in(&mut world, &mut session, 0);
    world.commit(&mut session).expect("a commit");
    assert_eq!(world.calls, ["create"]);
    browser.take(&session);
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
}
