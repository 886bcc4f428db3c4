//! A store that is a map, a clock that stands, and a browser.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use edge_session::options::Options;
use edge_session::session::{Random, StoreAnswer, StoreCall, StoreOperation};
use edge_session::{Error, Session, Sessions};

pub const NOW_MS: u64 = 1_790_000_000_500;
pub const IDLE_SECONDS: u64 = 1200;
pub const DAY_SECONDS: u64 = 86_400;

pub const NEW: &[u8] = b"the new secret, 32 random bytes...";
pub const OLD: &[u8] = b"the old secret, 32 random bytes...";

/// Sessions with every default.
pub fn sessions() -> Sessions {
    sessions_with(|_| {})
}

pub fn sessions_with(change: impl FnOnce(&mut Options)) -> Sessions {
    let mut options = Options::new(vec![NEW.to_vec()]);
    change(&mut options);
    Sessions::new(options).expect("good options")
}

/// A world in which a browser has a session with one value.
pub fn begun(sessions: &Sessions, key: &str, value: &str) -> (World, Browser) {
    let (mut world, mut browser) = (World::new(), Browser::default());
    world.set(sessions, &mut browser, key, value);
    world.calls.clear();
    (world, browser)
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is carried out, and its answer is lost.
    LosesAnswer,
    /// It never arrives.
    LosesCall,
}

/// The store, the clock, and randomness that is the same in every run.
pub struct World {
    pub now_ms: u64,
    /// Each record, with the time at which the store drops it.
    pub records: BTreeMap<String, (String, u64)>,
    /// The names of the calls that were made.
    pub calls: Vec<&'static str>,
    /// How many steps drew randomness.
    draws: u64,
}

impl World {
    pub fn new() -> Self {
        Self { now_ms: NOW_MS, records: BTreeMap::new(), calls: Vec::new(), draws: 0 }
    }

    /// Bytes that no other draw of this world gave.
    pub fn random(&mut self) -> Random {
        self.draws += 1;
        let byte = |at| BuildHasherDefault::<DefaultHasher>::default().hash_one((self.draws, at)).to_le_bytes()[0];
        Random::from_bytes(std::array::from_fn(byte))
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now_ms += seconds * 1000;
        let now_ms = self.now_ms;
        self.records.retain(|_, (_, until_ms)| *until_ms > now_ms);
    }

    /// Makes a call.
    pub fn ask(&mut self, call: &StoreCall) -> StoreAnswer {
        self.calls.push(call.operation.name());
        let found = |world: &Self, key: &String| world.records.get(key).map(|(record, _)| record.clone());
        let revision = |record: &str| record[3..19].to_owned();
        match &call.operation {
            StoreOperation::Load { key, ttl_seconds } => {
                if *ttl_seconds > 0 {
                    self.renew(key, *ttl_seconds);
                }
                found(self, key).map_or(StoreAnswer::Absent, StoreAnswer::Record)
            }
            StoreOperation::Create { key, record, ttl_seconds } => match found(self, key) {
                Some(there) if revision(&there) != revision(record) => StoreAnswer::Record(there),
                _ => self.put(key, record, *ttl_seconds),
            },
            StoreOperation::Update { key, record, expected_revision, ttl_seconds } => match found(self, key) {
                None => StoreAnswer::Absent,
                Some(there) if revision(&there) == revision(record) => StoreAnswer::Done,
                Some(there) if revision(&there) != *expected_revision => StoreAnswer::Record(there),
                Some(_) => self.put(key, record, *ttl_seconds),
            },
            StoreOperation::Replace { key, record, ttl_seconds } => match found(self, key) {
                None => StoreAnswer::Absent,
                Some(_) => self.put(key, record, *ttl_seconds),
            },
            StoreOperation::Refresh { key, ttl_seconds } => {
                self.renew(key, *ttl_seconds);
                StoreAnswer::Done
            }
            StoreOperation::Remove { key } => {
                self.records.remove(key);
                StoreAnswer::Done
            }
        }
    }

