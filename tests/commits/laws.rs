//! What must be true when a run is over.

use std::collections::BTreeSet;

use crate::request::{Ending, Request};
use crate::story::FIRST;
use crate::values::{Change, number, value};
use crate::world::{FIRST_ID, Lineage, World, parsed};

/// Nothing more than what every run is checked for.
pub fn nothing_more(_: &mut World, _: &[Request]) {}

/// Every session is there once, with every key and step that was confirmed to it.
pub fn nothing_is_lost(world: &mut World, requests: &[Request]) {
    let confirmed = requests.iter().flat_map(|request| request.confirmed.iter().map(|(lineage, _)| *lineage));
    let lineages: BTreeSet<Lineage> = confirmed.chain([FIRST]).collect();
    for lineage in lineages {
        nothing_of_it_is_lost(world, requests, lineage);
    }
}

fn nothing_of_it_is_lost(world: &mut World, requests: &[Request], lineage: Lineage) {
    let Some(living) = living(world, lineage) else { return };
    let unconfirmed = requests.iter().any(|request| {
        matches!(request.ending, Some(Ending::DestroyUnconfirmed | Ending::RegenerationFailed | Ending::Undecided))
    });
    match living.as_slice() {
        [] if unconfirmed => {}
        [] => world.violate("VANISHED", "no record of the session is left".into()),
        [values] => {
            keys_are_there(world, requests, lineage, values);
            steps_are_counted(world, requests, lineage, values);
        }
        _ => world.violate("FORKED", "one session has two living records".into()),
    }
}

/// The counter holds every confirmed step once, and no step that failed.
pub fn every_step_counts_once(world: &mut World, requests: &[Request]) {
    if let Some([values]) = living(world, FIRST).as_deref() {
        steps_are_counted(world, requests, FIRST, values);
    }
}

fn keys_are_there(world: &mut World, requests: &[Request], lineage: Lineage, values: &[u8]) {
    for request in requests {
        for change in request.confirmed_to(lineage) {
            let Change::Set(key, set) = change else { continue };
            if key.starts_with("own") && value(values, key).as_deref() != Some(set) {
                world.violate("LOST-UPDATE", format!("{} confirmed a key that is not there", request.name));
            }
        }
    }
}

fn steps_are_counted(world: &mut World, requests: &[Request], lineage: Lineage, values: &[u8]) {
    let is_step = |change: &&Change| matches!(change, Change::Increment("n"));
    let confirmed: usize = requests.iter().map(|request| request.confirmed_to(lineage).filter(is_step).count()).sum();
    let unsure: usize = requests.iter().map(|request| request.unsure.iter().filter(is_step).count()).sum();
    let counted = number(values, "n");
    // Other sessions may have begun with what grace still showed of this one.
    let began_empty = lineage == FIRST || requests.iter().all(|request| request.moved_to.is_none());
    if began_empty && counted > confirmed + unsure {
        world.violate("DOUBLE-APPLY", format!("{counted} counted, {confirmed} confirmed, {unsure} unsure"));
    }
    if counted < confirmed {
        world.violate("LOST-INCREMENT", format!("{counted} counted, {confirmed} confirmed"));
    }
}

/// A request that read another's value and was confirmed is not undone by that other.
pub fn nothing_is_rolled_back(world: &mut World, requests: &[Request]) {
    let Some(living) = living(world, FIRST) else { return };
    let [values] = living.as_slice() else { return };
    let last = value(values, "k");
    for request in requests.iter().filter(|request| request.ending == Some(Ending::Done)) {
        let read = request.read.as_ref().and_then(|read| value(read, "k"));
        if read.is_some() && read == last && set_by(request) != last {
            world.violate("ROLLED-BACK", format!("{} was confirmed over the value that it read, which is back", request.name));
        }
    }
}

fn set_by(request: &Request) -> Option<String> {
    request.confirmed.iter().find_map(|(_, change)| match change {
        Change::Set("k", value) => Some((*value).to_owned()),
        _ => None,
    })
}

/// Whoever saw the session cleared, and added a key, keeps that key.
pub fn a_late_clear_clears_nothing_newer(world: &mut World, requests: &[Request]) {
    let [_, added] = requests else { unreachable!("two requests") };
    let saw_it_cleared = added.read.as_deref() == Some(b"{}") && added.ending == Some(Ending::Done);
    if let Some([values]) = living(world, FIRST).as_deref()
        && saw_it_cleared
        && value(values, "ownB").is_none()
    {
        world.violate("ROLLED-BACK", "a key that was added after the clear is gone".into());
    }
}

