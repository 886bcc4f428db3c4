//! A session that moves to a new id: logins.

use edge_session::session::RegenerateOptions;
use edge_session::{Error, Session, Sessions};

use crate::world::{Browser, IDLE_SECONDS, World, sessions, sessions_with};

fn begun(sessions: &Sessions) -> (World, Browser) {
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(sessions, &mut browser, "cart", "tea");
    world.calls.clear();
    (world, browser)
}

fn log_in(world: &mut World, session: &mut Session<'_>, grace_seconds: u64) {
    let random = world.random();
    let options = RegenerateOptions { grace_seconds, persistent: None };
    session.regenerate_id(options, random).expect("moved");
    session.set("user", "ada").expect("a value");
}

#[test]
fn a_login_moves_the_values_and_a_planted_cookie_reads_nothing() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions);
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
    assert_eq!(world.calls, ["load", "create", "update"]);
    assert_eq!(world.kinds(), ["1j", "1m"]);

    let signed_in = world.loaded(&sessions, &browser);
    assert_eq!(signed_in.keys(), Ok(vec!["cart".to_owned(), "user".to_owned()]));
    let mut thief = world.loaded(&sessions, &planted);
    assert!(thief.is_new());
    assert_eq!(thief.keys(), Ok(Vec::new()));
    thief.set("user", "eve").expect("a value");
    assert_eq!(world.commit(&mut thief), Err(Error::Destroyed));
    assert!(thief.set_cookie_headers().is_empty());
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
}

#[test]
fn grace_shows_what_was_before_and_takes_no_write() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions);
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, 30);
    world.commit(&mut session).expect("a commit");
    let mut late = world.loaded(&sessions, &browser);
    assert!(!late.is_new() && late.created_at().is_none());
    assert_eq!(late.get("cart"), Ok(Some("tea".to_owned())));
    assert_eq!(late.get::<String>("user"), Ok(None));
    late.set("cart", "coffee").expect("a value");
    assert_eq!(world.commit(&mut late), Err(Error::Destroyed));
    world.pass(30);
    assert_eq!(world.get(&sessions, &browser, "cart"), None);
}

#[test]
fn grace_ends_with_the_session_that_it_leads_to() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions);
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, 30);
    world.commit(&mut session).expect("a commit");
    world.destroy(&mut session).expect("destroyed");
    assert_eq!(world.get(&sessions, &browser, "cart"), None);
}

#[test]
fn grace_is_followed_over_several_logins() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions);
    let first = browser.clone();
    for _ in 0..3 {
        let mut session = world.loaded(&sessions, &browser);
        log_in(&mut world, &mut session, 30);
        world.commit(&mut session).expect("a commit");
        browser.take(&session);
    }
    assert_eq!(world.get(&sessions, &first, "cart").as_deref(), Some("tea"));
}

#[test]
fn a_login_takes_a_parallel_write_along() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions);
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
    let (mut world, browser) = begun(&sessions);
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
    let (mut world, mut browser) = begun(&sessions);
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
fn a_login_under_an_id_that_moved_begins_anew_with_what_grace_shows() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions);
    let mut first = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut first, 30);
    world.commit(&mut first).expect("a commit");
    let mut second = world.loaded(&sessions, &browser);
    let random = world.random();
    second.regenerate_id(RegenerateOptions::default(), random).expect("moved");
    second.set("user", "bob").expect("a value");
    world.commit(&mut second).expect("a commit");
    browser.take(&second);
    assert_ne!(first.id(), second.id());
    assert_eq!(world.get(&sessions, &browser, "cart").as_deref(), Some("tea"));
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("bob"));
}

#[test]
fn a_minute_after_a_move_the_old_cookie_is_a_visitors() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions);
    let mut session = world.loaded(&sessions, &browser);
    let old = session.id();
    log_in(&mut world, &mut session, 0);
    world.commit(&mut session).expect("a commit");
    world.pass(60);
    let mut visitor = world.loaded(&sessions, &browser);
    visitor.set("cart", "milk").expect("a value");
    world.commit(&mut visitor).expect("a commit");
    assert!(visitor.id() != old && visitor.id() != session.id());
    browser.take(&visitor);
    assert_eq!(world.loaded(&sessions, &browser).keys(), Ok(vec!["cart".to_owned()]));
}

#[test]
fn a_login_that_cannot_take_a_write_along_takes_its_record_back() {
    let sessions = sessions_with(|options| options.max_record_bytes = 160);
    let (mut world, browser) = begun(&sessions);
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
    let (mut world, mut browser) = begun(&sessions);
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
    let (mut world, browser) = begun(&sessions);
    let mut session = world.loaded(&sessions, &browser);
    for (grace_seconds, persistent) in [(34_560_001, None), (0, Some(true))] {
        let random = world.random();
        let options = RegenerateOptions { grace_seconds, persistent };
        assert_eq!(session.regenerate_id(options, random), Err(Error::InvalidOptions));
    }
    world.commit(&mut session).expect("nothing to commit");
    assert_eq!(world.calls, ["load"]);
}