    fn put(&mut self, key: &str, record: &str, ttl_seconds: u64) -> StoreAnswer {
        assert!(ttl_seconds > 0 && record.is_ascii(), "what no store takes");
        self.records.insert(key.to_owned(), (record.to_owned(), self.now_ms + ttl_seconds * 1000));
        StoreAnswer::Done
    }

    fn renew(&mut self, key: &str, ttl_seconds: u64) {
        let until = self.now_ms + ttl_seconds * 1000;
        if let Some((_, until_ms)) = self.records.get_mut(key) {
            *until_ms = until;
        }
    }

    /// Makes calls until there is none.
    pub fn run(&mut self, session: &mut Session<'_>, first: Result<Option<StoreCall>, Error>) -> Result<(), Error> {
        self.run_with(session, first, &[])
    }

    /// The same, with what becomes of the first calls.
    pub fn run_with(
        &mut self,
        session: &mut Session<'_>,
        first: Result<Option<StoreCall>, Error>,
        faults: &[Fault],
    ) -> Result<(), Error> {
        let mut faults = faults.iter();
        let mut call = first?;
        while let Some(asked) = call {
            let answer = match faults.next() {
                None => self.ask(&asked),
                Some(Fault::LosesCall) => StoreAnswer::Failed(Error::Timeout),
                Some(Fault::LosesAnswer) => {
                    self.ask(&asked);
                    StoreAnswer::Failed(Error::Timeout)
                }
            };
            let random = self.random();
            call = session.answer(answer, self.now_ms, random)?;
        }
        Ok(())
    }

    pub fn load(&mut self, session: &mut Session<'_>) {
        let first = session.load();
        self.run(session, Ok(first)).expect("a load");
    }

    pub fn commit(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        let random = self.random();
        let first = session.commit(self.now_ms, random);
        self.run(session, first)
    }

    /// Begins a commit whose first call is carried out, and whose answer nobody gives; gives the call.
    pub fn drop_commit(&mut self, session: &mut Session<'_>) -> StoreCall {
        let random = self.random();
        let call = session.commit(self.now_ms, random).expect("a call").expect("a call");
        self.ask(&call);
        call
    }

    pub fn destroy(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        let random = self.random();
        let first = session.destroy(self.now_ms, random);
        self.run(session, first)
    }

    /// Opens and loads the browser's session.
    pub fn loaded<'s>(&mut self, sessions: &'s Sessions, browser: &Browser) -> Session<'s> {
        let mut session = sessions.open(browser.header(), self.now_ms);
        self.load(&mut session);
        session
    }

    /// Sets one value in the browser's session, and takes the cookie home.
    pub fn set(&mut self, sessions: &Sessions, browser: &mut Browser, key: &str, value: &str) {
        let mut session = self.loaded(sessions, browser);
        session.set(key, value).expect("a value");
        self.commit(&mut session).expect("a commit");
        browser.take(&session);
    }

    /// Reads one value of the browser's session.
    pub fn get(&mut self, sessions: &Sessions, browser: &Browser, key: &str) -> Option<String> {
        self.loaded(sessions, browser).get(key).expect("a text")
    }

    /// The only record there is.
    pub fn record(&self) -> &str {
        let mut records = self.records.values();
        let (record, _) = records.next().expect("a record");
        assert!(records.next().is_none(), "one record");
        record
    }

    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = self.records.values().map(|(record, _)| &record[..2]).collect();
        kinds.sort_unstable();
        kinds
    }
}

/// A browser that keeps one cookie.
#[derive(Clone, Default)]
pub struct Browser {
    /// Its name and value.
    pub cookie: Option<String>,
}

impl Browser {
    pub fn header(&self) -> String {
        self.cookie.clone().unwrap_or_default()
    }

    /// Takes what the answer sets.
    pub fn take(&mut self, session: &Session<'_>) {
        for line in session.set_cookie_headers() {
            let (pair, attributes) = line.split_once("; ").expect("attributes");
            self.cookie = Some(pair.to_owned()).filter(|_| !attributes.contains("Max-Age=0"));
        }
    }
}
