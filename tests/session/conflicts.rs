//! Two requests of one session at a time.

use std::sync::atomic::{AtomicU32, Ordering};

use edge_session::Error;
use edge_session::session::{Capabilities, RegenerateOptions, StoreAnswer, StoreCall, StoreOperation};
use edge_session::{Session, Sessions};

use crate::world::{Browser, World, begun, sessions, sessions_with};

#[test]
fn a_conflict_replays_and_both_keys_stay() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let (mut one, mut two) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    one.set("one", &1).expect("a value");
    two.set("two", &2).expect("a value");
    two.remove("user").expect("removed");
    world.commit(&mut one).expect("a commit");
    world.commit(&mut two).expect("a commit");
    assert!(world.record().ends_with(".{\n\"one\":1,\n\"two\":2}"));
    assert_eq!(two.get("one"), Ok(Some(1)), "what came back is seen at once");
    assert_eq!(world.calls, ["load", "load", "update", "update", "update"]);
}

#[test]
fn an_update_is_computed_again_and_no_step_is_lost() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut tabs: Vec<_> = (0..8).map(|_| world.loaded(&sessions, &browser)).collect();
    for tab in &mut tabs {
        tab.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).expect("an update");
        assert_eq!(tab.get("visits"), Ok(Some(1)));
    }
    for tab in &mut tabs {
        world.commit(tab).expect("a commit");
    }
    assert_eq!(world.loaded(&sessions, &browser).get("visits"), Ok(Some(8)));
    assert_eq!(tabs[7].get("visits"), Ok(Some(8)));
}

#[test]
fn an_update_is_computed_again_only_when_it_must_be() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let times = AtomicU32::new(0);
    let mut session = world.loaded(&sessions, &browser);
    let compute = |_: Option<u32>| times.fetch_add(1, Ordering::Relaxed);
    session.update("visits", compute).expect("an update");
    world.commit(&mut session).expect("a commit");
    drop(session);
    assert_eq!(times.into_inner(), 1);
}

#[test]
fn an_update_that_fails_on_what_is_there_stores_nothing() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let (mut one, mut two) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    one.set("visits", "many").expect("a value");
    two.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).expect("an update");
    two.set("two", &2).expect("a value");
    world.commit(&mut one).expect("a commit");
    assert_eq!(world.commit(&mut two), Err(Error::RecordCorrupt));
    assert!(world.record().ends_with("\"visits\":\"many\"}"));
}

#[test]
fn a_change_made_while_a_commit_is_under_way_belongs_to_the_next() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("first", &1).expect("a value");
    let random = world.random();
    let call = session.commit(world.now_ms, random).expect("a call");
    session.set("second", &2).expect("a value");
    world.run(&mut session, Ok(call)).expect("a commit");
    assert!(!world.record().contains("second"));
    assert_eq!(session.get("second"), Ok(Some(2)));
    world.commit(&mut session).expect("a commit");
    assert!(world.record().ends_with("\"first\":1,\n\"second\":2}"));
}

#[test]
fn two_first_writes_under_one_expired_cookie_become_one_session() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    world.records.clear();
    let (mut one, mut two) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    one.set("one", &1).expect("a value");
    two.set("two", &2).expect("a value");
    world.commit(&mut one).expect("a commit");
    world.commit(&mut two).expect("a commit");
    assert!(world.record().ends_with("{\n\"one\":1,\n\"two\":2}"));
    assert_eq!(one.created_at(), two.created_at());
}

#[test]
fn without_merging_the_later_commit_wins_whole() {
    let sessions = sessions().with_last_write_wins();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let (mut one, mut two) = (world.loaded(&sessions, &browser), world.loaded(&sessions, &browser));
    one.set("one", &1).expect("a value");
    two.set("two", &2).expect("a value");
    world.commit(&mut one).expect("a commit");
    world.commit(&mut two).expect("a commit");
    assert!(world.record().ends_with("{\n\"user\":\"ada\",\n\"two\":2}"));
}

#[test]
fn a_store_that_cannot_compare_is_asked_to_replace() {
    let capabilities = Capabilities { compare_and_set: false, min_ttl_seconds: 60 };
    let sessions = sessions().with_capabilities(capabilities).expect("enough time");
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("more", &1).expect("a value");
    world.commit(&mut session).expect("a commit");
    world.destroy(&mut session).expect("destroyed");
    assert_eq!(world.calls, ["load", "replace", "remove"]);
}

#[test]
fn a_store_that_keeps_records_longer_than_the_idle_time_is_refused() {
    let capabilities = Capabilities { compare_and_set: true, min_ttl_seconds: 1201 };
    assert!(sessions().with_capabilities(capabilities).is_err());
}

