//! What a value over several cookies is, and what comes back.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics fails"
)]

mod seeded;

use std::collections::BTreeMap;

use edge_session::chunks::{self, MAX_LINE, MAX_TOTAL, Seen, find};
use edge_session::cookie::{CookieOptions, Lifetime};
use edge_session::error::Error;
use proptest::{prop_assert, prop_assert_eq};
use seeded::holds;

const NAME: &str = "__Host-session-temp";
/// Characters around a value: name, "=" and the default attributes.
const AROUND: usize = NAME.len() + 1 + "; Path=/; Secure; HttpOnly; SameSite=Lax".len();

fn cookie() -> CookieOptions {
    CookieOptions::default()
}

/// A cookie whose attributes leave little room, so that values need more pieces.
fn long_path(length: usize) -> CookieOptions {
    CookieOptions { path: format!("/{}", "p".repeat(length - 1)), ..cookie() }
}

fn lines(
    cookie: &CookieOptions,
    name: &str,
    value: &str,
    seen: Seen,
    lifetime: Lifetime,
    now: u64,
) -> Result<Vec<String>, Error> {
    let text = chunks::lines(cookie, name, value, seen, lifetime, now)?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn write(cookie: &CookieOptions, value: &str, seen: Seen) -> Result<Vec<String>, Error> {
    lines(cookie, NAME, value, seen, Lifetime::BrowserSession, 0)
}

/// A value in which no two places look alike for long.
fn value(length: usize) -> String {
    (0..length).map(|at| char::from(b"abcdefghijklmnopqrstuvwxyz"[(at * at / 7) % 26])).collect()
}

/// What a browser keeps of cookies by name.
#[derive(Clone, Debug, Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    fn take(&mut self, lines: &[String]) {
        for line in lines {
            let (pair, attributes) = line.split_once("; ").expect("attributes");
            let (name, value) = pair.split_once('=').expect("a pair");
            if attributes.contains("Max-Age=0;") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn header(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn of(lines: &[String]) -> Self {
        let mut jar = Self::default();
        jar.take(lines);
        jar
    }
}

fn values(header: &str) -> Vec<String> {
    found(header, NAME).0
}

fn seen(header: &str) -> Seen {
    found(header, NAME).1
}

fn found(header: &str, name: &str) -> (Vec<String>, Seen) {
    let mut values = Vec::new();
    let seen = find(header.as_bytes(), name.as_bytes(), &mut values);
    let values = String::from_utf8(values).expect("UTF-8");
    (values.split_terminator(';').map(str::to_owned).collect(), seen)
}

#[test]
fn a_value_is_one_cookie_until_its_line_is_too_long() {
    let fits = value(MAX_LINE - AROUND);
    let [line] = write(&cookie(), &fits, Seen(0)).expect("lines").try_into().expect("one line");
    assert_eq!(line, format!("{NAME}={fits}; Path=/; Secure; HttpOnly; SameSite=Lax"));
    assert_eq!(line.len(), MAX_LINE);
    let cut = write(&cookie(), &value(MAX_LINE - AROUND + 1), Seen(0)).expect("lines");
    assert_eq!(cut.len(), 3);
    assert!(cut[0].starts_with(&format!("{NAME}=chunks-2; Path=/")));
    assert_eq!(cut[1].len(), MAX_LINE - 1);
    assert!(cut[2].starts_with(&format!("{NAME}-2=")));
}

#[test]
fn every_text_round_trips_in_short_lines_or_is_refused() {
    let cookies = (0..4_usize, 1..1025_usize, 0..1025_usize, proptest::option::of(1..34_560_000_u64));
    holds(("[!#-+\\--:<-\\[\\]-~]{0,64}", 0..9000_usize, cookies, 0..0x800_u16), |(text, size, shape, seen)| {
        let (kind, path, domain, seconds) = shape;
        let mut cookie = if kind == 0 { cookie() } else { long_path(path) };
        if kind > 1 && domain > 0 {
            cookie.domain = Some("d".repeat(domain));
        }
        cookie.partitioned = kind == 3;
        let text = text.repeat(size / text.len().max(1) + 1);
        let lifetime = seconds.map_or(Lifetime::BrowserSession, Lifetime::Seconds);
        let Ok(lines) = lines(&cookie, NAME, &text, Seen(seen), lifetime, 1_790_000_000) else {
            prop_assert!(text.len() > 1000 || text.starts_with("chunks-"));
            return Ok(());
        };
        prop_assert!(lines.iter().all(|line| line.len() <= MAX_LINE));
        let mut jar = Jar((0..11).filter(|bit| seen & (1 << bit) != 0).map(|bit| (named(bit), "old".to_owned())).collect());
        jar.take(&lines);
        let header = jar.header();
        prop_assert!(header.len() <= MAX_TOTAL);
        let expected = if text.is_empty() { Vec::new() } else { vec![text] };
        prop_assert_eq!(values(&header), expected);
        prop_assert_eq!(jar.0.len(), self::seen(&header).0.count_ones() as usize);
        Ok(())
    });
}

fn named(piece: usize) -> String {
    if piece == 0 { NAME.to_owned() } else { format!("{NAME}-{piece}") }
}

#[test]
fn seven_thousand_five_hundred_characters_fit_and_one_more_does_not() {
    for cookie in [cookie(), long_path(1000), CookieOptions { domain: Some("d".repeat(1000)), ..long_path(1000) }] {
        let longest = (4000..MAX_TOTAL).rev().find(|&length| write(&cookie, &value(length), Seen(0)).is_ok()).expect("a length");
        let header = Jar::of(&write(&cookie, &value(longest), Seen(0)).expect("lines")).header();
        assert_eq!(header.len(), MAX_TOTAL);
        assert_eq!(values(&header), [value(longest)]);
        for length in [longest + 1, longest + 100, 100_000] {
            assert_eq!(write(&cookie, &value(length), Seen(7)), Err(Error::CookieTooLarge), "{length}");
        }
    }
}

#[test]
fn a_name_and_attributes_that_leave_no_room_are_refused() {
    let wide = CookieOptions { domain: Some("d".repeat(1024)), ..long_path(1024) };
    let around = "=; Path=; Domain=; Secure; HttpOnly; SameSite=Lax".len() + 2048;
    for room in [0, 1, 9, 10, 60] {
        let name = "n".repeat(MAX_LINE - room - around);
        let written =
            |length: usize| lines(&wide, &name, &value(length), Seen(0), Lifetime::BrowserSession, 0).map(|lines| lines.len());
        assert_eq!(written(room), Ok(usize::from(room > 0)));
        // The name alone, a few times, is too much for the header.
        let pieces = if room == 60 { Ok(3) } else { Err(Error::CookieTooLarge) };
        assert_eq!(written(room * 3 / 2 + 1), pieces, "{room}");
        assert_eq!(written(600), Err(Error::CookieTooLarge));
    }
}

#[test]
fn only_cookies_that_the_browser_has_are_expired() {
    let gone = |lines: &[String]| {
        let expired =
            lines.iter().filter(|line| line.contains("=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure"));
        expired.map(|line| line.split('=').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let after = |length: usize, seen: u16| gone(&write(&cookie(), &value(length), Seen(seen)).expect("lines"));
    assert_eq!(after(10, 0b1), [""; 0]);
    assert_eq!(after(10, 0b111), [named(1), named(2)]);
    assert_eq!(after(5000, 0b111), [""; 0]);
    assert_eq!(after(5000, 0b100_0001_1111), [named(3), named(4), named(10)]);
    assert_eq!(after(0, 0b111), [named(0), named(1), named(2)]);
    assert_eq!(after(0, 0b1010), [named(1), named(3)]);
    assert_eq!(write(&cookie(), "", Seen(0)), Ok(Vec::new()));
}

#[test]
fn growing_and_shrinking_leaves_nothing_behind() {
    let mut jar = Jar::default();
    for (length, cookies) in [(7000, 3), (20, 1), (5000, 3), (4000, 3), (3000, 1), (7000, 3), (0, 0)] {
        let seen = seen(&jar.header());
        jar.take(&write(&cookie(), &value(length), seen).expect("lines"));
        assert_eq!(jar.0.len(), cookies, "{length}");
        assert_eq!(values(&jar.header()).concat(), value(length));
    }
}

#[test]
fn a_count_other_than_canonical_two_to_ten_is_no_value() {
    let pieces: String = (1..=10).map(|piece| format!("; {NAME}-{piece}=v")).collect();
    for count in [2, 9, 10] {
        assert_eq!(values(&format!("{NAME}=chunks-{count}{pieces}")), ["v".repeat(count)]);
    }
    let others = "0 1 11 12 99 100 -1 +2 02 010 2.0 1e1 1e3 0x2 2147483647 2000000000 99999999999999999999 two";
    for count in others.split(' ').chain(["", " 2 3", "２", "2,3", "2\u{0}"]) {
        assert_eq!(values(&format!("{NAME}=chunks-{count}{pieces}")), [""; 0], "{count}");
    }
}

#[test]
fn a_missing_or_empty_piece_is_no_value() {
    let header = |pieces: &str| format!("{NAME}=chunks-3; {pieces}");
    let all = format!("{NAME}-1=a; {NAME}-2=b; {NAME}-3=c");
    assert_eq!(values(&header(&all)), ["abc"]);
    assert_eq!(values(&header(&all.replace("-2=b", "-2="))), [""; 0]);
    assert_eq!(values(&header(&all.replace("-2=b", "-4=b"))), [""; 0]);
    assert_eq!(values(&header(&all.replace("-2=b", "-02=b"))), [""; 0]);
    assert_eq!(values(&header("")), [""; 0]);
    assert_eq!(values(&all), [""; 0]);
    assert_eq!(values(&format!("{NAME}=")), [""; 0]);
    // Longer than any line of ours:
    for (length, found) in [(MAX_LINE, 1), (MAX_LINE + 1, 0)] {
        assert_eq!(values(&format!("{NAME}={}", "v".repeat(length))).len(), found);
        assert_eq!(values(&header(&all.replace("=b", &format!("={}", "b".repeat(length))))).len(), found);
    }
    // More than are named: they are not looked at, but seen.
    let more = format!("{}; {NAME}-4=d", header(&all));
    assert_eq!(found(&more, NAME), (vec!["abc".to_owned()], Seen(0b11111)));
}

#[test]
fn names_that_only_begin_alike_are_others() {
    let header = format!("{NAME}s=a; {NAME}-=b; {NAME}-11=c; {NAME}-1a=d; {NAME}--1=e; {}=f; x{NAME}=g", NAME.to_uppercase());
    assert_eq!(found(&header, NAME), (Vec::new(), Seen(0)));
}

#[test]
fn each_of_several_values_is_given_and_of_pieces_the_first() {
    let header = format!("{NAME}=a; {NAME}=chunks-2; {NAME}-1=b; {NAME}-1=x; {NAME}-2=c; {NAME}= d ;{NAME}=e;{NAME}=f");
    assert_eq!(values(&header), ["a", "bc", "d", "e"]);
}

#[test]
fn more_than_four_cookies_of_one_name_are_told_whatever_they_hold() {
    for planted in ["", "x", "chunks-9", "chunks-2"] {
        let four = format!("{NAME}=a; {}", format!("{NAME}={planted}; ").repeat(3));
        assert_eq!(found(&four, NAME).1, Seen(1), "{planted}");
        assert_eq!(found(&format!("{four}{NAME}=b"), NAME).1, Seen(1 | 1 << 11), "{planted}");
    }
}

#[test]
fn what_no_cookie_can_hold_is_refused() {
    for value in ["chunks-2", "chunks-", "a b", "a;b", "a,b", "a\"b", "é", "a\r\nb"] {
        assert_eq!(write(&cookie(), value, Seen(0)), Err(Error::InvalidOptions), "{value}");
        assert_eq!(write(&cookie(), &(value.to_owned() + &"v".repeat(4050)), Seen(0)), Err(Error::InvalidOptions), "{value}");
    }
    for name in ["", "a b", "a=b", "a;b", "é"] {
        assert_eq!(lines(&cookie(), name, "v", Seen(0), Lifetime::BrowserSession, 0), Err(Error::InvalidOptions), "{name}");
    }
    let tomorrow = lines(&cookie(), NAME, "v", Seen(0), Lifetime::Seconds(34_560_001), 0);
    assert_eq!(tomorrow, Err(Error::InvalidOptions));
}

#[test]
fn a_lifetime_stands_on_every_line_and_is_counted() {
    let cut = lines(&cookie(), NAME, &value(5000), Seen(0), Lifetime::Seconds(60), 0).expect("lines");
    assert!(
        cut.iter().all(|line| line.contains("; Max-Age=60; Expires=Thu, 01 Jan 1970 00:01:00 GMT") && line.len() <= MAX_LINE)
    );
    assert_eq!(values(&Jar::of(&cut).header()), [value(5000)]);
}

#[test]
fn what_is_found_is_a_plain_reading_of_the_header() {
    holds("([sx]{1,2}(-[0-9]{1,2})?=(chunks-[0-9]{1,2}|[a-c]{0,3}) ?; ?){0,12}", |header| {
        let of = |name: &str| {
            let pairs = header.split(';').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(key, _)| key.trim_matches(' ') == name)
                .map(|(_, value)| value.trim_matches(' ').to_owned())
                .collect::<Vec<_>>()
        };
        let piece = |number: usize| of(&format!("s-{number}")).into_iter().next().filter(|piece| !piece.is_empty());
        let whole = |value: String| match value.strip_prefix("chunks-") {
            None => Some(value).filter(|value| !value.is_empty()),
            Some(count) => {
                let count = (2..=10).find(|number| number.to_string() == count)?;
                (1..=count).map(piece).collect::<Option<Vec<_>>>().map(|pieces| pieces.concat())
            }
        };
        let expected: Vec<String> = of("s").into_iter().take(4).filter_map(whole).collect();
        let (values, actual) = found(&header, "s");
        prop_assert_eq!(values, expected);
        let seen = (1..=10)
            .filter(|number| !of(&format!("s-{number}")).is_empty())
            .fold(u16::from(!of("s").is_empty()), |bits, number| bits | 1 << number);
        let more = u16::from(of("s").len() > 4) << 11;
        prop_assert_eq!(actual, Seen(seen | more));
        Ok(())
    });
}

#[test]
fn a_giant_header_takes_no_more_than_its_length() {
    let many = format!("{NAME}=chunks-2147483647; ").repeat(5000) + &format!("{NAME}-1={}; ", "v".repeat(100_000));
    assert_eq!(values(&many), [""; 0]);
    assert_eq!(seen(&many), Seen(0b11 | 1 << 11));
    assert_eq!(values(&format!("{many}{NAME}-2=b; {NAME}=chunks-2")), [""; 0]);
}
