//! When the cookie is sent, and when it is sent again.

use edge_session::session::RegenerateOptions;
use edge_session::{Error, Session, Sessions};

use crate::world::{Browser, DAY_SECONDS, Fault, NEW, OLD, World, sessions_with};

const MAX_AGE: u64 = 40_000;

fn remembering() -> Sessions {
    sessions_with(|options| {
        options.cookie.max_age_seconds = Some(MAX_AGE);
        options.idle_timeout_seconds = DAY_SECONDS;
    })
}

fn under(secrets: &[&[u8]]) -> Sessions {
    sessions_with(|options| options.secrets = secrets.iter().map(|secret| secret.to_vec()).collect())
}

fn navigated<'s>(world: &mut World, sessions: &'s Sessions, browser: &Browser, is_navigation: bool) -> Session<'s> {
    let mut session = sessions.open(browser.header(), world.now_ms);
    session.set_navigation(is_navigation);
    world.load(&mut session);
    session
}

fn max_age(session: &Session<'_>) -> Option<u64> {
    let line = session.set_cookie_headers().first()?.to_string();
    line.split("; ").find_map(|part| part.strip_prefix("Max-Age=")).and_then(|seconds| seconds.parse().ok())
}

#[test]
fn a_remembered_cookie_lives_as_long_as_it_is_told_or_the_session() {
    let (mut world, browser) = (World::new(), Browser::default());
    let sessions = remembering();
    let mut session = world.loaded(&sessions, &browser);
    session.set("user", "ada").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert_eq!(max_age(&session), Some(MAX_AGE));
    let sessions = sessions_with(|options| options.cookie.max_age_seconds = Some(2 * DAY_SECONDS));
    let mut session = world.loaded(&sessions, &browser);
    session.set("user", "ada").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert_eq!(max_age(&session), Some(DAY_SECONDS), "not beyond the absolute end");
}

#[test]
fn a_login_decides_whether_the_browser_remembers_and_it_stays_so() {
    let sessions = remembering();
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&sessions, &mut browser, "cart", "tea");
    for persistent in [Some(false), None, Some(true), None] {
        let mut session = world.loaded(&sessions, &browser);
        let random = world.random();
        session.regenerate_id(RegenerateOptions { grace_seconds: 0, persistent }, random).expect("moved");
        world.commit(&mut session).expect("a commit");
        browser.take(&session);
        let remembers = world.calls.len() > 8;
        assert_eq!(max_age(&session), remembers.then_some(MAX_AGE), "{persistent:?}");
    }
}

#[test]
fn a_remembered_cookie_is_sent_again_after_half_of_its_life_to_a_navigation_only() {
    let sessions = remembering();
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&sessions, &mut browser, "user", "ada");
    world.pass(MAX_AGE / 2);
    assert!(navigated(&mut world, &sessions, &browser, true).set_cookie_headers().is_empty());
    world.pass(1);
    assert!(navigated(&mut world, &sessions, &browser, false).set_cookie_headers().is_empty());
    let session = navigated(&mut world, &sessions, &browser, true);
    assert_eq!(max_age(&session), Some(MAX_AGE));
    browser.take(&session);
    assert!(navigated(&mut world, &sessions, &browser, true).set_cookie_headers().is_empty());
}

#[test]
fn a_cookie_under_an_older_secret_is_sealed_anew_for_a_navigation_only() {
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&under(&[OLD]), &mut browser, "user", "ada");
    let both = under(&[NEW, OLD]);
    assert!(navigated(&mut world, &both, &browser, false).set_cookie_headers().is_empty());
    let session = navigated(&mut world, &both, &browser, true);
    assert_eq!(session.set_cookie_headers().len(), 1);
    browser.take(&session);
    let only_new = under(&[NEW]);
    assert_eq!(world.get(&only_new, &browser, "user").as_deref(), Some("ada"));
    assert!(navigated(&mut world, &both, &browser, true).set_cookie_headers().is_empty());
}

#[test]
fn renewing_under_an_older_secret_loads_so_that_the_cookie_is_sealed_anew() {
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&under(&[OLD]), &mut browser, "user", "ada");
    let both = under(&[NEW, OLD]);
    for (is_navigation, call, lines) in [(false, "refresh", 0), (true, "load", 1)] {
        let mut session = both.open(browser.header(), world.now_ms);
        session.set_navigation(is_navigation);
        let first = session.renew();
        world.run(&mut session, Ok(first)).expect("a renewal");
        assert_eq!(world.calls.last(), Some(&call));
        assert_eq!(session.set_cookie_headers().len(), lines);
        assert!(!session.is_used());
    }
}

#[test]
fn a_secret_that_is_gone_ends_its_sessions() {
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&under(&[OLD]), &mut browser, "user", "ada");
    let only_new = under(&[NEW]);
    let mut session = only_new.open(browser.header(), world.now_ms);
    assert_eq!(session.cookie_rejected(), Some("unknown-key"));
    assert!(session.load().is_none());
}

#[test]
fn a_cookie_is_not_sent_again_once_its_session_was_seen_to_end() {
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&under(&[OLD]), &mut browser, "user", "ada");
    let both = under(&[NEW, OLD]);
    let mut slow = navigated(&mut world, &both, &browser, true);
    let mut ends = world.loaded(&both, &browser);
    world.destroy(&mut ends).expect("destroyed");
    slow.set("user", "late").expect("a value");
    assert!(world.commit(&mut slow).is_err());
    assert!(slow.set_cookie_headers().is_empty());
    assert!(navigated(&mut world, &both, &browser, true).set_cookie_headers().is_empty());
}

