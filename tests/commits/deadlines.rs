//! Sessions whose deadline passes while a request runs.

use crate::laws::nothing_more;
use crate::request::Act::{Change, Load, Pass, Regenerate};
use crate::story::{Seed, Story};
use crate::values::Change::Set;

const DAY: u64 = 86_400;

#[test]
fn a_commit_after_the_deadline_asks_nothing_of_the_store() {
    let late = [Load, Pass(DAY), Change(Set("ownA", "1"))];
    let tally = Story::new(Seed::Live("{}")).request('A', &late).faults(1).holds(nothing_more);
    assert_eq!(tally.runs, 1);
    assert!(tally.saw("A Gone"));
}

#[test]
fn a_regeneration_after_the_deadline_asks_nothing_of_the_store() {
    let late = [Load, Pass(DAY), Regenerate(0)];
    let tally = Story::new(Seed::Live("{}")).request('R', &late).faults(1).holds(nothing_more);
    assert_eq!(tally.runs, 1);
    assert!(tally.saw("R Gone"));
}

#[test]
fn nobody_goes_on_past_the_deadline_that_another_saw_pass() {
    let late = [Load, Pass(DAY), Change(Set("ownA", "1"))];
    let story = Story::new(Seed::Live("{\n\"user\":\"u\"}")).request('A', &late).request('B', &[Load, Change(Set("ownB", "2"))]);
    let tally = story.request('R', &[Load, Change(Set("ownR", "3")), Regenerate(0)]).faults(1).holds(nothing_more);
    assert!(tally.saw("A Gone, B Done, R Done"));
}
