//! A store where everything that can happen does.

use std::collections::{BTreeMap, HashMap, HashSet};

use edge_session::id::{Id, Mark};
use edge_session::lifecycle::{Dice, Limits, Moment, Operation};
use edge_session::record::{Header, Kind, Standing};

use crate::course::{Course, mixed};

/// The time at which every story begins, unix milliseconds.
pub const BEGINNING_MS: u64 = 1_790_000_000_000;

/// The id that every browser holds at first.
pub const FIRST_ID: [u8; 16] = [0; 16];

/// A session through all its ids and births: what a person would call the same session.
pub type Lineage = u32;

/// What may happen in a run, and how often.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// Replies that are lost, or calls that never arrive.
    pub faults: u32,
    /// Calls that arrive after their caller gave up.
    pub delays: u32,
    /// Records whose time to live ends.
    pub expiries: u32,
    /// Whether a conflict is replayed; else the whole state is written again.
    pub merges: bool,
    /// Whether the store compares and sets.
    pub compares: bool,
}

/// A call on its way.
#[derive(Clone)]
pub struct Op {
    pub operation: Operation,
    pub id: Id,
    /// The record to store; empty for `Load` and `Remove`.
    pub text: Vec<u8>,
    pub expected: Option<Mark>,
    pub seconds_to_live: u64,
    /// Whether a task of the core asked for it, not a request's load.
    pub is_task: bool,
}

/// What the store says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Done,
    Absent,
    Record(Vec<u8>),
    /// No answer came.
    Silence,
}

/// A broken law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub law: &'static str,
    pub what: String,
}

/// The store, the browsers, and what an all-knowing witness writes down.
pub struct World {
    pub course: Course,
    pub bounds: Bounds,
    pub now_ms: u64,
    pub records: BTreeMap<[u8; 16], Vec<u8>>,
    /// The session cookie of each browser.
    pub browsers: Vec<Option<Id>>,
    /// Calls that their callers gave up, still on their way.
    pub late: Vec<Op>,
    /// Which session a birth belongs to.
    pub lineages: HashMap<[u8; 16], Lineage>,
    next_lineage: Lineage,
    /// Sessions whose end was confirmed to somebody.
    pub destroyed: HashSet<Lineage>,
    /// Ids that a browser was given.
    pub issued: HashSet<[u8; 16]>,
    pub any_expired: bool,
    /// Whether any call got no answer.
    pub any_lost: bool,
    /// Revisions that were stored at some time.
    pub stored: HashSet<[u8; 16]>,
    pub violations: Vec<Violation>,
    /// What happened, a line each, where somebody will read it.
    pub trace: Option<Vec<String>>,
    drawn: u64,
}

impl World {
    pub fn new(course: Course, bounds: Bounds, traced: bool) -> World {
        World {
            course,
            bounds,
            now_ms: BEGINNING_MS,
            records: BTreeMap::new(),
            browsers: Vec::new(),
            late: Vec::new(),
            lineages: HashMap::new(),
            next_lineage: 0,
            destroyed: HashSet::new(),
            issued: HashSet::new(),
            any_expired: false,
            any_lost: false,
            stored: HashSet::new(),
            violations: Vec::new(),
            trace: traced.then(Vec::new),
            drawn: 0,
        }
    }

    pub fn limits(&self) -> Limits {
        Limits { idle_timeout_seconds: 1200, absolute_timeout_seconds: Some(86_400), compares: self.bounds.compares }
    }

    pub fn moment(&mut self, skew_ms: i64) -> Moment {
        Moment { now_ms: self.now_ms.saturating_add_signed(skew_ms), dice: self.dice() }
    }

    pub fn dice(&mut self) -> Dice {
        let mut bytes = [0; 44];
        for chunk in bytes.chunks_mut(8) {
            self.drawn += 1;
            chunk.copy_from_slice(&mixed(self.drawn).to_le_bytes()[..chunk.len()]);
        }
        Dice(bytes)
    }

    pub fn new_lineage(&mut self) -> Lineage {
        self.next_lineage += 1;
        self.next_lineage
    }

    pub fn lineage(&self, birth: Mark) -> Option<Lineage> {
        self.lineages.get(birth.as_text()).copied()
    }

    pub fn violate(&mut self, law: &'static str, what: String) {
        let violation = Violation { law, what };
        self.note(|| format!("!! {}: {}", violation.law, violation.what));
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }

