//! The session cookie that is due.

use alloc::vec::Vec;

use crate::cookie::Lifetime;
use crate::error::Error;
use crate::id::Id;
use crate::session::call::Random;
use crate::session::visit::{DueCookie, Session};
use crate::token::SessionToken;

impl Session<'_> {
    /// Gives the confirmed `Set-Cookie` lines to append to the answer: one, or
    /// none. Set `Cache-Control: private, no-store` beside them.
    #[must_use]
    pub fn set_cookie_headers(&self) -> Vec<&str> {
        let withheld = |due: &&DueCookie| !(due.again && self.outdated);
        self.due.iter().filter(withheld).map(|due| due.line.as_str()).collect()
    }

    /// Says that the answer shows a page: a GET whose `Sec-Fetch-Mode` is
    /// `navigate` or absent.
    ///
    /// Only then a cookie is sent again, to a loaded session: sealed by the
    /// first secret, or with a new `Max-Age`. The answer to a slow image must
    /// not overwrite a login's cookie.
    pub fn set_navigation(&mut self, is_navigation: bool) {
        self.is_navigation = is_navigation;
    }

    /// Makes the cookie due that names a record which was just confirmed.
    pub(super) fn seal_new(&mut self, id: Id, expires: Option<u64>, now_ms: u64, random: &Random) -> Result<(), Error> {
        let now = now_ms / 1000;
        let token = SessionToken { persistent: self.stays_persistent(), issued: now, expires, id };
        self.seal(token, false, now, random)
    }

    /// Makes the cookie due again where it was sealed by an older secret, or is persistent and past half of its life.
    pub(super) fn seal_again(&mut self, now_ms: u64, random: &Random) -> Result<(), Error> {
        let Some((token, secret)) = self.cookie.filter(|_| self.is_navigation) else { return Ok(()) };
        let now = now_ms / 1000;
        let age = now.saturating_sub(token.issued);
        let max_age = self.settings.options.cookie.max_age_seconds;
        let is_half_lived = token.persistent && max_age.is_some_and(|max_age| age.saturating_mul(2) > max_age);
        if secret == 0 && !is_half_lived {
            return Ok(());
        }
        let issued = if is_half_lived { now } else { token.issued };
        self.seal(SessionToken { issued, ..token }, true, now, random)
    }

    /// Makes the line due by which the browser forgets its cookie.
    pub(super) fn forget_cookie(&mut self) -> Result<(), Error> {
        if self.sent_cookie || self.due.is_some() {
            self.due = Some(DueCookie { line: self.settings.options.cookie.expired_line()?, again: false });
        }
        Ok(())
    }

    /// Says whether the cookie outlives the browser, unless a `regenerate_id` under way decides otherwise.
    pub(super) fn stays_persistent(&self) -> bool {
        let came_in = self.cookie.map(|(token, _)| token.persistent);
        let by_default = || self.settings.options.cookie.max_age_seconds.is_some();
        self.persistent.or(came_in).unwrap_or_else(by_default)
    }

    fn seal(&mut self, token: SessionToken, again: bool, now: u64, random: &Random) -> Result<(), Error> {
        let cookie = &self.settings.options.cookie;
        let left = token.expires.map_or(u64::MAX, |expires| expires.saturating_sub(now));
        let lifetime = match cookie.max_age_seconds {
            Some(max_age) if token.persistent => Lifetime::Seconds(max_age.min(left).max(1)),
            _ => Lifetime::BrowserSession,
        };
        let value = token.seal(&self.settings.keyring, &cookie.name, random.nonce())?;
        let value = core::str::from_utf8(&value).map_err(|_| Error::CoreFailed)?;
        self.due = Some(DueCookie { line: cookie.line(value, lifetime, now)?, again });
        Ok(())
    }
}
