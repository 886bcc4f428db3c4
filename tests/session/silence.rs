//! Calls that the store did not answer.

use edge_session::session::{RegenerateOptions, StoreAnswer};
use edge_session::{Error, Session, Sessions};

use crate::world::Fault::{LosesAnswer, LosesCall};
use crate::world::{Browser, Fault, World, begun, sessions};

fn count(session: &mut Session<'_>) {
    session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).expect("an update");
}

/// Two other requests count.
fn count_twice(world: &mut World, sessions: &Sessions, browser: &Browser) {
    for _ in 0..2 {
        let mut other = world.loaded(sessions, browser);
        count(&mut other);
        world.commit(&mut other).expect("a commit");
    }
}

fn commit_with(world: &mut World, session: &mut Session<'_>, faults: &[Fault]) -> Result<(), Error> {
    let random = world.random();
    let first = session.commit(world.now_ms, random);
    world.run_with(session, first, faults)
}

#[test]
fn a_commit_that_was_not_answered_is_stored_once() {
    for fault in [LosesAnswer, LosesCall] {
        let sessions = sessions();
        let (mut world, browser) = begun(&sessions, "user", "ada");
        let mut session = world.loaded(&sessions, &browser);
        count(&mut session);
        assert_eq!(commit_with(&mut world, &mut session, &[fault]), Err(Error::CommitAmbiguous));
        world.commit(&mut session).expect("the same call again");
        world.commit(&mut session).expect("nothing is left");
        assert_eq!(world.loaded(&sessions, &browser).get("visits"), Ok(Some(1)), "{fault:?}");
    }
}

#[test]
fn a_first_commit_that_was_not_answered_keeps_its_id_and_sets_its_cookie_late() {
    for fault in [LosesAnswer, LosesCall] {
        let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
        let mut session = world.loaded(&sessions, &browser);
        count(&mut session);
        assert!(commit_with(&mut world, &mut session, &[fault]).is_err());
        let id = session.id();
        assert!(id.is_some() && session.set_cookie_headers().is_empty());
        world.commit(&mut session).expect("the same call again");
        assert_eq!(session.id(), id);
        browser.take(&session);
        assert_eq!(world.loaded(&sessions, &browser).get("visits"), Ok(Some(1)));
        assert_eq!(world.records.len(), 1);
    }
}

#[test]
fn what_was_changed_since_goes_with_the_same_commit() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    count(&mut session);
    assert!(commit_with(&mut world, &mut session, &[LosesAnswer]).is_err());
    count(&mut session);
    session.set("more", &1).expect("a value");
    world.commit(&mut session).expect("both");
    let again = world.loaded(&sessions, &browser);
    assert_eq!((again.get("visits"), again.get("more")), (Ok(Some(2)), Ok(Some(1))));
}

#[test]
fn a_lost_commit_that_another_followed_is_known_to_be_stored() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    count(&mut session);
    assert!(commit_with(&mut world, &mut session, &[LosesAnswer]).is_err());
    let mut other = world.loaded(&sessions, &browser);
    count(&mut other);
    world.commit(&mut other).expect("a commit");
    world.commit(&mut session).expect("it was stored");
    assert_eq!(session.get("visits"), Ok(Some(1)), "what is confirmed is what was sent");
    assert_eq!(world.loaded(&sessions, &browser).get("visits"), Ok(Some(2)));
}

#[test]
fn a_lost_commit_that_nobody_can_tell_of_is_never_sent_again() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    count(&mut session);
    assert!(commit_with(&mut world, &mut session, &[LosesAnswer]).is_err());
    count_twice(&mut world, &sessions, &browser);
    for _ in 0..2 {
        assert_eq!(world.commit(&mut session), Err(Error::CommitAmbiguous), "it is never told as stored");
    }
    assert_eq!(world.loaded(&sessions, &browser).get("visits"), Ok(Some(3)));
}

#[test]
fn a_call_that_nobody_answered_counts_as_one_that_the_store_did_not_answer() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    count(&mut session);
    let call = world.drop_commit(&mut session);
    let random = world.random();
    let again = session.commit(world.now_ms, random).expect("a call");
    assert_eq!(again.as_ref(), Some(&call), "the same call");
    world.run(&mut session, Ok(again)).expect("a commit");
    assert_eq!(world.loaded(&sessions, &browser).get("visits"), Ok(Some(1)));
}

