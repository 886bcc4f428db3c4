//! The scratch: how long it is, and where it lies.

use edge_session::bindings::instance::Instance;
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::door::{Door, SCRATCH, failure};
use crate::tasks::DONE;
use crate::world::{ISSUED, NOW_MS, ready};

#[test]
fn a_length_beyond_the_scratch_fails_everywhere() {
    let (door, core) = ready();
    let instance = &door.instance;
    assert_eq!(instance.digest(SCRATCH), 0);
    for length in [SCRATCH + 1, usize::MAX] {
        let failures = [
            failure(instance.open(core, length, ISSUED)),
            failure(instance.line(core, length, 0.0, ISSUED)),
            failure(instance.hash(core, length)),
            failure(instance.write(core, length, 0, NOW_MS)),
            failure(instance.regenerate(core, length, 0, 0.0, NOW_MS)),
            failure(instance.destroy(core, length, 0, 60.0, NOW_MS)),
            failure(instance.answer(core, 0, length, DONE, 0, NOW_MS)),
            failure(instance.judge(length, true, ISSUED)),
            failure(instance.is_id(length)),
            failure(instance.are_lines(length)),
            failure(instance.revise(length)),
            failure(instance.digest(length)),
            failure(instance.create(length)),
        ];
        assert_eq!(failures, [const { "core-failed" }; 13].map(|code| Some(code.to_owned())));
    }
    assert_eq!(failure(instance.merge(SCRATCH + 1, 0)).as_deref(), Some("core-failed"));
    assert_eq!(failure(instance.merge(1, SCRATCH)).as_deref(), Some("core-failed"));
}

#[test]
fn a_scratch_without_room_takes_nothing() {
    let instance = Instance::new();
    assert_eq!(failure(instance.draw()).as_deref(), Some("core-failed"));
    assert_eq!(failure(instance.digest(0)).as_deref(), Some("core-failed"));
    assert_eq!(failure(instance.chunked_values(0, 0)).as_deref(), Some("core-failed"));
    assert_eq!(failure(instance.create(0)).as_deref(), Some("invalid-options"));
}

#[test]
fn the_scratch_stays_where_it_is_until_it_must_grow() {
    let door = Door::new();
    door.put("canary");
    let at = door.reserve(SCRATCH);
    assert_eq!((door.reserve(0), door.text(0, 6)), (at, "canary".to_owned()));
    let grown = door.reserve(300_000);
    assert!(door.is_blank(300_000));
    door.put("canary");
    assert_eq!((door.reserve(0), door.text(0, 6)), (grown, "canary".to_owned()));
    assert_eq!(door.instance.digest(300_000), 0);
}

#[test]
fn a_large_scratch_is_given_back() {
    let door = Door::new();
    door.reserve(512 * 1024);
    door.reserve(0);
    assert_eq!(door.instance.digest(512 * 1024), 0);
    door.reserve(512 * 1024 + 1);
    assert_eq!(door.instance.digest(512 * 1024 + 1), 0);
    door.reserve(0);
    assert_eq!(failure(door.instance.digest(SCRATCH + 1)).as_deref(), Some("core-failed"));
    assert_eq!(door.instance.digest(SCRATCH), 0);
}
