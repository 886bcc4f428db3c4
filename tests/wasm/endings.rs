//! A new id and an end, step by step; and what is no task.

use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::door::failure;
use crate::tasks::{COMPARES, DONE, NO_ANSWER, NO_MARK, RECORD, Step, Task, UNREADABLE, WAS_LIVE};
use crate::world::{BIRTH, FORWARDING, ID, NEXT_BIRTH, NEXT_ID, NOW_MS, REVISION, SEEN, ready};

#[test]
fn a_regeneration_creates_then_forwards_then_ends_under_the_new_id() {
    for (grace_seconds, values, deadline) in [(30.0, 1, "1790000130"), (0.0, 2, "1790000100")] {
        let mut task = Task::regenerate(SEEN, WAS_LIVE | COMPARES, grace_seconds);
        let begun = task.step.clone();
        assert_eq!((begun.code, begun.operation, begun.values, begun.id.as_str()), (0, 1, 0, NEXT_ID));
        assert_eq!(begun.masked().0, format!("1j.*.{NEXT_BIRTH}.-.1790000100123.1790086500."));
        let forward = task.answer(DONE, "", COMPARES);
        assert_eq!((forward.operation, forward.values, forward.seconds_to_live), (2, values, 1200));
        assert_eq!((forward.id.as_str(), forward.expected.as_str()), (ID, REVISION));
        assert_eq!(forward.masked().0, format!("1m.*.{BIRTH}.{REVISION}.{NEXT_ID}.{deadline}."));
        let ended = task.answer(DONE, "", COMPARES);
        assert_eq!((ended.code, ended.created, ended.id.as_str(), &ended.header), (1, 1, NEXT_ID, &begun.header));
    }
}

#[test]
fn a_regeneration_that_came_second_takes_its_record_away() {
    let mut task = Task::regenerate(SEEN, WAS_LIVE | COMPARES, 0.0);
    task.answer(DONE, "", COMPARES);
    let leaving = task.answer(RECORD, FORWARDING, COMPARES);
    assert_eq!((leaving.code, leaving.operation, leaving.id.as_str()), (0, 4, NEXT_ID));
    assert_eq!(task.answer(DONE, "", COMPARES).code, 2);
}

#[test]
fn a_destroy_writes_a_tombstone_over_what_was_loaded() {
    let mut task = Task::destroy(SEEN);
    let step = task.step.clone();
    assert_eq!((step.operation, step.values, step.seconds_to_live, step.expected.as_str()), (2, 2, 60, REVISION));
    assert_eq!((step.id.as_str(), step.masked().0), (ID, format!("1d.*.{BIRTH}.-.-.1790000100.")));
    assert_eq!(task.answer(DONE, "", COMPARES).code, 2);
}

#[test]
fn a_destroy_without_a_load_looks_first_and_removes_what_it_cannot_read() {
    let mut task = Task::destroy("");
    let look = Step { id: ID.into(), expected: NO_MARK.into(), values: 2, state: task.step.state.clone(), ..Step::default() };
    assert_eq!(task.step, look);
    assert_eq!(task.answer(UNREADABLE, "", COMPARES).operation, 4);
    assert_eq!(task.answer(NO_ANSWER, "", COMPARES).code, 6);
    let mut followed = Task::destroy("");
    let step = followed.answer(RECORD, FORWARDING, COMPARES);
    assert_eq!((step.code, step.operation, step.id.as_str()), (0, 0, NEXT_ID));
}

#[test]
fn what_begins_no_task_fails() {
    let (door, core) = ready();
    let altered = ID.replace("_w", "_x");
    for given in [vec![""], vec![&ID[1..]], vec![&altered, BIRTH], vec![ID, &BIRTH[1..]], vec![ID, BIRTH, &SEEN[..63]]] {
        let length = door.put(given.concat());
        assert_eq!(failure(door.instance.write(core, length, 0, NOW_MS)).as_deref(), Some("core-failed"), "{given:?}");
    }
    for given in [vec![ID, BIRTH], vec![ID, NEXT_ID, &BIRTH[1..]], vec![ID, NEXT_ID, BIRTH, "1z."]] {
        let length = door.put(given.concat());
        assert_eq!(failure(door.instance.regenerate(core, length, 0, 0.0, NOW_MS)).as_deref(), Some("core-failed"), "{given:?}");
    }
    for given in [vec![""], vec![&altered], vec![ID, "1j"]] {
        let length = door.put(given.concat());
        assert_eq!(failure(door.instance.destroy(core, length, 0, 60.0, NOW_MS)).as_deref(), Some("core-failed"), "{given:?}");
    }
}

#[test]
fn a_state_that_is_none_fails() {
    let states = [Task::write(SEEN, WAS_LIVE).step, Task::regenerate(SEEN, WAS_LIVE, 9.0).step, Task::destroy("").step];
    let (door, core) = ready();
    let answer = |state: &str, length: usize| failure(door.instance.answer(core, length, door.put(state), DONE, 0, NOW_MS));
    for (Step { state, header, .. }, is_write) in states.iter().zip([true, false, false]) {
        assert_eq!(answer(state, state.len()), None);
        // The header of the call stands last; it is a part of the task only where that is a commit.
        for cut in 0..if is_write { state.len() } else { state.len() - header.len() } {
            assert_eq!(answer(&state[..cut], cut).as_deref(), Some("core-failed"), "{cut}");
        }
        assert_eq!(answer(state, state.len() + 1).as_deref(), Some("core-failed"));
        assert_eq!(answer(&format!("{}x{}", &state[..38], &state[39..]), state.len()).as_deref(), Some("core-failed"));
    }
}