#[test]
fn a_call_that_nobody_answered_and_others_followed_is_not_made_again() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    count(&mut session);
    world.drop_commit(&mut session);
    count_twice(&mut world, &sessions, &browser);
    assert_eq!(world.commit(&mut session), Err(Error::CommitAmbiguous));
    assert_eq!(world.loaded(&sessions, &browser).get("visits"), Ok(Some(3)));
}

#[test]
fn a_refusal_is_told_as_it_is() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    for error in [Error::StoreUnavailable, Error::StoreAuth, Error::StoreThrottled, Error::StoreQuota, Error::StoreRejected] {
        let mut session = sessions.open(browser.header(), world.now_ms);
        assert!(session.load().is_some());
        let random = world.random();
        assert_eq!(session.answer(StoreAnswer::Failed(error), world.now_ms, random), Err(error));
        assert!(!session.is_loaded());
        world.load(&mut session);
        count(&mut session);
        let random = world.random();
        assert!(session.commit(world.now_ms, random).is_ok());
        let random = world.random();
        assert_eq!(session.answer(StoreAnswer::Failed(error), world.now_ms, random), Err(error));
    }
}

#[test]
fn a_login_whose_forwarding_was_not_answered_is_decided_by_one_look() {
    for fault in [LosesAnswer, LosesCall] {
        let sessions = sessions();
        let (mut world, mut browser) = begun(&sessions, "user", "ada");
        let mut session = world.loaded(&sessions, &browser);
        let random = world.random();
        session.regenerate_id(RegenerateOptions::default(), random).expect("moved");
        let random = world.random();
        let first = session.commit(world.now_ms, random).expect("a call").expect("a call");
        let answer = world.ask(&first);
        let random = world.random();
        let second = session.answer(answer, world.now_ms, random);
        world.run_with(&mut session, second, &[fault]).expect("it is decided");
        browser.take(&session);
        assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"), "{fault:?}");
        assert_eq!(world.kinds(), ["1j", "1m"]);
    }
}

#[test]
fn a_login_that_nobody_can_tell_of_sets_no_cookie_and_leaves_no_record() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    let random = world.random();
    session.regenerate_id(RegenerateOptions::default(), random).expect("moved");
    let random = world.random();
    let first = session.commit(world.now_ms, random).expect("a call").expect("a call");
    let answer = world.ask(&first);
    let random = world.random();
    let second = session.answer(answer, world.now_ms, random);
    assert_eq!(world.run_with(&mut session, second, &[LosesCall, LosesCall]), Err(Error::CommitAmbiguous));
    assert!(session.set_cookie_headers().is_empty());
    assert_eq!(world.commit(&mut session), Err(Error::CommitAmbiguous), "it stays so");
    assert_eq!(world.kinds(), ["1j"]);
    assert_eq!(world.get(&sessions, &browser, "user").as_deref(), Some("ada"));
    world.destroy(&mut session).expect("destroyed");
    assert!(world.loaded(&sessions, &browser).is_new());
    session.set("user", "bob").expect("a value");
    world.commit(&mut session).expect("a session of its own");
}

#[test]
fn a_login_asked_for_after_a_commit_that_was_not_answered_is_not_forgotten() {
    for fault in [LosesAnswer, LosesCall] {
        let sessions = sessions();
        let (mut world, mut browser) = begun(&sessions, "user", "ada");
        let planted = browser.clone();
        let mut session = world.loaded(&sessions, &browser);
        count(&mut session);
        assert!(commit_with(&mut world, &mut session, &[fault]).is_err());
        let random = world.random();
        session.regenerate_id(RegenerateOptions::default(), random).expect("moved");
        world.commit(&mut session).expect("both");
        browser.take(&session);
        assert!(world.loaded(&sessions, &planted).is_new());
        assert_eq!(world.loaded(&sessions, &browser).get("visits"), Ok(Some(1)));
    }
}

#[test]
fn a_destroy_that_was_not_confirmed_leaves_the_session_and_its_cookie() {
    let sessions = sessions();
    let (mut world, browser) = begun(&sessions, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    let random = world.random();
    let first = session.destroy(world.now_ms, random);
    assert_eq!(world.run_with(&mut session, first, &[LosesCall]), Err(Error::Timeout));
    assert!(session.set_cookie_headers().is_empty());
    assert_eq!(session.get("user"), Ok(Some("ada".to_owned())));
    world.destroy(&mut session).expect("destroyed");
    assert_eq!(session.set_cookie_headers().len(), 1);
}