/// Sessions that begin at once under one id become one, with every confirmed key.
pub fn beginnings_become_one(world: &mut World, requests: &[Request]) {
    let living = data(world);
    if living.len() > 1 {
        world.violate("FORKED", "two records of one beginning".into());
    }
    let unconfirmed = requests.iter().any(|request| request.ending == Some(Ending::DestroyUnconfirmed));
    if unconfirmed || !world.destroyed.is_empty() {
        return;
    }
    for request in requests {
        for (_, change) in &request.confirmed {
            let Change::Set(key, set) = change else { continue };
            if !living.iter().any(|(_, values)| value(values, key).as_deref() == Some(set)) {
                world.violate("LOST-UPDATE", format!("{} confirmed a key that is not there", request.name));
            }
        }
        if matches!(request.ending, Some(Ending::Gone | Ending::Conflict)) {
            world.violate("DROPPED", format!("{} was dropped, though nothing was destroyed", request.name));
        }
    }
}

/// The counter of sessions that began at once holds every confirmed step once, and no step that failed.
pub fn every_first_step_counts_once(world: &mut World, requests: &[Request]) {
    beginnings_become_one(world, requests);
    if let [(_, values)] = data(world).as_slice() {
        let (header, _) = parsed(&world.records[&FIRST_ID]);
        let lineage = world.lineage(header.birth).expect("a known birth");
        steps_are_counted(world, requests, lineage, values);
    }
}

/// Whoever holds the old id never reads what was set together with the regeneration.
pub fn the_old_id_reads_no_login(world: &mut World, requests: &[Request]) {
    let holder = requests.last().expect("a holder of the old id");
    if holder.read.as_ref().is_some_and(|read| value(read, "user").as_deref() == Some("\"alice\"")) {
        world.violate("FIXATION", "the old id reads what was set with the login".into());
    }
}

/// After a confirmed logout the old id reads nothing.
pub fn the_old_id_reads_nothing_after_the_logout(world: &mut World, requests: &[Request]) {
    let [moved, logout, holder] = requests else { unreachable!("three requests") };
    let ended = logout.ending == Some(Ending::Destroyed) && moved.ending == Some(Ending::Done);
    if ended && holder.read.is_some() {
        world.violate("REVIVED", "after a confirmed logout the old id still reads".into());
    }
}

/// Of two requests one after the other, the later one's value stays.
pub fn the_later_value_stays(world: &mut World, requests: &[Request]) {
    let [_, later] = requests else { unreachable!("two requests") };
    let stored = world.records.get(&FIRST_ID).and_then(|text| value(parsed(text).1, "k"));
    if later.ending == Some(Ending::Done) && stored != set_by(later) {
        world.violate("ROLLED-BACK", "the later request was confirmed, and its value is not there".into());
    }
}

/// The last request is confirmed: nobody destroyed anything.
pub fn the_last_is_not_locked_out(world: &mut World, requests: &[Request]) {
    let last = requests.last().expect("a last request");
    if last.ending != Some(Ending::Done) {
        world.violate("LOCKED-OUT", format!("{} ended as {:?}", last.name, last.ending));
    }
}

/// A confirmed login is what the browser holds, and never under the id that came in.
pub fn the_login_stays(world: &mut World, requests: &[Request]) {
    let login = &requests[0];
    if login.ending != Some(Ending::Done) {
        return;
    }
    if world.browsers[login.browser] != login.moved_to {
        world.violate("LOGIN-LOST", "the browser holds another id than the login's".into());
    }
    let logins: Vec<_> = data(world).into_iter().filter(|(_, values)| value(values, "user").is_some()).collect();
    if !logins.iter().any(|(key, _)| world.browsers[login.browser].is_some_and(|id| id.as_bytes() == key)) {
        world.violate("LOGIN-LOST", "the browser's id does not lead to the login".into());
    }
    if logins.iter().any(|(key, _)| *key == FIRST_ID) {
        world.violate("FIXATION", "the login lives under the id that came in".into());
    }
}

/// The same, and the other request's confirmed key is in the login's session too.
pub fn the_login_takes_the_rest_along(world: &mut World, requests: &[Request]) {
    let [login, other] = requests else { unreachable!("two requests") };
    the_login_stays(world, requests);
    let both = login.ending == Some(Ending::Done) && other.ending == Some(Ending::Done);
    let together = data(world).iter().any(|(_, values)| value(values, "user").is_some() && value(values, "ownB").is_some());
    if both && !together {
        world.violate("LOST-UPDATE", "both were confirmed, and no session has both".into());
    }
    if matches!(login.ending, Some(Ending::Gone | Ending::Conflict)) {
        world.violate("DROPPED", "the login was dropped".into());
    }
}

/// The values of a session's living records; none when it expired or was destroyed.
fn living(world: &World, lineage: Lineage) -> Option<Vec<Vec<u8>>> {
    let is_over = world.any_expired || world.destroyed.contains(&lineage);
    (!is_over).then(|| world.living(lineage).into_iter().map(|(_, values)| values).collect())
}

/// Every data record that a browser could reach.
fn data(world: &World) -> Vec<([u8; 16], Vec<u8>)> {
    let issued = world.records.iter().filter(|(key, text)| world.issued.contains(*key) && parsed(text).0.is_data());
    issued.map(|(key, text)| (*key, parsed(text).1.to_vec())).collect()
}
