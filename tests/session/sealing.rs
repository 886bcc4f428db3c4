//! Records whose values only this application reads.

use edge_session::{Error, Options, Session, Sessions};

use crate::moves::log_in;
use crate::world::{Browser, Fault, NEW, OLD, World, begun, sessions, sessions_with};

pub fn sealing() -> Sessions {
    sessions_with(|options| options.encrypt_records = true)
}

fn with_secrets(secrets: &[&[u8]]) -> Sessions {
    sessions_with(|options| {
        options.encrypt_records = true;
        options.secrets = secrets.iter().map(|secret| secret.to_vec()).collect();
    })
}

fn load_error(world: &mut World, session: &mut Session<'_>) -> Option<Error> {
    let first = session.load();
    world.run(session, Ok(first)).err()
}

#[test]
fn the_store_sees_a_header_and_no_value() {
    let sessions = sealing();
    let (mut world, browser) = begun(&sessions, "cart", "canary");
    let record = world.record();
    assert!(record.starts_with("1s.") && !record.contains("canary") && !record.contains("cart"), "{record}");
    assert_eq!(record.matches('.').count(), 6);
    assert_eq!(world.get(&sessions, &browser, "cart").as_deref(), Some("canary"));
}

#[test]
fn a_session_lives_on_where_sealing_is_turned_on_and_off() {
    let (plain, sealing) = (sessions(), sealing());
    let (mut world, mut browser) = begun(&plain, "cart", "tea");
    assert_eq!(world.get(&sealing, &browser, "cart").as_deref(), Some("tea"));
    world.set(&sealing, &mut browser, "user", "ann");
    assert_eq!(world.kinds(), ["1s"]);
    assert_eq!(world.get(&plain, &browser, "user").as_deref(), Some("ann"));
    world.set(&plain, &mut browser, "user", "bob");
    assert_eq!(world.kinds(), ["1j"]);
    assert_eq!(world.get(&sealing, &browser, "cart").as_deref(), Some("tea"));
}

#[test]
fn a_session_lives_on_while_its_secret_is_rotated() {
    let (old, both) = (with_secrets(&[OLD]), with_secrets(&[NEW, OLD]));
    let (mut world, mut browser) = begun(&old, "cart", "tea");
    assert_eq!(world.get(&both, &browser, "cart").as_deref(), Some("tea"));
    world.set(&both, &mut browser, "user", "ann");
    let mut known = {
        let id = world.loaded(&both, &browser).id().expect("an id");
        both.open_by_id(id)
    };
    world.load(&mut known);
    assert_eq!(known.get("cart"), Ok(Some("tea".to_owned())));
}

#[test]
fn a_record_under_a_secret_that_is_gone_is_no_session_and_stays() {
    let (old, new) = (with_secrets(&[OLD]), with_secrets(&[NEW]));
    let (mut world, mut browser) = begun(&old, "cart", "tea");
    let id = world.loaded(&old, &browser).id().expect("an id");
    let before = world.record().to_owned();
    let mut known = new.open_by_id(id);
    world.load(&mut known);
    assert_eq!((known.is_new(), known.keys()), (true, Ok(Vec::new())));
    assert_eq!(known.set("cart", "milk"), Err(Error::NoSession));
    // The cookie is sealed anew, and only the record's secret is missing.
    let both = with_secrets(&[NEW, OLD]);
    let mut session = both.open(browser.header(), world.now_ms);
    session.set_navigation(true);
    world.load(&mut session);
    browser.take(&session);
    let mut visitor = new.open(browser.header(), world.now_ms);
    assert_eq!(visitor.id(), Some(id));
    world.load(&mut visitor);
    assert!(visitor.is_new());
    visitor.set("cart", "milk").expect("a value");
    world.commit(&mut visitor).expect("a commit");
    assert_ne!(visitor.id(), Some(id));
    assert!(world.records.values().any(|(record, _)| *record == before));
    let mut ending = new.open(browser.header(), world.now_ms);
    world.load(&mut ending);
    world.destroy(&mut ending).expect("destroyed");
    assert_eq!(world.kinds(), ["1d", "1s"]);
}

