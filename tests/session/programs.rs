//! Random programs against a plain map.

use std::collections::BTreeMap;

use edge_session::Session;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert_eq, prop_oneof};

use crate::sealing::sealing;
use crate::seeded::holds;
use crate::world::{Browser, World, sessions};

const KEYS: [&str; 7] = ["a", "ab", "", "\0a", "\"a\"", "caf\u{e9}\u{1f36a}", "a\":1,\n\"b"];

type Model = BTreeMap<String, i64>;

/// One thing that a handler does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Set(usize, i64),
    Add(usize, i64),
    Remove(usize),
    Clear,
    Commit,
    /// Commits, and goes on in the next request.
    NextRequest,
}

fn acts() -> impl Strategy<Value = Act> {
    let key = || 0..KEYS.len();
    prop_oneof![
        4 => (key(), any::<i64>()).prop_map(|(key, value)| Act::Set(key, value)),
        4 => (key(), any::<i64>()).prop_map(|(key, value)| Act::Add(key, value)),
        2 => key().prop_map(Act::Remove),
        1 => Just(Act::Clear),
        2 => Just(Act::Commit),
        2 => Just(Act::NextRequest),
    ]
}

fn change(act: Act, session: &mut Session<'_>) {
    match act {
        Act::Set(key, value) => session.set(KEYS[key], &value).expect("a value"),
        Act::Add(key, value) => {
            let add = move |before: Option<i64>| before.unwrap_or(0).wrapping_add(value);
            session.update(KEYS[key], add).expect("an update");
        }
        Act::Remove(key) => session.remove(KEYS[key]).expect("removed"),
        Act::Clear => session.clear().expect("cleared"),
        Act::Commit | Act::NextRequest => {}
    }
}

fn change_model(act: Act, model: &mut Model) {
    match act {
        Act::Set(key, value) => drop(model.insert(KEYS[key].to_owned(), value)),
        Act::Add(key, value) => {
            let before = model.entry(KEYS[key].to_owned()).or_default();
            *before = before.wrapping_add(value);
        }
        Act::Remove(key) => drop(model.remove(KEYS[key])),
        Act::Clear => model.clear(),
        Act::Commit | Act::NextRequest => {}
    }
}

fn agree(session: &Session<'_>, model: &Model) -> Result<(), TestCaseError> {
    let mut keys = session.keys();
    if let Ok(keys) = &mut keys {
        keys.sort_unstable();
    }
    prop_assert_eq!(keys, Ok(model.keys().cloned().collect::<Vec<_>>()));
    for key in KEYS {
        prop_assert_eq!(session.get::<i64>(key), Ok(model.get(key).copied()));
        prop_assert_eq!(session.has(key), Ok(model.contains_key(key)));
    }
    Ok(())
}

#[test]
fn a_session_is_a_map_that_outlives_requests() {
    let either = [sessions(), sealing()];
    holds((vec(acts(), 0..60), 0..2_usize), |(program, which)| {
        let sessions = &either[which];
        let (mut world, mut browser, mut model) = (World::new(), Browser::default(), Model::new());
        let mut session = world.loaded(sessions, &browser);
        for act in program {
            change(act, &mut session);
            change_model(act, &mut model);
            if matches!(act, Act::Commit | Act::NextRequest) {
                world.commit(&mut session).expect("a commit");
                browser.take(&session);
            }
            if matches!(act, Act::NextRequest) {
                session = world.loaded(sessions, &browser);
            }
            agree(&session, &model)?;
        }
        world.commit(&mut session).expect("a commit");
        browser.take(&session);
        agree(&world.loaded(sessions, &browser), &model)
    });
}

/// What two requests do.
fn duel() -> impl Strategy<Value = (Vec<Act>, Vec<Act>)> {
    let changes = || vec(acts().prop_filter("a change", |act| !matches!(act, Act::Commit | Act::NextRequest)), 0..12);
    (changes(), changes())
}

#[test]
fn two_requests_at_once_end_as_one_after_the_other() {
    let either = [sessions(), sealing()];
    holds((duel(), 0..2_usize), |((first, second), which)| {
        let sessions = &either[which];
        let (mut world, mut browser) = (World::new(), Browser::default());
        let mut session = world.loaded(sessions, &browser);
        let mut model = Model::new();
        for act in [Act::Set(0, 1), Act::Set(1, 2), Act::Set(5, 3)] {
            change(act, &mut session);
            change_model(act, &mut model);
        }
        world.commit(&mut session).expect("a commit");
        browser.take(&session);
        let (mut one, mut two) = (world.loaded(sessions, &browser), world.loaded(sessions, &browser));
        // What changes nothing of what was read is no change: only what a request saw can be removed or cleared by it.
        let seen = model.clone();
        let (mut seen_by_one, mut seen_by_two) = (seen.clone(), seen);
        for act in first {
            change(act, &mut one);
            if changes_anything(act, &mut seen_by_one) {
                change_model(act, &mut model);
            }
        }
        world.commit(&mut one).expect("a commit");
        for act in second {
            change(act, &mut two);
            if changes_anything(act, &mut seen_by_two) {
                change_model(act, &mut model);
            }
        }
        world.commit(&mut two).expect("a commit");
        agree(&world.loaded(sessions, &browser), &model)
    });
}

/// Makes a change to what a request saw, and says whether it is one.
fn changes_anything(act: Act, seen: &mut Model) -> bool {
    let is_change = match act {
        Act::Remove(key) => seen.contains_key(KEYS[key]),
        Act::Clear => !seen.is_empty(),
        _ => true,
    };
    change_model(act, seen);
    is_change
}
