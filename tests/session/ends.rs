//! How a session ends: destroyed, or by its id.

use edge_session::Error;
use edge_session::session::RegenerateOptions;

use crate::world::{Browser, Fault, World, begun, sessions, sessions_with};

#[test]
fn a_destroyed_session_is_not_created_again_by_a_request_that_read_it() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let (mut late, mut ends) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    late.set("user", "still here").expect("a value");
    world.destroy(&mut ends).expect("destroyed");
    assert!(world.record().starts_with("1d."));
    assert_eq!(world.commit(&mut late), Err(Error::Destroyed));
    assert!(world.record().starts_with("1d.") && world.record().ends_with(".{}"));
    let calls = world.calls.len();
    world.commit(&mut late).expect("nothing is left to commit");
    assert_eq!(world.calls.len(), calls);
    world.pass(61);
    late.set("user", "still here").expect("a value");
    assert_eq!(world.commit(&mut late), Err(Error::Destroyed));
    assert!(world.records.is_empty() && late.set_cookie_headers().is_empty());
}

#[test]
fn destroying_expires_the_cookie_with_the_attributes_that_set_it() {
    let sessions = sessions_with(|options| {
        options.cookie.name = "__Secure-s".to_owned();
        options.cookie.domain = Some("example.com".to_owned());
        options.cookie.path = "/shop".to_owned();
    });
    let (mut world, mut browser) = begun(&sessions, "user", "ada");
    let mut session = sessions.open(browser.header(), world.now_ms);
    world.destroy(&mut session).expect("destroyed");
    assert_eq!(world.calls, ["load", "update"]);
    assert!(session.is_used());
    world.destroy(&mut session).expect("it is gone already");
    assert_eq!(world.calls.len(), 2);
    assert_eq!(
        session.set_cookie_headers(),
        ["__Secure-s=; Path=/shop; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; \
          Secure; HttpOnly; SameSite=Lax"]
    );
    browser.take(&session);
    assert_eq!(browser.cookie, None);
}

#[test]
fn a_value_set_after_the_end_begins_a_session_under_a_new_id() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    let before = session.id();
    world.destroy(&mut session).expect("destroyed");
    world.destroy(&mut session).expect("it is gone already");
    assert_eq!(world.calls, ["load", "update"]);
    assert_eq!(session.get::<String>("user"), Ok(None));
    session.set("bye", &true).expect("a value");
    world.commit(&mut session).expect("a commit");
    assert_ne!(session.id(), before);
    browser.take(&session);
    let again = world.loaded(&sessions, &browser);
    assert_eq!(again.keys(), Ok(vec!["bye".to_owned()]));
    assert_eq!(world.kinds(), ["1d", "1j"]);
}

#[test]
fn a_browser_that_still_has_the_cookie_of_a_destroyed_session_begins_anew() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "user", "ada");
    let id = world.loaded(&sessions, &browser).id().expect("an id");
    let mut known = sessions.open_by_id(id);
    world.destroy(&mut known).expect("destroyed");
    assert!(known.set_cookie_headers().is_empty() && known.id() == Some(id));
    let mut session = world.loaded(&sessions, &browser);
    assert!(session.is_new() && session.id().is_none());
    session.set("user", "ada again").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert_ne!(session.id(), Some(id));
    browser.take(&session);
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada again"));
}

#[test]
fn a_session_known_by_its_id_changes_and_begins_nothing() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let id = world.loaded(&sessions, &browser).id().expect("an id");
    let before = world.records.values().next().expect("a record").1;
    world.pass(10);
    let mut known = sessions.open_by_id(id);
    assert!(known.renew().is_none());
    world.load(&mut known);
    assert_eq!(world.records.values().next().expect("a record").1, before, "the time to live is left");
    known.set("note", "hello").expect("a value");
    let random = world.random();
    assert_eq!(known.regenerate_id(RegenerateOptions::default(), random), Err(Error::NoSession));
    world.commit(&mut known).expect("a commit");
    assert!(known.set_cookie_headers().is_empty());
    assert_eq!(world.get(&sessions, &browser, "note").as_deref(), Some("hello"));

    world.records.clear();
    let mut absent = sessions.open_by_id(id);
    world.load(&mut absent);
    assert!(absent.is_new());
    assert_eq!(absent.set("note", "hello"), Err(Error::NoSession));
    assert_eq!(absent.clear(), Err(Error::NoSession));
    world.commit(&mut absent).expect("nothing to commit");
    assert!(world.records.is_empty());
}

