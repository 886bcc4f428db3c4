//! A commit, step by step, as it lies in the scratch.

use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::tasks::{ABSENT, COMPARES, DONE, LOST, NO_ANSWER, NO_MARK, OWN_ID, RECORD, Step, Task, UNREADABLE, WAS_LIVE, written};
use crate::world::{BIRTH, DATA, ID, NEXT_BIRTH, NOW_MS, REVISION, SEEN, ready};

#[test]
fn a_session_begins_by_create_and_ends_as_committed() {
    let mut task = Task::write("", COMPARES);
    let begun = task.step.clone();
    let (header, revision) = begun.masked();
    assert_eq!(header, format!("1j.*.{BIRTH}.-.1790000100123.1790086500."));
    assert_ne!(Task::write("", COMPARES).step.masked().1, revision);
    let texts = Step { id: ID.into(), header: begun.header.clone(), expected: NO_MARK.into(), ..Step::default() };
    let create = Step { operation: 1, seconds_to_live: 1200, state: begun.state.clone(), ..texts.clone() };
    assert_eq!(begun, create);
    let ended = task.answer(DONE, "", COMPARES);
    assert_eq!(ended, &Step { code: 1, created: 1, state: ended.state.clone(), ..texts });
}

#[test]
fn a_living_session_is_updated_or_replaced() {
    for (flags, operation) in [(WAS_LIVE | COMPARES, 2), (WAS_LIVE, 3)] {
        let mut task = Task::write(SEEN, flags);
        let begun = task.step.clone();
        assert_eq!(begun.masked().0, format!("1j.*.{BIRTH}.{REVISION}.1790000000000.1790086400."));
        assert_eq!((begun.operation, begun.values, begun.expected.as_str()), (operation, 0, REVISION));
        let ended = task.answer(DONE, "", flags);
        assert_eq!((ended.code, ended.created, &ended.header), (1, 0, &begun.header));
    }
}

#[test]
fn a_conflict_is_replayed_on_the_record_that_came() {
    let mut task = Task::write(SEEN, WAS_LIVE | COMPARES);
    let step = task.answer(RECORD, &written(BIRTH), COMPARES);
    assert_eq!((step.code, step.operation, step.conflicts, step.wait_ms), (0, 2, 1, 0));
    assert_eq!(step.expected, "NEVERSEENBEFORE_");
    assert_eq!(step.masked().0, format!("1j.*.{BIRTH}.NEVERSEENBEFORE_.1790000000000.1790086400."));
}

#[test]
fn the_ninth_conflict_waits_and_loads() {
    let mut task = Task::write(SEEN, WAS_LIVE | COMPARES);
    for _ in 0..9 {
        task.answer(RECORD, &written(BIRTH), COMPARES);
    }
    let Step { wait_ms, state, .. } = task.step.clone();
    assert!(wait_ms <= 20, "{wait_ms}");
    let expected = "NEVERSEENBEFORE_".into();
    let load = Step { wait_ms, conflicts: 9, id: ID.into(), expected, state, values: 2, ..Step::default() };
    assert_eq!(task.step, load);
    assert_eq!(task.answer(RECORD, &written(BIRTH), COMPARES).operation, 2);
}

#[test]
fn every_end_has_its_number() {
    let update = || Task::write(SEEN, WAS_LIVE | COMPARES);
    let gone = update().answer(ABSENT, "", COMPARES).clone();
    assert_eq!((gone.code, gone.id.as_str(), gone.expected.as_str(), gone.header.as_str()), (2, ID, REVISION, ""));
    assert_eq!(update().answer(RECORD, &written(NEXT_BIRTH), COMPARES).code, 2);
    let overtaken = written(BIRTH).replace(REVISION, NEXT_BIRTH);
    assert_eq!(update().answer(RECORD, &overtaken, COMPARES).code, 0);
    assert_eq!(update().answer(RECORD, &overtaken, COMPARES | LOST).code, 4);
    assert_eq!(update().answer(UNREADABLE, "", COMPARES).code, 5);
    assert_eq!(update().answer(NO_ANSWER, "", COMPARES).code, 6);
    let mut taken = Task::write("", OWN_ID | COMPARES);
    assert_eq!([0; 3].map(|_| taken.answer(RECORD, &written(NEXT_BIRTH), COMPARES).code), [0, 0, 3]);
    assert_ne!(taken.step.conflicts, 0);
}

#[test]
fn a_record_that_is_none_is_unreadable_and_not_an_error() {
    for record in ["", "{}", "2j.later", &DATA[..40]] {
        assert_eq!(Task::write(SEEN, WAS_LIVE | COMPARES).answer(RECORD, record, COMPARES).code, 5, "{record}");
    }
}

#[test]
fn what_got_no_answer_goes_on_from_its_state() {
    let mut task = Task::write(SEEN, WAS_LIVE | COMPARES);
    let ours = task.step.header.clone();
    task.answer(NO_ANSWER, "", COMPARES);
    let ended = task.answer(RECORD, &format!("{ours}{{}}"), COMPARES);
    assert_eq!((ended.code, &ended.header), (1, &ours));
}

#[test]
fn a_number_that_is_not_whole_is_cut_and_one_that_is_none_is_zero() {
    let (door, core) = ready();
    let created = |now_ms: f64| {
        let given = door.put([ID, BIRTH].concat());
        let step = Step::read(&door, door.instance.write(core, given, 0, now_ms));
        step.header.split('.').nth(4).map(str::to_owned)
    };
    assert_eq!(created(NOW_MS + 0.9).as_deref(), Some("1790000100123"));
    assert_eq!(created(9_007_199_254_740_991.0).as_deref(), Some("9007199254740991"));
    for now_ms in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 9_007_199_254_740_992.0] {
        assert_eq!(created(now_ms).as_deref(), Some("0"), "{now_ms}");
    }
}
