//! Set-Cookie lines of any fields, read as browsers do.

use edge_session::cookie::{CookieOptions, Lifetime, SameSite};
use edge_session::error::Error;

use super::choices::Choices;

const LAST_SECOND: u64 = 253_402_300_799;

/// Writes a line that says what it was given and nothing else, or none.
pub fn law(input: &[u8]) {
    let mut choices = Choices(input);
    let (now, seconds, flags) = (choices.number(5), choices.number(4), choices.byte());
    let bit = |at: u8| flags >> at & 1 == 1;
    let cookie = CookieOptions {
        name: choices.text(12),
        path: choices.text(12),
        domain: bit(0).then(|| choices.text(12)),
        same_site: [SameSite::Lax, SameSite::Strict, SameSite::None][usize::from(flags) % 3],
        secure: bit(1),
        http_only: bit(2),
        partitioned: bit(3),
        max_age_seconds: None,
    };
    let value = choices.text(12);
    let lifetime = if bit(4) { Lifetime::Seconds(seconds) } else { Lifetime::BrowserSession };
    let ends = bit(4).then(|| (seconds, now + seconds));
    check(&cookie, &value, ends, cookie.line(&value, lifetime, now));
    check(&cookie, "", Some((0, 0)), cookie.expired_line());
}

fn check(cookie: &CookieOptions, value: &str, ends: Option<(u64, u64)>, line: Result<String, Error>) {
    let domain = cookie.domain.as_deref().unwrap_or("");
    let refused = !cookie.name.chars().all(in_name)
        || cookie.name.is_empty()
        || !value.chars().all(in_value)
        || !cookie.path.chars().chain(domain.chars()).all(in_attribute)
        || ends.is_some_and(|(seconds, _)| seconds > 34_560_000);
    let too_large = cookie.name.len() + value.len() > 4096 || cookie.path.len() > 1024 || domain.len() > 1024;
    match line {
        Err(Error::InvalidOptions) => assert!(refused),
        Err(Error::CookieTooLarge) => assert!(too_large && !refused),
        Err(other) => panic!("{other:?}"),
        Ok(line) => {
            assert!(!refused && !too_large);
            assert_eq!(parse(&line), said(cookie, value, ends), "{line:?}");
        }
    }
}

/// RFC 9110 5.6.2.
fn in_name(one: char) -> bool {
    one.is_ascii_graphic() && !"\"(),/:;<=>?@[\\]{}".contains(one)
}

/// RFC 6265bis 4.1.1.
fn in_value(one: char) -> bool {
    one.is_ascii_graphic() && !"\",;\\".contains(one)
}

fn in_attribute(one: char) -> bool {
    (one.is_ascii_graphic() || one == ' ') && one != ';'
}

/// Name and value, then each attribute in lower case, as pairs.
fn said(cookie: &CookieOptions, value: &str, ends: Option<(u64, u64)>) -> Vec<(String, String)> {
    let mut pairs = vec![(cookie.name.clone(), value.to_owned())];
    let mut say = |name: &str, value: &str| pairs.push((name.to_owned(), value.trim().to_owned()));
    say("path", &cookie.path);
    if let Some(domain) = &cookie.domain {
        say("domain", domain);
    }
    if let Some((max_age, expires)) = ends {
        say("max-age", &max_age.to_string());
        say("expires", &expires.min(LAST_SECOND).to_string());
    }
    for (name, is_said) in [("secure", cookie.secure), ("httponly", cookie.http_only)] {
        if is_said {
            say(name, "");
        }
    }
    say("samesite", &format!("{:?}", cookie.same_site));
    if cookie.partitioned {
        say("partitioned", "");
    }
    pairs
}

/// RFC 6265bis 5.6: what a browser makes of the line; a date becomes unix seconds.
pub(super) fn parse(line: &str) -> Vec<(String, String)> {
    assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    let pairs = line.split(';').enumerate().map(|(at, piece)| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let (name, value) = (name.trim(), value.trim());
        match (at, name.to_ascii_lowercase()) {
            (0, _) => (name.to_owned(), value.to_owned()),
            (_, name) if name == "expires" => (name, unix_seconds(value).to_string()),
            (_, name) => (name, value.to_owned()),
        }
    });
    pairs.collect()
}

/// Counts the seconds to an IMF-fixdate, year by year and month by month.
fn unix_seconds(date: &str) -> u64 {
    let fields: Vec<&str> = date.split([' ', ':']).collect();
    let number = |at: usize| fields[at].parse::<u64>().expect("digits");
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (day, year) = (number(1), number(3));
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [
        ("Jan", 31),
        ("Feb", february),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let before: u64 = months.iter().take_while(|(name, _)| *name != fields[2]).map(|(_, days)| days).sum();
    let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let days = years + before + day - 1;
    assert_eq!(fields[0], ["Thu,", "Fri,", "Sat,", "Sun,", "Mon,", "Tue,", "Wed,"][usize::try_from(days % 7).expect("a day")]);
    assert_eq!((fields.len(), date.len(), fields[7]), (8, 29, "GMT"));
    days * 86_400 + number(4) * 3600 + number(5) * 60 + number(6)
}