#[test]
fn a_logout_by_an_id_that_moved_long_ago_ends_what_it_moved_to() {
    for loads in [false, true] {
        let sessions = sessions();
        let (mut world, mut browser) = begun(&sessions, "user", "ada");
        let mut session = world.loaded(&sessions, &browser);
        let old = session.id().expect("an id");
        let random = world.random();
        session.regenerate_id(RegenerateOptions::default(), random).expect("moved");
        world.commit(&mut session).expect("a commit");
        browser.take(&session);
        world.pass(120);
        let mut known = sessions.open_by_id(old);
        if loads {
            world.load(&mut known);
        }
        world.destroy(&mut known).expect("destroyed");
        assert!(world.loaded(&sessions, &browser).is_new(), "loads: {loads}");
    }
}

#[test]
fn what_is_not_stored_is_destroyed_without_a_call() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "user", "ada");
    world.records.clear();
    let mut absent = world.loaded(&sessions, &browser);
    absent.set("user", "bob").expect("a value");
    world.destroy(&mut absent).expect("destroyed");
    world.commit(&mut absent).expect("nothing to commit");
    browser.take(&absent);
    assert_eq!(browser.cookie, None);
    assert_eq!(world.calls, ["load"]);
}

#[test]
fn a_first_write_that_failed_does_not_hide_what_a_logout_is_for() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    let old = browser.clone();
    let random = world.random();
    session.regenerate_id(RegenerateOptions::default(), random).expect("moved");
    world.commit(&mut session).expect("a commit");
    browser.take(&session);
    world.pass(60);
    let mut visitor = world.loaded(&sessions, &old);
    visitor.set("user", "eve").expect("a value");
    let random = world.random();
    let first = visitor.commit(world.now_ms, random);
    assert!(world.run_with(&mut visitor, first, &[Fault::LosesCall]).is_err());
    world.destroy(&mut visitor).expect("destroyed");
    assert!(world.loaded(&sessions, &browser).is_new());
}

#[test]
fn a_tombstone_stays_as_long_as_a_commit_may_take() {
    for (io_timeout_ms, seconds) in [(0, 60), (60_001, 61), (120_000, 120), (u64::MAX, 600)] {
        let sessions = sessions().with_io_timeout_ms(io_timeout_ms);
        let (mut world, browser) = begun(&sessions, "user", "ada");
        let mut session = world.loaded(&sessions, &browser);
        world.destroy(&mut session).expect("destroyed");
        let (_, until_ms) = world.records.values().next().expect("a tombstone");
        assert_eq!(*until_ms, world.now_ms + seconds * 1000);
    }
}

#[test]
fn a_destroy_that_others_keep_from_its_end_is_not_confirmed() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let (mut session, mut other) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    other.set("user", "bob").expect("a value");
    world.commit(&mut other).expect("a commit");
    let random = world.random();
    let call = session.destroy(world.now_ms, random).expect("a call").expect("a call");
    let answer = world.ask(&call);
    world.pass(10);
    let random = world.random();
    assert_eq!(session.answer(answer, world.now_ms, random), Err(Error::Conflict));
    assert!(session.set_cookie_headers().is_empty());
    world.destroy(&mut session).expect("destroyed");
}

#[test]
fn what_follows_a_first_commit_that_may_be_stored_is_another_session() {
    let (sessions, mut world) = (sessions(), World::new());
    let mut session = world.loaded(&sessions, &Browser::default());
    session.set("user", "ada").expect("a value");
    let random = world.random();
    let first = session.commit(world.now_ms, random);
    assert!(world.run_with(&mut session, first, &[Fault::LosesAnswer]).is_err());
    world.destroy(&mut session).expect("destroyed");
    session.set("user", "bob").expect("a value");
    world.commit(&mut session).expect("a commit");
    let births: Vec<&str> = world.records.values().map(|(record, _)| &record[20..36]).collect();
    assert!(births.len() == 2 && births[0] != births[1]);
}