    /// Carries a call out, as the contract of a store says.
    pub fn apply(&mut self, op: &Op) -> Reply {
        let found = self.records.get(op.id.as_bytes());
        let revision = |text: &[u8]| text[3..19].to_vec();
        let stores = match (op.operation, found) {
            (Operation::Load, None) | (Operation::Update | Operation::Replace, None) => return Reply::Absent,
            (Operation::Load, Some(text)) => return Reply::Record(text.clone()),
            (Operation::Remove, _) => {
                self.records.remove(op.id.as_bytes());
                return Reply::Done;
            }
            (Operation::Create, None) | (Operation::Replace, Some(_)) => true,
            (Operation::Create | Operation::Update, Some(text)) if revision(text) == revision(&op.text) => return Reply::Done,
            (Operation::Create, Some(_)) => false,
            (Operation::Update, Some(text)) => op.expected.is_some_and(|expected| revision(text) == expected.as_text()),
        };
        match found {
            Some(text) if !stores => return Reply::Record(text.clone()),
            _ => self.store(op),
        }
        Reply::Done
    }

    fn store(&mut self, op: &Op) {
        let next = parsed(&op.text).0;
        if op.seconds_to_live == 0 {
            self.violate("ENDLESS", "a record was stored without a time to live".into());
        }
        if let Some(text) = self.records.get(op.id.as_bytes()).filter(|_| self.bounds.compares) {
            let last = parsed(text).0;
            if !last.is_data() {
                self.violate("REVIVED", format!("{} was written over by {}", shown(&last), shown(&next)));
            } else if last.birth != next.birth && last.standing(true, self.now_ms / 1000) == Standing::Live {
                self.violate("FOREIGN", format!("{} of another session was written over {}", shown(&next), shown(&last)));
            }
        }
        self.stored.insert(*next.revision.as_text());
        self.records.insert(*op.id.as_bytes(), op.text.clone());
    }

    /// Ends the time to live of a record.
    pub fn expire(&mut self, key: [u8; 16]) {
        self.any_expired = true;
        self.records.remove(&key);
    }

    /// Checks what must hold at every moment: no session lives whose end was confirmed.
    pub fn check(&mut self) {
        let mut broken = Vec::new();
        for (key, text) in self.records.iter().filter(|(key, _)| self.issued.contains(*key)) {
            let (header, values) = parsed(text);
            let lineage = self.lineage(header.birth);
            if !lineage.is_some_and(|lineage| self.destroyed.contains(&lineage)) {
                continue;
            }
            let is_read = match header.kind {
                Kind::Data { .. } => true,
                Kind::Tombstone => false,
                Kind::Forwarding { target } => values != b"{}" && self.is_there(&target),
            };
            if is_read {
                broken.push(format!("a session was destroyed, yet {} holds {}", named(key), shown(&header)));
            }
        }
        for what in broken {
            self.violate("REVIVED", what);
        }
    }

    /// Checks what must hold at the end: where every call was answered, no record is left that nobody knows.
    pub fn check_end(&mut self) {
        let is_unknown = |(key, text): (&[u8; 16], &Vec<u8>)| !self.issued.contains(key) && parsed(text).0.is_data();
        if !self.any_lost && self.records.iter().any(is_unknown) {
            self.violate("ORPHANED", "a record is left under an id that nobody was given".into());
        }
    }

    fn is_there(&self, id: &Id) -> bool {
        self.records.get(id.as_bytes()).is_some_and(|text| !matches!(parsed(text).0.kind, Kind::Tombstone))
    }

    /// The values of the living records of a session that some browser could reach.
    pub fn living(&self, lineage: Lineage) -> Vec<(Id, Vec<u8>)> {
        let issued = self.records.iter().filter(|(key, _)| self.issued.contains(*key));
        let of_it = issued.filter(|(_, text)| {
            let header = parsed(text).0;
            header.is_data() && self.lineage(header.birth) == Some(lineage)
        });
        of_it.map(|(key, text)| (Id::from_bytes(*key), parsed(text).1.to_vec())).collect()
    }
}

/// A short name for an id.
pub fn named(key: &[u8; 16]) -> String {
    if *key == FIRST_ID { "id0".into() } else { format!("id-{:02x}{:02x}", key[0], key[1]) }
}

/// Reads a record of ours.
pub fn parsed(text: &[u8]) -> (Header, &[u8]) {
    let (header, at) = Header::parse(text).expect("only records are stored");
    (header, &text[at..])
}

/// A header in short.
pub fn shown(header: &Header) -> String {
    let text = |mark: Mark| String::from_utf8_lossy(&mark.as_text()[..4]).into_owned();
    let kind = match header.kind {
        Kind::Data { .. } => "data",
        Kind::Forwarding { .. } => "forwarding",
        Kind::Tombstone => "tombstone",
    };
    let previous = header.previous.map_or_else(|| "-".into(), text);
    format!("<{kind} {} after {previous}, birth {}>", text(header.revision), text(header.birth))
}
