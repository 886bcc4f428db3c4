//! How a session ends: destroyed, expired, or by its id.

use edge_session::session::RegenerateOptions;
use edge_session::{Error, Sessions};

use crate::world::{Browser, DAY_SECONDS, IDLE_SECONDS, World, sessions, sessions_with};

fn begun(sessions: &Sessions) -> (World, Browser) {
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(sessions, &mut browser, "user", "ada");
    world.calls.clear();
    (world, browser)
}

#[test]
fn a_destroyed_session_is_not_created_again_by_a_request_that_read_it() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions);
    let (mut late, mut ends) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    late.set("user", "still here").expect("a value");
    world.destroy(&mut ends).expect("destroyed");
    assert!(world.record().starts_with("1d."));
    assert_eq!(world.commit(&mut late), Err(Error::Destroyed));
    assert!(world.record().starts_with("1d.") && world.record().ends_with(".{}"));
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
    let (mut world, mut browser) = begun(&sessions);
    let mut session = sessions.open(browser.header(), world.now_ms);
    world.destroy(&mut session).expect("destroyed");
    assert_eq!(world.calls, ["load", "update"]);
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
    let (mut world, mut browser) = begun(&sessions);
    let mut session = world.loaded(&sessions, &browser);
    let before = session.id();
    world.destroy(&mut session).expect("destroyed");
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
    let (mut world, mut browser) = begun(&sessions);
    let id = world.loaded(&sessions, &browser).id().expect("an id");
    let mut known = sessions.open_by_id(id);
    world.destroy(&mut known).expect("destroyed");
    assert!(known.set_cookie_headers().is_empty());
    let mut session = world.loaded(&sessions, &browser);
    assert!(session.is_new() && session.id().is_none());
    session.set("user", "ada again").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert_ne!(session.id(), Some(id));
    browser.take(&session);
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada again"));
}

#[test]
fn an_idle_session_is_gone_and_its_id_begins_anew() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions);
    let mut late = world.loaded(&sessions, &browser);
    let (id, born) = (late.id(), late.created_at());
    world.pass(IDLE_SECONDS);
    late.set("user", "late").expect("a value");
    assert_eq!(world.commit(&mut late), Err(Error::Destroyed), "what was read is never created again");

    let mut session = world.loaded(&sessions, &browser);
    assert!(session.is_new());
    assert_eq!(session.get::<String>("user"), Ok(None));
    session.set("user", "bob").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert_eq!(session.id(), id);
    assert!(session.created_at() > born);
    assert_eq!(session.set_cookie_headers().len(), 1, "the same id, new times");
    browser.take(&session);
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("bob"));
}

#[test]
fn every_load_and_renewal_puts_the_idle_end_off() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions);
    for _ in 0..3 {
        world.pass(IDLE_SECONDS - 1);
        assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
        world.pass(IDLE_SECONDS - 1);
        let mut session = sessions.open(browser.header(), world.now_ms);
        let call = session.renew();
        world.run(&mut session, Ok(call)).expect("a renewal");
        assert!(!session.is_used() && session.set_cookie_headers().is_empty());
    }
    assert_eq!(world.calls, ["load", "refresh", "load", "refresh", "load", "refresh"]);
}

#[test]
fn a_session_that_was_used_is_not_renewed_as_well() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions);
    let mut session = world.loaded(&sessions, &browser);
    assert!(session.is_used() && session.renew().is_none());
    let mut failed = sessions.open(browser.header(), world.now_ms);
    assert!(failed.load().is_some() && failed.renew().is_none());
}

#[test]
fn the_absolute_end_comes_however_busy_the_session_is() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions);
    for _ in 0..DAY_SECONDS / 1000 {
        world.pass(1000);
        assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
    }
    let (_, until_ms) = world.records.values().next().expect("a record");
    assert_eq!(*until_ms / 1000, crate::world::NOW_MS / 1000 + DAY_SECONDS);
    world.pass(DAY_SECONDS % 1000);
    let session = sessions.open(browser.header(), world.now_ms);
    assert_eq!(session.cookie_rejected(), Some("expired"));
}

#[test]
fn a_record_past_its_deadline_is_written_over_with_a_new_birth() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions);
    let mut fields: Vec<String> = world.record().splitn(7, '.').map(str::to_owned).collect();
    fields[5] = (world.now_ms / 1000).to_string();
    let birth = fields[2].clone();
    for (record, _) in world.records.values_mut() {
        *record = fields.join(".");
    }
    let mut session = world.loaded(&sessions, &browser);
    assert!(session.is_new());
    assert_eq!(session.keys(), Ok(Vec::new()));
    session.set("user", "bob").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert!(!world.record().contains(&birth) && world.record().ends_with("{\n\"user\":\"bob\"}"));
    assert_eq!(world.calls, ["load", "update"]);
    assert_eq!(session.set_cookie_headers().len(), 1);
}

#[test]
fn a_session_known_by_its_id_changes_and_begins_nothing() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions);
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
        let (mut world, mut browser) = begun(&sessions);
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
