//! Reads a session from the store.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::error::Error;
use crate::id::Id;
use crate::record::{Header, Kind, Standing, seconds_to_live};
use crate::session::call::{Random, StoreAnswer, StoreCall, StoreOperation};
use crate::session::lines::{EMPTY, as_lines};
use crate::session::visit::{Doing, Session, Stand};

/// Forwarding records that are followed to see whether a session still lives.
const FORWARDINGS_TO_FOLLOW: u32 = 8;

impl Session<'_> {
    /// Begins to read the session from the store, once; without a cookie of
    /// ours there is nothing to ask.
    ///
    /// Load before the answer is made, and before any value is read or set.
    /// After a load that failed it may be called again.
    #[must_use]
    pub fn load(&mut self) -> Option<StoreCall> {
        self.is_used = true;
        self.begin_load()
    }

    /// Begins to renew a session that the request carried and did not use, so
    /// that it does not end while somebody reads pages.
    ///
    /// Nothing of the answer depends on it: make the call behind it. Where
    /// the cookie is to be sealed anew, it is a load, and belongs before.
    #[must_use]
    pub fn renew(&mut self) -> Option<StoreCall> {
        let (token, secret) = self.cookie.filter(|_| self.stand == Stand::Unknown && !self.is_used)?;
        if secret > 0 && self.is_navigation {
            return self.begin_load();
        }
        self.doing = Some(Doing::Renewing);
        Some(asked(StoreOperation::Refresh { key: self.settings.record_key(token.id), ttl_seconds: self.ttl_seconds() }))
    }

    fn begin_load(&mut self) -> Option<StoreCall> {
        if self.stand != Stand::Unknown {
            return None;
        }
        let Some(id) = self.id else {
            self.stand = Stand::Visitor;
            return None;
        };
        self.doing = Some(Doing::Loading);
        Some(asked(StoreOperation::Load { key: self.settings.record_key(id), ttl_seconds: self.ttl_seconds() }))
    }

    /// Takes the record that was loaded.
    pub(super) fn loaded(&mut self, answer: StoreAnswer, now_ms: u64, random: &Random) -> Result<Option<StoreCall>, Error> {
        let Some(record) = record_of(answer)? else {
            self.stand = Stand::Absent;
            return Ok(None);
        };
        let (header, values) = split(&record)?;
        match header.standing(values != EMPTY, now_ms / 1000) {
            Standing::Live => {
                let Some(values) = self.in_clear(&record, values)? else {
                    self.leave_alone(header);
                    return Ok(None);
                };
                self.values = as_lines(&values)?;
                self.see(header);
                self.stand = Stand::Live;
                return self.seal_again(now_ms, random).map(|()| None);
            }
            Standing::Expired => {
                self.see(header);
                self.stand = Stand::Expired;
            }
            Standing::Dead => self.leave_alone(header),
            standing @ (Standing::Graced | Standing::Forwarded) => {
                self.see(header);
                self.stand = Stand::Forwarded;
                if standing == Standing::Graced && !self.by_id {
                    let shown = self.in_clear(&record, values)?;
                    return Ok(shown.and_then(|shown| self.follow(header, shown.into_owned(), 0)));
                }
            }
        }
        Ok(None)
    }

    /// There is no session for this request; what is stored stays, and a first value begins one under another id.
    fn leave_alone(&mut self, header: Header) {
        // What is seen is kept for destroy(), which follows it; the visitor has no id.
        self.see(header);
        self.id = None;
        self.stand = Stand::Visitor;
    }

    /// Gives the values of our id's record in clear; none where they are sealed under a secret that we have not.
    fn in_clear<'r>(&self, record: &'r str, values: &'r str) -> Result<Option<Cow<'r, str>>, Error> {
        let Some(id) = self.id else { return Ok(None) };
        match self.settings.values_in_clear(id, record, values) {
            Err(Error::RecordUnsupported) => Ok(None),
            clear => clear.map(Some),
        }
    }

    /// Takes a record that a forwarding record led to: what was before is readable only while the session lives on.
    pub(super) fn followed(
        &mut self,
        answer: StoreAnswer,
        shown: String,
        followed: u32,
        now_ms: u64,
    ) -> Result<Option<StoreCall>, Error> {
        match led_to(answer, now_ms)? {
            Led::Living => {
                self.values = as_lines(&shown)?;
                Ok(None)
            }
            Led::Further(header) => Ok(self.follow(header, shown, followed)),
            Led::Nowhere => Ok(None),
        }
    }

    fn follow(&mut self, header: Header, shown: String, followed: u32) -> Option<StoreCall> {
        let call = self.next_of_chain(header, followed)?;
        self.doing = Some(Doing::Following(shown, followed.saturating_add(1)));
        Some(call)
    }

    /// Asks for what a forwarding record leads to, unless too many were followed.
    pub(super) fn next_of_chain(&self, header: Header, followed: u32) -> Option<StoreCall> {
        let Kind::Forwarding { target } = header.kind else { return None };
        let operation = StoreOperation::Load { key: self.settings.record_key(target), ttl_seconds: 0 };
        (followed < FORWARDINGS_TO_FOLLOW).then(|| asked(operation))
    }

    fn see(&mut self, header: Header) {
        self.seen = self.id.map(|id: Id| (id, header));
    }

    /// The time to live that a request with this cookie may give its record: the idle limit, or what is left of its life.
    fn ttl_seconds(&self) -> u64 {
        let Some((token, _)) = self.cookie else { return 0 };
        let idle = self.settings.options.idle_timeout_seconds;
        let seconds = seconds_to_live(idle, token.expires, self.opened_ms / 1000);
        seconds.max(self.settings.capabilities.min_ttl_seconds).max(1)
    }
}

/// What a forwarding record led to.
pub(super) enum Led {
    /// A session that lives.
    Living,
    /// Another forwarding record.
    Further(Header),
    /// The session is over.
    Nowhere,
}

/// Says what the record means that a forwarding record led to.
pub(super) fn led_to(answer: StoreAnswer, now_ms: u64) -> Result<Led, Error> {
    let Some(record) = record_of(answer)? else { return Ok(Led::Nowhere) };
    let (header, values) = split(&record)?;
    Ok(match header.standing(values != EMPTY, now_ms / 1000) {
        Standing::Live => Led::Living,
        Standing::Graced | Standing::Forwarded => Led::Further(header),
        Standing::Expired | Standing::Dead => Led::Nowhere,
    })
}

fn asked(operation: StoreOperation) -> StoreCall {
    StoreCall { wait_ms: 0, operation }
}

/// Splits a record into its header and its values.
pub(super) fn split(record: &str) -> Result<(Header, &str), Error> {
    let (header, values_at) = Header::parse(record.as_bytes())?;
    Ok((header, record.get(values_at..).unwrap_or_default()))
}

fn record_of(answer: StoreAnswer) -> Result<Option<String>, Error> {
    match answer {
        StoreAnswer::Record(record) | StoreAnswer::RecordAfterSilence(record) => Ok(Some(record)),
        StoreAnswer::Absent => Ok(None),
        StoreAnswer::Done => Err(Error::StoreProtocol),
        StoreAnswer::Failed(error) => Err(error),
    }
}