#[test]
fn a_store_gets_no_shorter_life_than_it_keeps() {
    let capabilities = Capabilities { compare_and_set: true, min_ttl_seconds: 60 };
    let sessions = sessions_with(|options| options.absolute_timeout_seconds = Some(1200));
    let sessions = sessions.with_capabilities(capabilities).expect("enough time");
    let (mut world, browser) = begun(&sessions, "user", "ada");
    world.pass(1190);
    let mut session = world.loaded(&sessions, &browser);
    session.set("more", &1).expect("a value");
    let random = world.random();
    let call = session.commit(world.now_ms, random).expect("a call").expect("a call");
    assert!(matches!(call.operation, StoreOperation::Update { ttl_seconds: 60, .. }));
    let load = sessions.open(browser.header(), world.now_ms).load().expect("a call");
    assert!(matches!(load.operation, StoreOperation::Load { ttl_seconds: 60, .. }));
}

#[test]
fn whoever_keeps_losing_waits_and_in_the_end_is_told() {
    let sessions = sessions().with_io_timeout_ms(2000);
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("mine", &1).expect("a value");
    let random = world.random();
    let mut call = session.commit(world.now_ms, random).expect("a call");
    let (mut waits, mut updates) = (0, 0);
    let error = loop {
        let asked = call.expect("a call");
        waits += u64::from(asked.wait_ms > 0);
        world.now_ms += u64::from(asked.wait_ms);
        if asked.operation.name() == "update" {
            updates += 1;
            overtake(&mut world, &sessions, &browser);
        }
        let answer = world.ask(&asked);
        let random = world.random();
        match session.answer(answer, world.now_ms, random) {
            Ok(next) => call = next,
            Err(error) => break error,
        }
    };
    assert_eq!(error, Error::Conflict);
    assert!(waits > 2 && updates > 10, "{waits} waits, {updates} updates");
    assert!(!world.record().contains("mine"));
    world.commit(&mut session).expect("it may be tried again");
    assert!(world.record().contains("mine"));
}

/// Changes the session before whoever is about to.
fn overtake(world: &mut World, sessions: &Sessions, browser: &Browser) {
    let mut other = world.loaded(sessions, browser);
    other.update("theirs", |times: Option<u32>| times.unwrap_or(0) + 1).expect("an update");
    world.commit(&mut other).expect("a commit");
}

/// Lets another overtake each update until a call is the one that is looked for.
fn until(
    world: &mut World,
    sessions: &Sessions,
    browser: &Browser,
    session: &mut Session<'_>,
    is_it: impl Fn(&StoreCall) -> bool,
) {
    let random = world.random();
    let mut call = session.commit(world.now_ms, random).expect("a call");
    while let Some(asked) = call.filter(|asked| !is_it(asked)) {
        if asked.operation.name() == "update" {
            overtake(world, sessions, browser);
        }
        let answer = world.ask(&asked);
        let random = world.random();
        call = session.answer(answer, world.now_ms, random).expect("a call");
    }
}

#[test]
fn the_load_after_a_wait_stores_nothing_so_its_silence_is_no_doubt() {
    for (passed, told) in [(0, Error::Timeout), (2000, Error::Conflict)] {
        let sessions = sessions().with_io_timeout_ms(2000);
        let (mut world, browser) = begun(&sessions, "user", "ada");
        let mut session = world.loaded(&sessions, &browser);
        session.set("mine", &1).expect("a value");
        until(&mut world, &sessions, &browser, &mut session, |asked| asked.operation.name() == "load");
        world.now_ms += passed;
        let random = world.random();
        assert_eq!(session.answer(StoreAnswer::Failed(Error::Timeout), world.now_ms, random), Err(told));
        world.commit(&mut session).expect("it may be tried again");
        assert!(world.record().contains("mine"));
    }
}

#[test]
fn a_login_that_met_another_writer_and_may_have_moved_is_never_told_as_a_conflict() {
    let sessions = sessions().with_io_timeout_ms(2000);
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    let random = world.random();
    session.regenerate_id(RegenerateOptions::default(), random).expect("a login");
    let random = world.random();
    let mut call = session.commit(world.now_ms, random).expect("a call");
    let mut forwardings = 0;
    let error = loop {
        let asked = call.expect("a call");
        let forwards = matches!(&asked.operation, StoreOperation::Update { record, .. } if record.starts_with("1m."));
        forwardings += u32::from(forwards);
        if forwards && forwardings == 1 {
            overtake(&mut world, &sessions, &browser);
        }
        let answer = world.ask(&asked);
        // The second one is carried out, and its answer comes too late, as does all that follows.
        let is_late = forwardings == 2;
        world.now_ms += if is_late { 2000 } else { 0 };
        let answer = if is_late { StoreAnswer::Failed(Error::Timeout) } else { answer };
        let random = world.random();
        match session.answer(answer, world.now_ms, random) {
            Ok(next) => call = next,
            Err(error) => break error,
        }
    };
    assert_eq!(error, Error::CommitAmbiguous);
    assert!(session.set_cookie_headers().is_empty());
}

#[test]
fn a_record_above_the_limit_is_refused_and_the_old_one_stays() {
    let sessions = sessions_with(|options| options.max_record_bytes = 200);
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let before = world.record().to_owned();
    let mut session = world.loaded(&sessions, &browser);
    session.set("long", &"x".repeat(200)).expect("a value");
    assert_eq!(world.commit(&mut session), Err(Error::RecordTooLarge));
    assert_eq!(world.record(), before);
    assert_eq!(world.calls, ["load"]);
}
