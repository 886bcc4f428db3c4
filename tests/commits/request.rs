//! One request: what its handler does, and where it stands.

use edge_session::id::{Id, Mark};
use edge_session::record::Header;

use crate::flow::Flow;
use crate::values::{self, Change};
use crate::world::{Lineage, Op, Reply, World};

/// What a handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Load,
    Change(Change),
    /// `regenerateId({ graceSeconds })`.
    Regenerate(u64),
    Destroy,
    Commit,
    /// Begins only when that request ended.
    Await(usize),
    /// Lets so many seconds pass.
    Pass(u64),
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was to be stored.
    Read,
    Done,
    Gone,
    Conflict,
    Ambiguous,
    /// A regeneration that nobody can say anything of: no cookie.
    RegenerationFailed,
    Unreadable,
    /// The store never answered.
    Undecided,
    Destroyed,
    DestroyUnconfirmed,
}

/// Where the session stands; the words are those of `visit.ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    Unknown,
    Visitor,
    Absent,
    Expired,
    Live,
    Forwarded,
    Ended,
}

/// What a request waits for.
#[derive(Clone)]
pub enum Want {
    Call(Op),
    End(usize),
}

/// What a call brought; `lost` as the store tells it.
pub struct Heard {
    pub reply: Reply,
    pub lost: bool,
}

/// A `regenerateId()` that is not committed yet.
#[derive(Clone, Copy)]
pub struct Moving {
    pub id: Id,
    pub birth: Mark,
    pub grace_seconds: u64,
}

/// What the request is in the middle of.
pub(crate) enum Doing {
    Acting,
    Loading,
    /// Finding out whether the session that was left still lives.
    Following(Vec<u8>, u32),
    Committing(Flow),
    Destroying(Flow),
}

/// A request under way.
pub struct Request {
    pub name: char,
    acts: Vec<Act>,
    pub(crate) at: usize,
    pub browser: usize,
    /// How far the clock of its worker is ahead.
    pub skew_ms: i64,
    pub(crate) doing: Doing,
    pub(crate) cookie: Option<Id>,
    pub(crate) stand: Stand,
    pub(crate) id: Option<Id>,
    pub(crate) own_id: bool,
    pub(crate) birth: Option<Mark>,
    pub(crate) header: Option<Header>,
    pub(crate) values: Vec<u8>,
    pub(crate) changes: Vec<Change>,
    pub(crate) moving: Option<Moving>,
    /// The session that was loaded.
    pub(crate) lineage: Option<Lineage>,
    /// The values that the load found.
    pub read: Option<Vec<u8>>,
    pub ending: Option<Ending>,
    /// Changes that a commit confirmed, and the session that they are in.
    pub confirmed: Vec<(Lineage, Change)>,
    /// Changes of which nobody knows.
    pub unsure: Vec<Change>,
    /// The id that a regeneration ended with.
    pub moved_to: Option<Id>,
}

impl Request {
    pub fn new(name: char, acts: &[Act], browser: usize) -> Request {
        Request {
            name,
            acts: [acts, &[Act::Commit]].concat(),
            at: 0,
            browser,
            skew_ms: 0,
            doing: Doing::Acting,
            cookie: None,
            stand: Stand::Unknown,
            id: None,
            own_id: false,
            birth: None,
            header: None,
            values: b"{}".to_vec(),
            changes: Vec::new(),
            moving: None,
            lineage: None,
            read: None,
            ending: None,
            confirmed: Vec::new(),
            unsure: Vec::new(),
            moved_to: None,
        }
    }

    /// Begins: the cookie is what the browser has now.
    pub fn begin(&mut self, world: &mut World) -> Option<Want> {
        self.cookie = world.browsers[self.browser];
        self.proceed(world)
    }

    /// Goes on with what the last call brought, to the next one; `None` when the request ended.
    pub fn hear(&mut self, heard: Heard, world: &mut World) -> Option<Want> {
        let want = match std::mem::replace(&mut self.doing, Doing::Acting) {
            Doing::Acting => None,
            Doing::Loading => self.loaded(&heard.reply, world),
            Doing::Following(values, followed) => self.followed(values, followed, &heard.reply, world),
            Doing::Committing(flow) => self.commit_on(flow, &heard, world),
            Doing::Destroying(flow) => self.destroy_on(flow, &heard, world),
        };
        want.or_else(|| self.proceed(world))
    }

    /// Does what comes next, until a call is to be made.
    pub fn proceed(&mut self, world: &mut World) -> Option<Want> {
        while let Some(&act) = self.acts.get(self.at) {
            self.at += 1;
            let want = match act {
                Act::Load => self.load(),
                Act::Change(change) => self.change(change, world),
                Act::Regenerate(grace_seconds) => {
                    let dice = world.dice();
                    self.moving = Some(Moving { id: dice.id(), birth: dice.birth(), grace_seconds });
                    None
                }
                Act::Destroy => self.destroy(world),
                Act::Commit => self.commit(world),
                Act::Await(other) => Some(Want::End(other)),
                Act::Pass(seconds) => {
                    world.now_ms += seconds * 1000;
                    None
                }
            };
            if want.is_some() {
                return want;
            }
        }
        self.ending.get_or_insert(Ending::Read);
        None
    }

    /// Ends the request, whatever it had still to do.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ending = Some(ending);
        self.at = self.acts.len();
    }

    /// Gives the changes that were confirmed to be in a session.
    pub fn confirmed_to(&self, lineage: Lineage) -> impl Iterator<Item = &Change> {
        self.confirmed.iter().filter(move |(to, _)| *to == lineage).map(|(_, change)| change)
    }

    fn change(&mut self, change: Change, world: &mut World) -> Option<Want> {
        if change == Change::Clear && values::changed(&self.values, &self.changes) == b"{}" {
            return None;
        }
        self.changes.push(change);
        let begins = matches!(self.stand, Stand::Visitor | Stand::Absent | Stand::Expired);
        if begins && self.birth.is_none() && change != Change::Clear {
            let dice = world.dice();
            if self.id.is_none() {
                self.id = Some(dice.id());
                self.own_id = true;
            }
            self.birth = Some(dice.birth());
        }
        None
    }

    pub(crate) fn now(&self, world: &World) -> u64 {
        world.now_ms.saturating_add_signed(self.skew_ms) / 1000
    }
}
