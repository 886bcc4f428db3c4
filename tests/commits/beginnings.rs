//! Sessions that begin where none is any more.

use crate::laws::{beginnings_become_one, every_first_step_counts_once, nothing_more};
use crate::request::Act::{self, Await, Change, Commit, Destroy, Load};
use crate::story::{Seed, Story};
use crate::values::Change::{Increment, Set};

const OWN_A: [Act; 2] = [Load, Change(Set("ownA", "1"))];
const OWN_B: [Act; 2] = [Load, Change(Set("ownB", "2"))];
const OWN_C: [Act; 2] = [Load, Change(Set("ownC", "3"))];
const LOGOUT: [Act; 2] = [Load, Destroy];
const PAST: Seed = Seed::Past("{\n\"user\":\"u\"}");

// Story 8 of the model.
#[test]
fn two_first_writes_under_one_id_become_one_session() {
    let tally = Story::new(Seed::Absent).request('A', &OWN_A).request('B', &OWN_B).faults(1).holds(beginnings_become_one);
    assert!(tally.saw("A Done, B Done"));
}

#[test]
fn first_steps_of_one_counter_count_once_each() {
    let step = Change(Increment("n"));
    let story = Story::new(Seed::Absent).request('A', &[Load, step]).request('B', &[Load, step, Commit, step]);
    let tally = story.faults(2).holds(every_first_step_counts_once);
    assert!(tally.saw("A Done, B Done"));
}

#[test]
fn two_first_writes_over_a_record_past_its_deadline_become_one_session() {
    let tally = Story::new(PAST).request('A', &OWN_A).request('B', &OWN_B).faults(1).holds(beginnings_become_one);
    assert!(tally.saw("A Done, B Done"));
}

#[test]
fn a_first_write_begins_though_the_record_past_its_deadline_goes_meanwhile() {
    let tally = Story::new(PAST).request('A', &OWN_A).request('B', &OWN_B).faults(1).expiries(1).holds(nothing_more);
    assert!(tally.saw("A Done, B Done"));
}

// Story 14.
#[test]
fn a_create_that_comes_late_brings_no_session_back() {
    let story = Story::new(Seed::Absent).in_browser('A', &[Load, Change(Set("user", "\"alice\""))]);
    story.in_browser('D', &[Await(0), Load, Destroy]).without_cookie().delays(1).holds(nothing_more);
}

// Story 21.
#[test]
fn a_logout_whose_reply_was_lost_spares_no_session_that_it_saw() {
    let tally = Story::new(Seed::Absent).request('D', &LOGOUT).request('C', &OWN_C).faults(1).holds(beginnings_become_one);
    assert!(tally.saw("D Destroyed, C Done"));
}
