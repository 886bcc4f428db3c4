//! Requests that write, and logouts, at the same time.

use crate::laws::{
    a_late_clear_clears_nothing_newer, every_step_counts_once, nothing_is_lost, nothing_is_rolled_back, nothing_more,
    the_later_value_stays,
};
use crate::request::Act::{Await, Change, Commit, Destroy, Load};
use crate::story::{Seed, Story};
use crate::values::Change::{Clear, Increment, Set};

const OWN_A: [crate::request::Act; 2] = [Load, Change(Set("ownA", "1"))];
const OWN_B: [crate::request::Act; 2] = [Load, Change(Set("ownB", "2"))];
const OWN_C: [crate::request::Act; 2] = [Load, Change(Set("ownC", "3"))];
const STEP: [crate::request::Act; 2] = [Load, Change(Increment("n"))];
const ALICE: [crate::request::Act; 2] = [Load, Change(Set("user", "\"alice\""))];
const LOGOUT: [crate::request::Act; 2] = [Load, Destroy];
const USER: &str = "{\n\"user\":\"u\"}";

fn writer_logout_and_third() -> Story {
    Story::new(Seed::Live(USER)).request('A', &ALICE).request('D', &LOGOUT).request('C', &OWN_C)
}

fn one_after_the_other() -> Story {
    let first = [Load, Change(Set("k", "\"A\""))];
    let second = [Await(0), Load, Change(Set("k", "\"B\""))];
    Story::new(Seed::Live("{}")).request('A', &first).request('B', &second).delays(1)
}

// Story 1 of the model.
#[test]
fn two_writers_of_two_keys_both_count() {
    let tally = Story::new(Seed::Live("{}")).request('A', &OWN_A).request('B', &OWN_B).faults(2).holds(nothing_is_lost);
    assert!(tally.saw("A Done, B Done"));
    assert!(tally.saw("A Undecided, B Done"));
    assert!(!tally.saw("A Ambiguous, B Done"), "one later commit hides nothing");
}

#[test]
fn a_lost_reply_that_two_later_commits_hide_is_never_guessed() {
    let twice = [Load, Change(Set("ownB", "1")), Commit, Change(Set("ownB2", "2"))];
    let story = Story::new(Seed::Live("{\n\"n\":0}")).request('A', &STEP).request('B', &twice).faults(1);
    let tally = story.holds(nothing_is_lost);
    assert!(tally.saw("A Ambiguous, B Done"));
}

// Story 2.
#[test]
fn a_writer_never_undoes_one_who_read_its_value() {
    let a = [Load, Change(Set("k", "\"A\""))];
    let b = [Load, Change(Set("k", "\"B\""))];
    Story::new(Seed::Live("{}")).request('A', &a).request('B', &b).faults(2).holds(nothing_is_rolled_back);
}

// Story 3.
#[test]
fn two_steps_of_one_counter_count_once_each() {
    Story::new(Seed::Live("{\n\"n\":0}")).request('A', &STEP).request('B', &STEP).faults(2).holds(every_step_counts_once);
}

// Story 3b.
#[test]
fn three_steps_of_one_counter_count_once_each() {
    let story = Story::new(Seed::Live("{\n\"n\":0}")).request('A', &STEP).request('B', &STEP).request('C', &STEP);
    story.faults(1).holds(every_step_counts_once);
}

// Story 4.
#[test]
fn a_clear_whose_reply_was_lost_clears_nothing_newer() {
    let story = Story::new(Seed::Live(USER)).request('A', &[Load, Change(Clear)]).request('B', &OWN_B);
    story.faults(2).holds(a_late_clear_clears_nothing_newer);
}

// Story 5.
#[test]
fn a_writer_never_undoes_a_logout() {
    let tally = Story::new(Seed::Live(USER)).request('A', &OWN_A).request('D', &LOGOUT).faults(2).holds(nothing_is_lost);
    assert!(tally.saw("A Gone, D Destroyed"));
}

// Story 6.
#[test]
fn a_third_request_brings_no_logged_out_user_back() {
    let tally = writer_logout_and_third().holds(nothing_is_lost);
    assert!(tally.saw("A Done, D Destroyed, C Done"));
}

// Story 7.
#[test]
fn a_writer_never_meets_the_session_that_began_after_its_own_expired() {
    let story = Story::new(Seed::Live(USER)).request('A', &ALICE).request('C', &OWN_C).expiries(1).skew('C', -1000);
    story.holds(nothing_more);
}

// Story 15.
#[test]
fn the_last_write_wins_but_brings_no_session_back() {
    writer_logout_and_third().last_write_wins().holds(nothing_more);
}

// Story 16.
#[test]
fn a_late_duplicate_never_wins_as_the_last_write() {
    one_after_the_other().last_write_wins().holds(the_later_value_stays);
}

// Story 17.
#[test]
fn a_late_duplicate_changes_nothing() {
    one_after_the_other().holds(the_later_value_stays);
}

// Story 18.
#[test]
fn a_lost_reply_brings_no_logged_out_user_back() {
    writer_logout_and_third().faults(1).holds(nothing_is_lost);
}
