//! Walks every way that requests, faults and time can meet.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use edge_session::id::{Id, Mark};
use edge_session::lifecycle::Operation;
use edge_session::record::{Header, Kind};

use crate::course::{Course, Walk};
use crate::request::{Act, Ending, Heard, Request, Want};
use crate::world::{BEGINNING_MS, Bounds, FIRST_ID, Lineage, Op, Reply, Violation, World, named, parsed, shown};

/// More events than any run has.
const MOST_EVENTS: usize = 5_000;

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

/// Something that can happen next.
#[derive(Clone, Copy)]
enum Event {
    /// A request that waited goes on.
    Go(usize),
    /// A call is answered.
    Answer(usize),
    /// A call gets no answer: it was carried out, or never, or will be; the store repeats it, or gives up.
    Lose(usize, Loss, bool),
    /// A call arrives that its caller gave up.
    Late(usize),
    /// A record's time to live ends.
    Expire([u8; 16]),
}

#[derive(Clone, Copy)]
enum Loss {
    After,
    Before,
    Delayed,
}

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

fn run(world: &mut World, requests: &mut [Request]) {
    let mut wants: Vec<Option<(Want, bool)>> =
        requests.iter_mut().map(|request| request.begin(world).map(|want| (want, false))).collect();
    for _ in 0..MOST_EVENTS {
        let events = events(world, &wants, requests);
        if events.is_empty() {
            break;
        }
        let event = events[world.course.choose(events.len())];
        happen(event, world, &mut wants, requests);
        world.check();
    }
    if wants.iter().any(Option::is_some) {
        world.violate("STUCK", "a request never ended".into());
    }
    while !world.late.is_empty() {
        arrive(world, 0);
        world.check();
    }
}

fn events(world: &World, wants: &[Option<(Want, bool)>], requests: &[Request]) -> Vec<Event> {
    let mut events = Vec::new();
    for (at, want) in wants.iter().enumerate() {
        match want {
            None => {}
            Some((Want::End(other), _)) if requests[*other].ending.is_none() || wants[*other].is_some() => {}
            Some((Want::End(_), _)) => events.push(Event::Go(at)),
            Some((Want::Call(op), repeated)) => {
                events.push(Event::Answer(at));
                let stores = op.operation != Operation::Load;
                let mut lose = |loss| {
                    events.push(Event::Lose(at, loss, false));
                    if stores && !repeated {
                        events.push(Event::Lose(at, loss, true));
                    }
                };
                if world.bounds.faults > 0 && op.is_task {
                    lose(Loss::Before);
                    if stores {
                        lose(Loss::After);
                    }
                }
                if world.bounds.delays > 0 && stores {
                    lose(Loss::Delayed);
                }
            }
        }
    }
    events.extend((0..world.late.len()).map(Event::Late));
    if world.bounds.expiries > 0 {
        // No call is under way for as long as a record lives.
        let is_awaited = |key: &[u8; 16]| world.late.iter().any(|op| op.id.as_bytes() == key);
        let data = world.records.iter().filter(|(key, text)| text.starts_with(b"1j") && !is_awaited(key));
        events.extend(data.map(|(key, _)| Event::Expire(*key)));
    }
    events
}

fn happen(event: Event, world: &mut World, wants: &mut [Option<(Want, bool)>], requests: &mut [Request]) {
    let (at, reply, repeated) = match event {
        Event::Go(at) => {
            wants[at] = requests[at].begin(world).map(|want| (want, false));
            return;
        }
        Event::Late(at) => return arrive(world, at),
        Event::Expire(key) => {
            world.bounds.expiries -= 1;
            world.note(|| format!("-- the time to live of {} ends", named(&key)));
            return world.expire(key);
        }
        Event::Answer(at) => {
            let Some((Want::Call(op), repeated)) = wants[at].take() else { return };
            let reply = world.apply(&op);
            tell(world, requests[at].name, &op, &reply);
            (at, reply, repeated && op.operation == Operation::Update)
        }
        Event::Lose(at, loss, repeats) => {
            let Some((Want::Call(op), _)) = wants[at].take() else { return };
            lose(world, requests[at].name, &op, loss);
            if repeats {
                wants[at] = Some((Want::Call(op), true));
                return;
            }
            (at, Reply::Silence, false)
        }
    };
    wants[at] = requests[at].hear(Heard { reply, lost: repeated }, world).map(|want| (want, false));
}

fn lose(world: &mut World, name: char, op: &Op, loss: Loss) {
    match loss {
        Loss::Before => {
            world.bounds.faults -= 1;
            world.note(|| format!("{name}: {:?} never arrives", op.operation));
        }
        Loss::After => {
            world.bounds.faults -= 1;
            let reply = world.apply(op);
            tell(world, name, op, &reply);
            world.note(|| "    and that reply is lost".into());
        }
        Loss::Delayed => {
            world.bounds.delays -= 1;
            world.late.push(op.clone());
            world.note(|| format!("{name}: {:?} is stuck in the network", op.operation));
        }
    }
}

fn arrive(world: &mut World, at: usize) {
    let op = world.late.remove(at);
    let reply = world.apply(&op);
    tell(world, '-', &op, &reply);
}

fn tell(world: &mut World, name: char, op: &Op, reply: &Reply) {
    if world.trace.is_none() {
        return;
    }
    let text = |text: &[u8]| if text.is_empty() { String::new() } else { show(text) };
    let brought = match reply {
        Reply::Record(found) => show(found),
        other => format!("{other:?}"),
    };
    let line = format!("{name}: {:?} {} {} -> {brought}", op.operation, named(op.id.as_bytes()), text(&op.text));
    world.note(|| line);
}

fn show(text: &[u8]) -> String {
    let (header, values) = parsed(text);
    format!("{} {}", shown(&header), String::from_utf8_lossy(values).replace('\n', ""))
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
