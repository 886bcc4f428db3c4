//! How a session begins, and what costs nothing.

use edge_session::Error;
use edge_session::session::StoreAnswer;

use crate::world::{Browser, DAY_SECONDS, IDLE_SECONDS, NOW_MS, World, begun, sessions};

#[test]
fn the_first_write_sets_a_cookie_and_the_second_request_reads() {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    let mut session = world.loaded(&sessions, &browser);
    assert!(session.is_new() && session.id().is_none() && session.created_at().is_none());
    session.set("user", "ada").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert!(!session.is_new());
    assert_eq!(session.created_at(), Some(NOW_MS));
    let lines = session.set_cookie_headers();
    assert_eq!(lines.len(), 1);
    let (pair, attributes) = lines[0].split_once("; ").expect("attributes");
    assert_eq!(pair.len(), "__Host-session=".len() + 96);
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax");
    browser.take(&session);

    let again = world.loaded(&sessions, &browser);
    assert_eq!(again.get("user"), Ok(Some("ada".to_owned())));
    assert_eq!(again.id(), session.id());
    assert_eq!(again.created_at(), Some(NOW_MS));
    assert!(again.set_cookie_headers().is_empty());
    assert_eq!(world.calls, ["create", "load"]);
}

#[test]
fn a_record_is_the_protocols_text_under_the_protocols_key() {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    world.set(&sessions, &mut browser, "caf\u{e9}", "\u{1f36a}");
    let id = world.loaded(&sessions, &browser).id().expect("an id");
    let (key, (record, until_ms)) = world.records.first_key_value().expect("a record");
    let text = String::from_utf8(id.to_text().to_vec()).expect("ASCII");
    assert_eq!(*key, format!("{{edge-session_{text}}}_Data"));
    assert_eq!(*until_ms, NOW_MS + IDLE_SECONDS * 1000);
    let fields: Vec<&str> = record.splitn(7, '.').collect();
    assert_eq!(fields[0], "1j");
    assert_eq!((fields[1].len(), fields[2].len(), fields[3]), (16, 16, "-"));
    assert_eq!(fields[4], NOW_MS.to_string());
    assert_eq!(fields[5], (NOW_MS / 1000 + DAY_SECONDS).to_string());
    assert_eq!(fields[6], "{\n\"caf\\u00e9\":\"\\ud83c\\udf6a\"}");
}

#[test]
fn a_visitor_who_stores_nothing_costs_nothing() {
    let (sessions, mut world, browser) = (sessions(), World::new(), Browser::default());
    let mut session = world.loaded(&sessions, &browser);
    assert_eq!(session.get::<u32>("visits"), Ok(None));
    world.commit(&mut session).expect("nothing to commit");
    session.set("a", &1).expect("a value");
    session.remove("a").expect("removed");
    session.clear().expect("cleared");
    world.commit(&mut session).expect("nothing to commit");
    world.destroy(&mut session).expect("nothing to destroy");
    assert!(session.set_cookie_headers().is_empty());
    assert_eq!(world.calls, [""; 0]);
}

#[test]
fn a_cookie_that_does_not_open_is_no_session_and_no_call() {
    let (sessions, mut world) = (sessions(), World::new());
    for header in ["__Host-session=", "__Host-session=x", &format!("__Host-session={}", "A".repeat(96)), "other=1", "\u{7f};;="] {
        let mut session = sessions.open(header, world.now_ms);
        assert_eq!(session.cookie_rejected().is_some(), header.starts_with("__Host"), "{header}");
        assert!(session.renew().is_none() && session.load().is_none(), "{header}");
        assert!(session.is_new() && session.id().is_none(), "{header}");
    }
    world.pass(1);
    assert_eq!(world.calls, [""; 0]);
}

#[test]
fn the_second_of_two_sessions_in_one_header_is_not_guessed() {
    let (sessions, mut world) = (sessions(), World::new());
    let (mut one, mut two) = (Browser::default(), Browser::default());
    world.set(&sessions, &mut one, "user", "ada");
    world.set(&sessions, &mut two, "user", "bob");
    let header = format!("{}; {}", one.header(), two.header());
    let session = sessions.open(header, world.now_ms);
    assert_eq!(session.cookie_rejected(), Some("ambiguous"));
    assert!(session.is_new());
}

