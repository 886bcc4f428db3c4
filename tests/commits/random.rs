//! Crowds of requests, as the numbers fall.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use crate::course::{Course, Rng};
use crate::laws::nothing_is_lost;
use crate::request::Act::{self, Change, Commit, Destroy, Load, Regenerate};
use crate::request::{Ending, Request};
use crate::story::{Seed, Story, story_of};
use crate::values::Change::{Clear, Increment, Set};
use crate::world::World;

/// Each request's keys, one for each of its commits.
const NAMES: [(char, &str, &str); 5] =
    [('A', "ownA", "ownA2"), ('B', "ownB", "ownB2"), ('C', "ownC", "ownC2"), ('D', "ownD", "ownD2"), ('E', "ownE", "ownE2")];

/// Gives the seeds to run, one of so many; `SEED` is the first, `RUNS` how many there are.
fn seeds(one_of: u64) -> Range<u64> {
    let given = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = given("SEED").unwrap_or_else(|| RandomState::new().hash_one(0) >> 16);
    let runs = given("RUNS").unwrap_or(10_000).div_ceil(one_of);
    println!("SEED={first}, {runs} runs");
    first..first + runs
}

fn crowd(rng: &mut Rng) -> Story {
    let mut story = Story::new(Seed::Live("{\n\"n\":0,\n\"user\":\"u\"}"));
    for (name, key, later) in NAMES.iter().take(2 + rng.below(4)) {
        let acts = acts(rng, key, later);
        story = if rng.below(2) == 0 { story.in_browser(*name, &acts) } else { story.request(*name, &acts) };
        story = story.skew(*name, rng.of(&[-1000, 0, 0, 1000]));
    }
    story.faults(rng.of(&[0, 1, 2])).delays(rng.of(&[0, 0, 1])).expiries(rng.of(&[0, 0, 0, 1]))
}

fn acts(rng: &mut Rng, key: &'static str, later: &'static str) -> Vec<Act> {
    let own = Change(Set(key, "1"));
    let step = Change(Increment("n"));
    match rng.below(10) {
        0 | 1 => vec![Load, own],
        2 => vec![Load, step],
        3 => vec![Load, Change(Clear)],
        4 => vec![Load, Destroy],
        5 => vec![Load, own, Regenerate(0)],
        6 => vec![Load, own, Regenerate(30)],
        7 => vec![Load],
        8 => vec![Load, own, step, Commit, Change(Set(later, "2")), step],
        _ => vec![Load, step, Commit, Change(Set(later, "2")), Regenerate(30), Commit, step],
    }
}

fn law(world: &mut World, requests: &[Request]) {
    if !requests
        .iter()
        .any(|request| request.confirmed.iter().any(|(_, change)| *change == Clear) || request.unsure.contains(&Clear))
    {
        nothing_is_lost(world, requests);
    }
}

fn holds_for(seed: u64) {
    let mut rng = Rng(seed);
    let story = crowd(&mut rng);
    let (world, _) = story.run(Course::Random(rng.clone()), law, false);
    if !world.violations.is_empty() {
        let (world, _) = story.run(Course::Random(rng), law, true);
        panic!("SEED={seed} RUNS=1\n{}", story_of(&world));
    }
}

#[test]
fn no_crowd_breaks_a_law() {
    seeds(1).for_each(holds_for);
}

#[test]
fn forty_steps_of_one_counter_all_count() {
    for seed in seeds(50) {
        let mut story = Story::new(Seed::Live("{\n\"n\":0}"));
        for _ in 0..40 {
            story = story.request('A', &[Load, Change(Increment("n"))]);
        }
        let (world, requests) = story.run(Course::Random(Rng(seed)), nothing_is_lost, false);
        assert_eq!(world.violations, [], "SEED={seed} RUNS=1");
        assert!(requests.iter().all(|request| request.ending == Some(Ending::Done)), "SEED={seed} RUNS=1");
    }
}