#[test]
fn a_cookie_is_not_sent_again_once_a_commit_met_a_login() {
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&under(&[OLD]), &mut browser, "user", "ada");
    let both = under(&[NEW, OLD]);
    let mut slow = navigated(&mut world, &both, &browser, true);
    slow.set("note", "late").expect("a value");
    let random = world.random();
    let first = slow.commit(world.now_ms, random);
    assert!(world.run_with(&mut slow, first, &[Fault::LosesCall]).is_err());
    assert_eq!(slow.set_cookie_headers().len(), 1);
    let mut other = world.loaded(&both, &browser);
    log_in(&mut world, &mut other, None);
    world.commit(&mut other).expect("a commit");
    assert_eq!(world.commit(&mut slow), Err(Error::CommitAmbiguous));
    assert!(slow.set_cookie_headers().is_empty());
}

#[test]
fn no_cookie_is_due_before_the_store_confirmed_the_record() {
    let sessions = remembering();
    let mut world = World::new();
    let mut session = world.loaded(&sessions, &Browser::default());
    session.set("user", "ada").expect("a value");
    let random = world.random();
    let call = session.commit(world.now_ms, random).expect("a call");
    assert!(session.set_cookie_headers().is_empty());
    world.run(&mut session, Ok(call)).expect("a commit");
    assert_eq!(session.set_cookie_headers().len(), 1);
}

#[test]
fn a_commit_to_a_session_that_has_its_cookie_sends_none() {
    let sessions = remembering();
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&sessions, &mut browser, "user", "ada");
    let mut session = world.loaded(&sessions, &browser);
    session.set("user", "bob").expect("a value");
    world.commit(&mut session).expect("a commit");
    assert!(session.set_cookie_headers().is_empty());
}

#[test]
fn a_cookie_that_is_not_remembered_is_not_sent_again() {
    let sessions = remembering();
    let (mut world, mut browser) = (World::new(), Browser::default());
    let mut session = world.loaded(&sessions, &browser);
    log_in(&mut world, &mut session, Some(false));
    world.commit(&mut session).expect("a commit");
    browser.take(&session);
    world.pass(MAX_AGE / 2 + 1);
    assert!(navigated(&mut world, &sessions, &browser, true).set_cookie_headers().is_empty());
}

#[test]
fn a_cookie_that_is_only_sealed_anew_is_no_younger() {
    let with = |secrets: &[&[u8]]| {
        sessions_with(|options| {
            options.secrets = secrets.iter().map(|secret| secret.to_vec()).collect();
            options.cookie.max_age_seconds = Some(MAX_AGE);
            options.idle_timeout_seconds = DAY_SECONDS;
        })
    };
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(&with(&[OLD]), &mut browser, "user", "ada");
    let both = with(&[NEW, OLD]);
    world.pass(MAX_AGE / 4);
    browser.take(&navigated(&mut world, &both, &browser, true));
    world.pass(MAX_AGE / 4 + 1);
    assert_eq!(navigated(&mut world, &both, &browser, true).set_cookie_headers().len(), 1);
}

#[test]
fn a_session_that_begins_and_ends_in_one_request_leaves_no_cookie() {
    let sessions = remembering();
    let (mut world, mut browser) = (World::new(), Browser::default());
    let mut session = world.loaded(&sessions, &browser);
    session.set("user", "ada").expect("a value");
    world.commit(&mut session).expect("a commit");
    world.destroy(&mut session).expect("destroyed");
    assert_eq!(max_age(&session), Some(0));
    browser.take(&session);
    assert_eq!(browser.cookie, None);
}

#[test]
fn the_later_of_two_regenerations_keeps_what_the_first_decided() {
    let sessions = remembering();
    let mut world = World::new();
    let mut session = world.loaded(&sessions, &Browser::default());
    log_in(&mut world, &mut session, Some(false));
    log_in(&mut world, &mut session, None);
    world.commit(&mut session).expect("a commit");
    assert_eq!(session.set_cookie_headers().len(), 1);
    assert_eq!(max_age(&session), None);
}

#[test]
fn what_a_login_decided_ends_with_it() {
    let sessions = remembering();
    for came_in in [false, true] {
        let (mut world, mut browser) = (World::new(), Browser::default());
        let mut session = world.loaded(&sessions, &browser);
        log_in(&mut world, &mut session, Some(false));
        world.commit(&mut session).expect("a commit");
        if came_in {
            browser.take(&session);
            session = world.loaded(&sessions, &browser);
        }
        world.destroy(&mut session).expect("destroyed");
        session.set("user", "bob").expect("a value");
        world.commit(&mut session).expect("a commit");
        assert_eq!(max_age(&session), Some(MAX_AGE), "came in: {came_in}");
    }
}

fn log_in(world: &mut World, session: &mut Session<'_>, persistent: Option<bool>) {
    let random = world.random();
    session.regenerate_id(RegenerateOptions { grace_seconds: 0, persistent }, random).expect("moved");
    session.set("user", "ada").expect("a value");
}