#[test]
fn nothing_is_read_or_set_before_the_load() {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    world.set(&sessions, &mut browser, "user", "ada");
    let mut session = sessions.open(browser.header(), world.now_ms);
    assert!(session.id().is_some() && !session.is_loaded() && !session.is_new());
    assert_eq!(session.get::<String>("user"), Err(Error::NotLoaded));
    assert_eq!(session.keys(), Err(Error::NotLoaded));
    assert_eq!(session.has("user"), Err(Error::NotLoaded));
    assert_eq!(session.set("user", "eve"), Err(Error::NotLoaded));
    assert_eq!(session.remove("user"), Err(Error::NotLoaded));
    assert_eq!(session.clear(), Err(Error::NotLoaded));
    assert_eq!(session.update("n", |n: Option<u32>| n.unwrap_or(0)), Err(Error::NotLoaded));
    let random = world.random();
    assert_eq!(session.regenerate_id(edge_session::session::RegenerateOptions::default(), random), Err(Error::NotLoaded));
    world.commit(&mut session).expect("nothing to commit");
    assert_eq!(world.calls, ["create"]);
}

#[test]
fn an_emptied_session_stays_and_keeps_its_id() {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    world.set(&sessions, &mut browser, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.clear().expect("cleared");
    world.commit(&mut session).expect("a commit");
    assert!(world.record().ends_with(".{}"));
    let again = world.loaded(&sessions, &browser);
    assert!(!again.is_new());
    assert_eq!(again.keys(), Ok(Vec::new()));
}

#[test]
fn a_session_can_wait_for_its_store_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    let sessions = sessions();
    is_send(&sessions.open("", NOW_MS));
}

#[test]
fn a_second_load_asks_nothing() {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    world.set(&sessions, &mut browser, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("user", "bob").expect("a value");
    assert!(session.load().is_none());
    assert_eq!(session.get("user"), Ok(Some("bob".to_owned())));
}

#[test]
fn clearing_nothing_and_removing_nothing_is_no_change() {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    world.set(&sessions, &mut browser, "user", "ada");
    for _ in 0..2 {
        let mut session = world.loaded(&sessions, &browser);
        session.clear().expect("cleared");
        session.remove("user").expect("removed");
        world.commit(&mut session).expect("a commit");
    }
    assert_eq!(world.calls, ["create", "load", "update", "load"]);
}

#[test]
fn what_is_past_its_deadline_leaks_nothing_into_a_session_that_begins() {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    world.set(&sessions, &mut browser, "user", "ada");
    let (key, (record, until_ms)) = world.records.pop_first().expect("a record");
    let mut session = world.loaded(&sessions, &browser);
    let deadline = (NOW_MS / 1000 + DAY_SECONDS).to_string();
    let past = record.replacen(&deadline, &(NOW_MS / 1000).to_string(), 1);
    world.records.insert(key, (past, until_ms));
    session.set("cart", "tea").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert!(world.record().ends_with(".{\n\"cart\":\"tea\"}"));
    assert_eq!(world.calls, ["create", "load", "create", "update"]);
}

#[test]
fn an_id_that_is_taken_gives_another_one_and_nothing_of_what_is_there() {
    let sessions = sessions();
    let (mut world, _) = begun(&sessions, "theirs", "tea");
    let theirs = world.record().to_owned();
    let mut session = world.loaded(&sessions, &Browser::default());
    session.set("user", "ada").expect("a value");
    let random = world.random();
    assert!(matches!(session.commit(world.now_ms, random), Ok(Some(_))));
    let random = world.random();
    let second = session.answer(StoreAnswer::Record(theirs), world.now_ms, random);
    world.run(&mut session, second).expect("a commit");
    assert_eq!(session.get("user"), Ok(Some("ada".to_owned())));
    assert_eq!(session.get::<String>("theirs"), Ok(None));
    assert_eq!(world.records.values().filter(|(record, _)| record.contains("theirs")).count(), 1);
}
