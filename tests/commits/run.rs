//! One run, in which whatever can happen next happens.

use edge_session::lifecycle::Operation;

use crate::request::{Heard, Request, Want};
use crate::world::{Op, Reply, World, named, parsed, shown};

/// More events than any run has.
const MOST_EVENTS: usize = 5_000;

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

/// Runs requests to their end, and lets arrive what is still under way.
pub fn run(world: &mut World, requests: &mut [Request]) {
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
    world.check_end();
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
    world.any_lost = true;
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
