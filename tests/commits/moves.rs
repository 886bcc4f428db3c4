//! Regenerations, and everything that happens beside them.

use crate::laws::{nothing_is_lost, the_old_id_reads_no_login, the_old_id_reads_nothing_after_the_logout};
use crate::request::Act::{self, Await, Change, Destroy, Load, Regenerate};
use crate::story::{Seed, Story};
use crate::values::Change::{Increment, Set};

const ALICE: [Act; 3] = [Load, Change(Set("user", "\"alice\"")), Regenerate(0)];
const BOB: [Act; 3] = [Load, Change(Set("user", "\"bob\"")), Regenerate(0)];
const OWN_A: [Act; 2] = [Load, Change(Set("ownA", "1"))];
const OWN_B: [Act; 2] = [Load, Change(Set("ownB", "1"))];
const LOGOUT: [Act; 2] = [Load, Destroy];
const CART: Seed = Seed::Live("{\n\"cart\":0}");
const USER: Seed = Seed::Live("{\n\"user\":\"u\"}");

// Story 9 of the model.
#[test]
fn a_regeneration_takes_a_parallel_write_along() {
    let tally = Story::new(CART).request('R', &ALICE).request('A', &OWN_A).holds(nothing_is_lost);
    assert!(tally.saw("R Done, A Done"));
    assert!(tally.saw("R Done, A Gone"));
}

// Story 9f.
#[test]
fn a_regeneration_takes_a_parallel_write_along_in_spite_of_lost_replies() {
    let tally = Story::new(CART).request('R', &ALICE).request('A', &OWN_A).faults(2).holds(nothing_is_lost);
    assert!(tally.saw("R RegenerationFailed, A Done"), "two lost replies can leave a move that nobody can decide");
}

#[test]
fn a_step_whose_reply_was_lost_counts_once_beside_a_regeneration() {
    let step = [Load, Change(Increment("n"))];
    Story::new(Seed::Live("{\n\"n\":0}")).request('R', &ALICE).request('A', &step).faults(2).holds(nothing_is_lost);
}

// Story 10.
#[test]
fn of_two_regenerations_at_once_one_is_gone() {
    let tally = Story::new(CART).request('R', &ALICE).request('Q', &BOB).faults(1).holds(nothing_is_lost);
    assert!(tally.saw("R Done, Q Gone"));
    assert!(tally.saw("R Gone, Q Done"));
}

// Story 11.
#[test]
fn a_regeneration_never_undoes_a_logout() {
    let tally = Story::new(USER).request('R', &ALICE).request('D', &LOGOUT).faults(1).holds(nothing_is_lost);
    assert!(tally.saw("R Gone, D Destroyed"));
    assert!(tally.saw("R Done, D Destroyed"));
}

// Story 12.
#[test]
fn grace_shows_an_old_id_nothing_of_the_login() {
    let login = [Load, Change(Set("user", "\"alice\"")), Regenerate(30)];
    Story::new(CART).request('R', &login).request('X', &[Load]).faults(1).holds(the_old_id_reads_no_login);
}

// Story 13.
#[test]
fn grace_ends_with_the_logout() {
    let login = [Load, Change(Set("role", "\"admin\"")), Regenerate(30)];
    let story = Story::new(USER).in_browser('R', &login).in_browser('D', &[Await(0), Load, Destroy]);
    let tally = story.request('X', &[Await(1), Load]).faults(1).holds(the_old_id_reads_nothing_after_the_logout);
    assert!(tally.saw("R Done, D Destroyed, X Read"));
}

// Story 19.
#[test]
fn a_writer_a_regeneration_and_a_logout_leave_nothing_behind() {
    let story = Story::new(USER).request('A', &OWN_A).request('R', &ALICE).request('D', &LOGOUT);
    story.holds(nothing_is_lost);
}

// Story 20.
#[test]
fn old_cookies_begin_no_second_session_beside_a_regeneration() {
    let story = Story::new(CART).request('R', &ALICE).request('A', &OWN_A).request('B', &OWN_B);
    let tally = story.holds(nothing_is_lost);
    assert!(tally.saw("R Done, A Done, B Done"));
}
