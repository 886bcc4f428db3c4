//! The scratch: how long it is, and where it lies.

use edge_session::bindings::core::Core;
use edge_session::bindings::records::{are_lines, draw, is_id, judge, merge};
use edge_session::bindings::scratch::Scratch;
use edge_session::bindings::settings::digest;
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::door::{Door, SCRATCH, thrown};
use crate::tasks::DONE;
use crate::world::{ISSUED, NOW_MS, ready};

#[test]
fn a_length_beyond_the_scratch_fails_everywhere() {
    let (door, core) = ready();
    let scratch = &door.scratch;
    assert_eq!(digest(scratch, SCRATCH), Ok(()));
    for length in [SCRATCH + 1, usize::MAX] {
        let failures = [
            thrown(core.open(scratch, length, ISSUED)),
            thrown(core.line(scratch, length, 0.0, ISSUED)),
            thrown(core.hash(scratch, length)),
            thrown(core.write(scratch, length, 0, 0, 0, NOW_MS)),
            thrown(core.regenerate(scratch, length, 0, 0.0, NOW_MS)),
            thrown(core.destroy(scratch, length, 0, 60.0, NOW_MS)),
            thrown(core.answer(scratch, 0, length, DONE, 0, NOW_MS)),
            thrown(judge(scratch, length, true, ISSUED)),
            thrown(is_id(scratch, length)),
            thrown(are_lines(scratch, length)),
            thrown(digest(scratch, length)),
            Core::new(scratch, length).err().and_then(|error| error.as_string()),
        ];
        assert_eq!(failures, [const { "core-failed" }; 12].map(|code| Some(code.to_owned())));
    }
    assert_eq!(thrown(merge(scratch, SCRATCH + 1, 0)).as_deref(), Some("core-failed"));
    assert_eq!(thrown(merge(scratch, 1, SCRATCH)).as_deref(), Some("core-failed"));
}

#[test]
fn a_scratch_without_room_takes_nothing() {
    let (_, core) = ready();
    let scratch = Scratch::new();
    assert_eq!(thrown(draw(&scratch)).as_deref(), Some("core-failed"));
    assert_eq!(thrown(core.seal(&scratch, ISSUED, ISSUED, true)).as_deref(), Some("core-failed"));
    assert_eq!(thrown(core.line(&scratch, 0, 0.0, ISSUED)).as_deref(), Some("core-failed"));
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
    assert_eq!(digest(&door.scratch, 300_000), Ok(()));
}

#[test]
fn a_large_scratch_is_given_back() {
    let door = Door::new();
    door.reserve(512 * 1024);
    door.reserve(0);
    assert_eq!(digest(&door.scratch, 512 * 1024), Ok(()));
    door.reserve(512 * 1024 + 1);
    assert_eq!(digest(&door.scratch, 512 * 1024 + 1), Ok(()));
    door.reserve(0);
    assert_eq!(thrown(digest(&door.scratch, SCRATCH + 1)).as_deref(), Some("core-failed"));
    assert_eq!(digest(&door.scratch, SCRATCH), Ok(()));
}
