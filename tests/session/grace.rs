//! What the id that a session left still shows.

use edge_session::{Error, Session, Sessions};

use crate::moves::log_in;
use crate::world::{Browser, Fault, World, begun, sessions};

#[test]
fn grace_shows_what_was_before_and_takes_no_write() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
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
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, 30);
    world.commit(&mut session).expect("a commit");
    world.destroy(&mut session).expect("destroyed");
    assert_eq!(world.get(&sessions, &browser, "cart"), None);
}

#[test]
fn a_load_that_fails_on_the_way_may_be_tried_again() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, 30);
    world.commit(&mut session).expect("a commit");
    let mut late = sessions.open(browser.header(), world.now_ms);
    let call = late.load().expect("a call");
    let (found, random) = (world.ask(&call), world.random());
    let following = late.answer(found, world.now_ms, random);
    assert!(matches!(following, Ok(Some(_))));
    assert_eq!(world.run_with(&mut late, following, &[Fault::LosesCall]), Err(Error::Timeout));
    assert!(!late.is_loaded());
    world.load(&mut late);
    assert_eq!(late.get("cart"), Ok(Some("tea".to_owned())));
}

#[test]
fn grace_is_followed_over_several_logins() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "cart", "tea");
    let first = browser.clone();
    for _ in 0..3 {
        let mut session = world.loaded(&sessions, &browser);
        log_in(&mut world, &mut session, 30);
        world.commit(&mut session).expect("a commit");
        browser.take(&session);
    }
    world.calls.clear();
    let lives: Vec<u64> = world.records.values().map(|(_, until_ms)| *until_ms).collect();
    world.now_ms += 1000;
    assert_eq!(world.get(&sessions, &first, "cart").as_deref(), Some("tea"));
    assert_eq!(world.calls, ["load"; 4]);
    let renewed = world.records.values().zip(lives).filter(|((_, until_ms), before)| until_ms != before).count();
    assert_eq!(renewed, 1, "who follows renews nothing");
    for _ in 0..6 {
        let mut session = world.loaded(&sessions, &browser);
        log_in(&mut world, &mut session, 30);
        world.commit(&mut session).expect("a commit");
        browser.take(&session);
    }
    world.calls.clear();
    assert_eq!(world.get(&sessions, &first, "cart"), None, "nine are too many");
    assert_eq!(world.calls, ["load"; 9]);
}

/// A login with grace, and one under the id that it left, about to be committed.
fn logging_in_twice(sessions: &Sessions) -> (World, Browser, Session<'_>, Session<'_>) {
    let (mut world, browser) = begun(sessions, "cart", "tea");
    let mut first = world.loaded(sessions, &browser);
    log_in(&mut world, &mut first, 30);
    world.commit(&mut first).expect("a commit");
    let mut second = world.loaded(sessions, &browser);
    log_in(&mut world, &mut second, 0);
    (world, browser, first, second)
}

#[test]
fn a_login_under_an_id_that_moved_begins_anew_with_what_grace_shows() {
    let sessions = sessions();
    let (mut world, mut browser, first, mut second) = logging_in_twice(&sessions);
    second.set("user", "bob").expect("a value");
    world.commit(&mut second).expect("a commit");
    browser.take(&second);
    assert_ne!(first.id(), second.id());
    assert_eq!(world.get(&sessions, &browser, "cart").as_deref(), Some("tea"));
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("bob"));
}

#[test]
fn a_login_under_an_id_that_moved_undoes_no_logout() {
    for dropped in [false, true] {
        let sessions = sessions();
        let (mut world, _, mut first, mut second) = logging_in_twice(&sessions);
        if dropped {
            // Whether the first one lives is asked when the call is repeated.
            world.drop_commit(&mut second);
        }
        world.destroy(&mut first).expect("destroyed");
        world.calls.clear();
        assert_eq!(world.commit(&mut second), Err(Error::Destroyed));
        assert_eq!(world.calls, ["create", "load", "remove"]);
        assert!(second.set_cookie_headers().is_empty());
        assert_eq!(world.commit(&mut second), Ok(()), "nothing is left");
    }
}

#[test]
fn a_login_under_an_id_that_moved_waits_until_somebody_can_say_whether_the_other_lives() {
    let sessions = sessions();
    let (mut world, mut browser, _, mut second) = logging_in_twice(&sessions);
    let random = world.random();
    let create = second.commit(world.now_ms, random).expect("a call").expect("a call");
    let (created, random) = (world.ask(&create), world.random());
    let look = second.answer(created, world.now_ms, random);
    assert_eq!(world.run_with(&mut second, look, &[Fault::LosesCall, Fault::LosesCall]), Err(Error::Timeout));
    assert!(second.set_cookie_headers().is_empty());
    second.set("late", "value").expect("a value");
    world.commit(&mut second).expect("a commit");
    browser.take(&second);
    assert_eq!(world.get(&sessions, &browser, "cart").as_deref(), Some("tea"));
    assert_eq!(world.get(&sessions, &browser, "late").as_deref(), Some("value"), "what stayed is not taken for it");
}

#[test]
fn a_minute_after_a_move_the_old_cookie_is_a_visitors() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "cart", "tea");
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
fn a_session_known_by_an_old_id_shows_nothing() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let mut session = world.loaded(&sessions, &browser);
    let old = session.id().expect("an id");
    log_in(&mut world, &mut session, 30);
    world.commit(&mut session).expect("a commit");
    let mut known = sessions.open_by_id(old);
    world.load(&mut known);
    assert_eq!(known.keys(), Ok(Vec::new()));
    assert_eq!(known.set("user", "eve"), Err(Error::NoSession));
    world.pass(100);
    let mut dead = sessions.open_by_id(old);
    world.load(&mut dead);
    assert!(dead.is_new());
    assert_eq!(dead.set("user", "eve"), Err(Error::NoSession));
}
