//! Every task that can be reached crosses as bytes and back.

use edge_session::id::{Id, Mark};
use edge_session::lifecycle::destroy::Destroy;
use edge_session::lifecycle::regenerate::{Move, Regenerate};
use edge_session::lifecycle::state::Task;
use edge_session::lifecycle::write::{Base, Write};
use edge_session::lifecycle::{Answer, Dice, End, Limits, Moment, Step};
use edge_session::record::{Header, Kind};
use proptest::prelude::{Just, any};
use proptest::strategy::Strategy;
use proptest::test_runner::TestCaseResult;
use proptest::{collection::vec, option, prop_assert, prop_assert_eq, prop_oneof};

use crate::seeded::holds;

const NOW: u64 = 1_790_000_000;

/// Few marks, so that revisions and births meet.
fn marks() -> impl Strategy<Value = Mark> {
    (0_u8..4).prop_map(|number| Mark::from_bits([number; 12]))
}

fn ids() -> impl Strategy<Value = Id> {
    (0_u8..4).prop_map(|number| Id::from_bytes([number; 16]))
}

fn headers() -> impl Strategy<Value = Header> {
    let data = (any::<u32>(), option::of(NOW - 90..NOW + 90))
        .prop_map(|(created, deadline)| (Kind::Data { created: created.into() }, deadline));
    let forwarding = (ids(), NOW - 90..NOW + 90).prop_map(|(target, deadline)| (Kind::Forwarding { target }, Some(deadline)));
    let tombstone = Just((Kind::Tombstone, Some(NOW)));
    let header = (prop_oneof![4 => data, 1 => forwarding, 1 => tombstone], marks(), marks(), option::of(marks()));
    header.prop_map(|((kind, deadline), revision, birth, previous)| Header { kind, revision, birth, previous, deadline })
}

fn answers() -> impl Strategy<Value = Answer> {
    let record = (headers(), any::<bool>(), any::<bool>()).prop_map(|(header, has_values, lost)| Answer::Record {
        header,
        has_values,
        lost,
    });
    let others = [Just(Answer::Done), Just(Answer::Absent), Just(Answer::Unreadable), Just(Answer::Lost)];
    let [done, absent, unreadable, lost] = others;
    prop_oneof![8 => record, 1 => done, 1 => absent, 1 => unreadable, 2 => lost]
}

fn moments() -> impl Strategy<Value = Moment> {
    (0_u8..4, NOW - 1..NOW + 2).prop_map(|(shown, now)| Moment { now_ms: now * 1000, dice: Dice([shown; 44]) })
}

fn limits() -> impl Strategy<Value = Limits> {
    (option::of(Just(86_400)), any::<bool>()).prop_map(|(absolute_timeout_seconds, compares)| Limits {
        idle_timeout_seconds: 1200,
        absolute_timeout_seconds,
        compares,
    })
}

/// A task that has just begun.
#[derive(Clone, Copy, Debug)]
enum Beginning {
    Write(Base),
    Regenerate(Move),
    Destroy(Id, Option<Header>, u64),
}

fn beginnings() -> impl Strategy<Value = Beginning> {
    let seen = || option::of(headers().prop_filter("a session's record", Header::is_data));
    let write = (ids(), any::<bool>(), marks(), seen(), any::<bool>())
        .prop_map(|(id, own_id, birth, seen, was_live)| Beginning::Write(Base { id, own_id, birth, seen, was_live }));
    let regenerate = (ids(), ids(), marks(), seen(), any::<bool>(), any::<u32>()).prop_map(
        |(id, next_id, next_birth, seen, was_live, grace)| {
            let was_live = was_live && seen.is_some();
            Beginning::Regenerate(Move { id, next_id, next_birth, seen, was_live, grace_seconds: grace.into() })
        },
    );
    let destroy =
        (ids(), option::of(headers()), 60_u64..600).prop_map(|(id, seen, seconds)| Beginning::Destroy(id, seen, seconds));
    prop_oneof![write, regenerate, destroy]
}

fn begun(beginning: Beginning, limits: &Limits, moment: &Moment) -> (Task, Step) {
    match beginning {
        Beginning::Write(base) => {
            let (write, step) = Write::begin(&base, limits, moment);
            (Task::Write(write), step)
        }
        Beginning::Regenerate(base) => {
            let (regenerate, step) = Regenerate::begin(&base, limits, moment);
            (Task::Regenerate(regenerate), step)
        }
        Beginning::Destroy(id, seen, seconds) => {
            let (destroy, step) = Destroy::begin(id, seen, seconds, limits, moment);
            (Task::Destroy(destroy), step)
        }
    }
}

fn bytes_of(task: &Task, step: &Step) -> Vec<u8> {
    let mut bytes = Vec::new();
    task.encode(step, &mut bytes);
    bytes
}

/// Leads a task through answers, and checks each one that it comes to.
fn led(
    (beginning, limits, at): (Beginning, Limits, Moment),
    answers: &[(Answer, Moment)],
    check: impl Fn(&Task, &Step) -> TestCaseResult,
) -> TestCaseResult {
    let (mut task, mut step) = begun(beginning, &limits, &at);
    check(&task, &step)?;
    for (answer, moment) in answers {
        if matches!(step, Step::End(end) if end != End::Undecided) {
            break;
        }
        step = task.answer(*answer, &limits, moment);
        check(&task, &step)?;
    }
    Ok(())
}

type Given = ((Beginning, Limits, Moment), Vec<(Answer, Moment)>);

fn given() -> impl Strategy<Value = Given> {
    ((beginnings(), limits(), moments()), vec((answers(), moments()), 0..24))
}

#[test]
fn a_task_comes_back_from_its_bytes() {
    holds(given(), |(beginning, answers)| {
        led(beginning, &answers, |task, step| {
            prop_assert_eq!(Task::decode(&bytes_of(task, step)), Ok(*task));
            Ok(())
        })
    });
}

#[test]
fn a_task_cut_short_is_refused() {
    holds(given(), |(beginning, answers)| {
        led(beginning, &answers, |task, _| {
            let bytes = bytes_of(task, &Step::End(End::Gone));
            for length in 0..bytes.len() {
                prop_assert!(Task::decode(&bytes[..length]).is_err(), "{} of {}", length, bytes.len());
            }
            Ok(())
        })
    });
}

#[test]
fn a_task_never_asks_for_what_no_store_could_do() {
    holds(given(), |(beginning, answers)| {
        led(beginning, &answers, |_, step| {
            let (Step::Call(call) | Step::WaitThen(_, call)) = step else { return Ok(()) };
            prop_assert_eq!(call.header.is_some(), call.seconds_to_live > 0, "a text, and only a text, has a time to live");
            let Step::WaitThen(wait, _) = step else { return Ok(()) };
            prop_assert!(*wait <= 640);
            Ok(())
        })
    });
}
