//! When a session is over: idle for too long, or too old.

use edge_session::Error;

use crate::world::{DAY_SECONDS, IDLE_SECONDS, begun, sessions};

#[test]
fn an_idle_session_is_gone_and_its_id_begins_anew() {
    let sessions = sessions();
    let (mut world, mut browser) = begun(&sessions, "user", "ada");
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
    let (mut world, browser) = begun(&sessions, "user", "ada");
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
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    assert!(session.is_used() && session.renew().is_none());
    let mut failed = sessions.open(browser.header(), world.now_ms);
    assert!(failed.load().is_some() && failed.renew().is_none());
}

#[test]
fn the_absolute_end_comes_however_busy_the_session_is() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
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
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut fields: Vec<String> = world.record().splitn(7, '.').map(str::to_owned).collect();
    fields[5] = (world.now_ms / 1000).to_string();
    let birth = fields[2].clone();
    for (record, _) in world.records.values_mut() {
        *record = fields.join(".");
    }
    let mut session = world.loaded(&sessions, &browser);
    assert!(session.is_new() && session.created_at().is_none());
    assert_eq!(session.keys(), Ok(Vec::new()));
    session.set("user", "bob").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert!(!world.record().contains(&birth) && world.record().ends_with("{\n\"user\":\"bob\"}"));
    assert_eq!(world.calls, ["load", "update"]);
    assert_eq!(session.set_cookie_headers().len(), 1);
}
