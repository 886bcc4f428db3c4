//! Logins and logouts, seen from the browser.

use crate::laws::{
    nothing_is_lost, the_last_is_not_locked_out, the_login_stays, the_login_takes_the_rest_along, the_old_id_reads_no_login,
};
use crate::request::Act::{self, Await, Change, Destroy, Load, Pass, Regenerate};
use crate::story::{Seed, Story};
use crate::values::Change::Set;

const LOGIN: [Act; 3] = [Load, Change(Set("user", "\"alice\"")), Regenerate(0)];
const LOGIN_AGAIN: [Act; 4] = [Await(0), Load, Change(Set("user", "\"alice\"")), Regenerate(0)];
const LOGOUT: [Act; 2] = [Load, Destroy];
const CART: Seed = Seed::Live("{\n\"cart\":1}");

#[test]
fn one_lost_reply_fails_no_login() {
    for seed in [CART, Seed::Absent] {
        let tally = Story::new(seed).request('R', &LOGIN).faults(1).holds(the_login_stays);
        assert_eq!(tally.endings.keys().collect::<Vec<_>>(), ["R Done"]);
    }
}

#[test]
fn a_login_whose_answer_never_came_can_be_made_again() {
    Story::new(CART).request('R', &LOGIN).request('N', &LOGIN_AGAIN).faults(1).holds(the_last_is_not_locked_out);
}

#[test]
fn a_login_whose_answer_never_came_keeps_nobody_out_for_longer_than_a_minute() {
    let later = [Await(0), Pass(61), Load, Change(Set("ownB", "2"))];
    Story::new(CART).request('R', &LOGIN).request('N', &later).holds(the_last_is_not_locked_out);
}

#[test]
fn a_logout_by_id_keeps_no_browser_out() {
    let next = [Await(0), Load, Change(Set("user", "\"alice\""))];
    let story = Story::new(Seed::Live("{\n\"user\":\"u\"}")).request('D', &LOGOUT).request('N', &next);
    story.faults(1).holds(the_last_is_not_locked_out);
}

#[test]
fn a_planted_cookie_never_reads_the_login() {
    let story = Story::new(Seed::Absent).request('R', &LOGIN).request('X', &[Await(0), Load]);
    story.faults(1).holds(the_old_id_reads_no_login);
}

#[test]
fn a_logout_by_id_ends_what_writers_and_logins_do() {
    let login = [Load, Change(Set("ownR", "\"R\"")), Regenerate(0)];
    let story = Story::new(Seed::Live("{\n\"user\":\"u\"}")).request('R', &login).request('D', &LOGOUT);
    story.request('A', &[Load, Change(Set("ownA", "1"))]).faults(1).holds(nothing_is_lost);
}

#[test]
fn a_parallel_write_never_takes_the_login_from_its_browser() {
    let story = Story::new(CART).in_browser('R', &LOGIN).in_browser('B', &[Load, Change(Set("visits", "1"))]);
    story.faults(2).holds(the_login_stays);
}

#[test]
fn a_first_write_never_takes_the_login_from_its_browser() {
    let story = Story::new(Seed::Absent).in_browser('R', &LOGIN).in_browser('B', &[Load, Change(Set("visits", "1"))]);
    let tally = story.holds(the_login_stays);
    assert!(tally.saw("R Done, B Done"));
}

#[test]
fn a_login_takes_a_parallel_first_write_along() {
    let story = Story::new(Seed::Absent).in_browser('R', &LOGIN).in_browser('B', &[Load, Change(Set("ownB", "1"))]);
    let tally = story.faults(1).holds(the_login_takes_the_rest_along);
    assert!(tally.saw("R Done, B Done"));
}

#[test]
fn a_login_over_a_record_past_its_deadline_takes_a_parallel_first_write_along() {
    let past = Seed::Past("{\n\"user\":\"mallory\"}");
    let story = Story::new(past).in_browser('R', &LOGIN).in_browser('B', &[Load, Change(Set("ownB", "1"))]);
    let tally = story.faults(1).holds(the_login_takes_the_rest_along);
    assert!(tally.saw("R Done, B Done"));
}
