//! Walks every way that requests, faults and time can meet.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use edge_session::id::{Id, Mark};
use edge_session::record::{Header, Kind};

use crate::course::{Course, Walk};
use crate::request::{Act, Ending, Request};
use crate::run::run;
use crate::world::{BEGINNING_MS, Bounds, FIRST_ID, Lineage, Violation, World};

/// What is stored under the first id at first.
#[derive(Clone, Copy)]
pub enum Seed {
    /// Nothing: it expired.
    Absent,
    /// A session with these values.
    Live(&'static str),
    /// The same, past its deadline.
    Past(&'static str),
}

/// What must be true when a run is over.
pub type Law = fn(&mut World, &[Request]);

/// A story: what is stored, who does what, and what may happen.
#[derive(Clone)]
pub struct Story {
    seed: Seed,
    /// Name, acts, browser.
    requests: Vec<(char, Vec<Act>, usize)>,
    browsers: usize,
    has_cookie: bool,
    bounds: Bounds,
    skews: Vec<(char, i64)>,
}

/// What a walk came to.
#[derive(Debug, Default)]
pub struct Tally {
    pub runs: usize,
    /// How often the requests ended like this.
    pub endings: BTreeMap<String, usize>,
}

impl Story {
    pub fn new(seed: Seed) -> Story {
        let bounds = Bounds { faults: 0, delays: 0, expiries: 0, merges: true, compares: true };
        Story { seed, requests: Vec::new(), browsers: 1, has_cookie: true, bounds, skews: Vec::new() }
    }

    /// A request of a browser of its own, which holds the first id.
    pub fn request(mut self, name: char, acts: &[Act]) -> Story {
        self.requests.push((name, acts.to_vec(), self.browsers));
        self.browsers += 1;
        self
    }

    /// A request of the browser that several share.
    pub fn in_browser(mut self, name: char, acts: &[Act]) -> Story {
        self.requests.push((name, acts.to_vec(), 0));
        self
    }

    /// The browser that several share has no cookie yet.
    pub fn without_cookie(mut self) -> Story {
        self.has_cookie = false;
        self
    }

    pub fn faults(mut self, faults: u32) -> Story {
        self.bounds.faults = faults;
        self
    }

    pub fn delays(mut self, delays: u32) -> Story {
        self.bounds.delays = delays;
        self
    }

    pub fn expiries(mut self, expiries: u32) -> Story {
        self.bounds.expiries = expiries;
        self
    }

    /// `concurrency: "last-write-wins"`.
    pub fn last_write_wins(mut self) -> Story {
        self.bounds.merges = false;
        self
    }

    /// Sets a worker's clock ahead, or back.
    pub fn skew(mut self, name: char, skew_ms: i64) -> Story {
        self.skews.push((name, skew_ms));
        self
    }

    /// Walks every way and checks the law at the end of each; gives how many there were.
    pub fn holds(&self, law: Law) -> Tally {
        let mut walk = Walk::default();
        let mut tally = Tally::default();
        loop {
            let (world, requests) = self.run(Course::Walk(walk), law, false);
            let Course::Walk(walked) = world.course else { unreachable!("it walks") };
            walk = walked;
            tally.runs += 1;
            tally.endings.entry(endings(&requests)).or_default().add_assign(1);
            if !world.violations.is_empty() {
                walk.again();
                let (world, _) = self.run(Course::Walk(walk), law, true);
                panic!("run {}\n{}", tally.runs, story_of(&world));
            }
            if !walk.turn() {
                println!("{} schedules: {:?}", tally.runs, tally.endings);
                return tally;
            }
        }
    }

    /// Runs once.
    pub fn run(&self, course: Course, law: Law, traced: bool) -> (World, Vec<Request>) {
        let mut world = World::new(course, self.bounds, traced);
        world.browsers = vec![Some(Id::from_bytes(FIRST_ID)); self.browsers];
        if !self.has_cookie {
            world.browsers[0] = None;
        }
        world.issued.insert(FIRST_ID);
        plant(&mut world, self.seed);
        let mut requests: Vec<Request> =
            self.requests.iter().map(|(name, acts, browser)| Request::new(*name, acts, *browser)).collect();
        for request in &mut requests {
            request.skew_ms = self.skews.iter().find(|(name, _)| *name == request.name).map_or(0, |(_, skew)| *skew);
        }
        run(&mut world, &mut requests);
        law(&mut world, &requests);
        (world, requests)
    }
}

impl Tally {
    /// Says whether some run ended like this: that what the story is about did happen.
    pub fn saw(&self, endings: &str) -> bool {
        self.endings.contains_key(endings)
    }
}

/// The session that every story begins with.
pub const FIRST: Lineage = 1;

fn plant(world: &mut World, seed: Seed) {
    let (values, deadline) = match seed {
        Seed::Absent => return,
        Seed::Live(values) => (values, BEGINNING_MS / 1000 + 86_400),
        Seed::Past(values) => (values, BEGINNING_MS / 1000 - 1),
    };
    let dice = world.dice();
    let birth = dice.birth();
    let lineage = world.new_lineage();
    world.lineages.insert(*birth.as_text(), lineage);
    let kind = Kind::Data { created: BEGINNING_MS - 86_400_000 };
    let header = Header { kind, revision: dice.revision(), birth, previous: None::<Mark>, deadline: Some(deadline) };
    let mut text = Vec::new();
    header.write(&mut text);
    text.extend_from_slice(values.as_bytes());
    world.records.insert(FIRST_ID, text);
}

/// How the requests ended, as text: `A Done, B Gone`.
pub fn endings(requests: &[Request]) -> String {
    let ending = |request: &Request| format!("{} {:?}", request.name, request.ending.unwrap_or(Ending::Read));
    requests.iter().map(ending).collect::<Vec<_>>().join(", ")
}

/// What happened and what was wrong with it.
pub fn story_of(world: &World) -> String {
    let broken = world.violations.iter().map(|Violation { law, what }| format!("{law}: {what}\n"));
    let trace = world.trace.iter().flatten().map(|line| format!("    {line}\n"));
    broken.chain(trace).collect()
}