#[test]
fn a_record_that_was_copied_or_changed_does_not_open_and_stays() {
    let sessions = sealing();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let mut other = Browser::default();
    world.set(&sessions, &mut other, "cart", "coffee");
    let id = world.loaded(&sessions, &browser).id().expect("an id");
    let text = String::from_utf8(id.to_text().to_vec()).expect("a text");
    let (mine, others): (Vec<String>, Vec<String>) = world.records.keys().cloned().partition(|key| key.contains(&text));
    let (own, until_ms) = world.records[&mine[0]].clone();
    let later = own.replacen("1790000000500", "1790000000501", 1);
    let previous = own.replacen(".-.", ".AAAAAAAAAAAAAAAA.", 1);
    let cut = own[..own.len() - 1].to_owned();
    let clear = format!("{}{{\n\"cart\":\"milk\"}}", &own[..=own.rfind('.').expect("a header")]);
    for record in [world.records[&others[0]].0.clone(), later, previous, cut, clear] {
        world.records.insert(mine[0].clone(), (record.clone(), until_ms));
        let mut session = sessions.open(browser.header(), world.now_ms);
        assert_eq!(load_error(&mut world, &mut session), Some(Error::RecordCorrupt), "{record}");
        assert_eq!(world.records[&mine[0]].0, record);
    }
}

#[test]
fn what_grace_shows_is_sealed_too() {
    let sessions = sealing();
    let (mut world, browser) = begun(&sessions, "cart", "canary");
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, 30);
    world.commit(&mut session).expect("a commit");
    assert_eq!(world.kinds(), ["1m", "1s"]);
    assert!(world.records.values().all(|(record, _)| !record.contains("canary")));
    assert_eq!(world.get(&sessions, &browser, "cart").as_deref(), Some("canary"));
    assert_eq!(world.get(&self::sessions(), &browser, "cart").as_deref(), Some("canary"));
    let other = with_secrets(&[OLD, NEW]);
    let forgot = with_secrets(&[OLD]);
    assert_eq!(world.get(&other, &browser, "cart").as_deref(), Some("canary"));
    assert_eq!(world.get(&forgot, &browser, "cart"), None);
}

#[test]
fn a_tombstone_and_a_forwarding_that_shows_nothing_need_no_sealing() {
    let sessions = sealing();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, 0);
    world.commit(&mut session).expect("a commit");
    let forwarding = world.records.values().find(|(record, _)| record.starts_with("1m."));
    assert!(forwarding.is_some_and(|(record, _)| record.ends_with(".{}")));
    world.destroy(&mut session).expect("destroyed");
    assert_eq!(world.kinds(), ["1d", "1m"]);
}

#[test]
fn two_writers_of_sealed_records_both_count() {
    let sessions = sealing();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    let (mut one, mut other) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    one.set("a", "1").expect("a value");
    other.set("b", "2").expect("a value");
    world.commit(&mut one).expect("a commit");
    world.commit(&mut other).expect("a commit");
    assert_eq!(world.loaded(&sessions, &browser).keys().map(|keys| keys.len()), Ok(3));
}

#[test]
fn a_lost_reply_is_found_out_though_the_text_is_sealed_anew() {
    let sessions = sealing();
    let (mut world, browser) = begun(&sessions, "cart", "tea");
    for fault in [Fault::LosesAnswer, Fault::LosesCall] {
        let mut session = world.loaded(&sessions, &browser);
        session.update("count", |count: Option<u32>| count.unwrap_or(0) + 1).expect("a value");
        let random = world.random();
        let first = session.commit(world.now_ms, random);
        assert_eq!(world.run_with(&mut session, first, &[fault]), Err(Error::CommitAmbiguous));
        world.commit(&mut session).expect("found out");
    }
    assert_eq!(world.loaded(&sessions, &browser).get("count"), Ok(Some(2)));
}

#[test]
fn a_conflict_with_a_record_that_does_not_open_overwrites_nothing() {
    let (sessions, other) = (sealing(), with_secrets(&[OLD, NEW]));
    let (mut world, mut browser) = begun(&sessions, "cart", "tea");
    let mut late = world.loaded(&sessions, &browser);
    late.set("cart", "milk").expect("a value");
    world.set(&other, &mut browser, "cart", "coffee");
    let there = world.record().to_owned();
    assert_eq!(world.commit(&mut late), Err(Error::RecordCorrupt));
    assert_eq!(world.record(), there);
}

#[test]
fn the_limit_of_a_record_is_that_of_its_text_before_it_is_sealed() {
    let limited = |options: &mut Options| options.max_record_bytes = 300;
    let (plain, sealing) = (
        sessions_with(limited),
        sessions_with(|options| {
            limited(options);
            options.encrypt_records = true;
        }),
    );
    let fits = |sessions: &Sessions, length: usize| {
        let mut world = World::new();
        let mut session = world.loaded(sessions, &Browser::default());
        session.set("a", &"x".repeat(length)).expect("a value");
        world.commit(&mut session).is_ok()
    };
    let longest = (0..300).rev().find(|&length| fits(&plain, length)).expect("a length");
    assert!(fits(&sealing, longest) && !fits(&sealing, longest + 1));
}
