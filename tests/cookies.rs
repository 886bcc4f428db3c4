//! What a Cookie header holds, and what Set-Cookie says.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics fails"
)]

mod seeded;

use std::hint::black_box;
use std::time::{Duration, Instant};

use edge_session::chunks;
use edge_session::cookie::{CookieOptions, Found, Lifetime, SameSite, candidates, find};
use edge_session::error::Error;
use edge_session::id::Id;
use edge_session::keyring::Keyring;
use edge_session::token::{SessionToken, Why};
use proptest::collection::vec;
use proptest::prop_assert_eq;
use seeded::{Seeded, holds};

const NEW: &[u8] = b"the new secret, 32 random bytes...";
const OLD: &[u8] = b"the old secret, 32 random bytes...";
const NAME: &str = "__Host-session";
const NOW: u64 = 1_790_000_000;

fn keyring() -> Keyring {
    Keyring::new(&[NEW, OLD], "shop").expect("a keyring")
}

fn token(id: u8, issued: u64) -> SessionToken {
    SessionToken { persistent: false, issued, expires: None, id: Id::from_bytes([id; 16]) }
}

fn sealed_under(secret: &[u8], token: SessionToken) -> String {
    let keyring = Keyring::new(&[secret], "shop").expect("a keyring");
    let value = token.seal(&keyring, NAME, [7; 24]).expect("it seals");
    String::from_utf8(value.to_vec()).expect("ASCII")
}

fn value() -> String {
    sealed_under(NEW, token(1, NOW))
}

fn found(header: &str) -> Found {
    find(&keyring(), NAME, header.as_bytes(), NOW)
}

fn ours() -> Found {
    Found::Token(token(1, NOW), 0)
}

#[test]
fn our_cookie_is_found_among_others() {
    let value = value();
    for header in [
        format!("{NAME}={value}"),
        format!("a=b; {NAME}={value}; c=d"),
        format!("a=b;{NAME}={value};c=d"),
        format!("a=b;\t {NAME}\t= {value} \t;c"),
        format!("; ;=; = ;a;;{NAME}={value};;"),
        format!("__proto__=1; constructor=2; {NAME}={value}"),
        format!("$Version=1; {NAME}={value}; $Path=/"),
        format!("\"open; {NAME}={value}; \"=\""),
        format!("x={NAME}=no; {NAME}={value}"),
    ] {
        assert_eq!(found(&header), ours(), "{header}");
    }
}

#[test]
fn a_header_without_our_exact_name_holds_nothing() {
    let value = value();
    for header in [
        String::new(),
        ";".to_owned(),
        "=".to_owned(),
        NAME.to_owned(),
        value.clone(),
        format!("={value}"),
        format!("={NAME}={value}"),
        format!("__host-session={value}"),
        format!("__Host-session2={value}"),
        format!("_Host-session={value}"),
        format!("__Host%2Dsession={value}"),
        format!("\"{NAME}\"={value}"),
        format!("\u{2000}{NAME}={value}"),
        format!("{NAME}\u{2000}={value}"),
        format!("\u{a0}{NAME}={value}"),
        format!("\u{feff}{NAME}={value}"),
        format!("\u{b}{NAME}={value}"),
        format!("\n{NAME}={value}"),
        format!("\r{NAME}={value}"),
        format!("\0{NAME}={value}"),
        format!("a=b, {NAME}={value}"),
        format!("a=b&{NAME}={value}"),
        format!("a=\"{NAME}={value}\""),
        format!("a={NAME}={value}"),
    ] {
        assert_eq!(found(&header), Found::None, "{header:?}");
    }
}

#[test]
fn a_value_with_anything_around_it_is_rejected() {
    let value = value();
    for header in [
        format!("{NAME}="),
        format!("{NAME}=\"{value}\""),
        format!("{NAME}={value}, a=b"),
        format!("{NAME}={value},{NAME}={value}"),
        format!("{NAME}=={value}"),
        format!("{NAME}=\u{2000}{value}"),
        format!("{NAME}={value}\u{2000}"),
        format!("{NAME}={value}\n"),
        format!("{NAME}={}", value.replace('A', "%41")),
        format!("{NAME}={}", "x".repeat(100_000)),
    ] {
        assert_eq!(found(&header), Found::Rejected(Why::Malformed), "{header:?}");
    }
}

#[test]
fn the_reason_of_the_first_cookie_that_does_not_open_is_told() {
    let future = sealed_under(NEW, token(1, NOW + 61));
    let foreign = sealed_under(b"a secret of somebody else, 32 bytes", token(1, NOW));
    assert_eq!(found(&format!("{NAME}={future}; {NAME}=x")), Found::Rejected(Why::Expired));
    assert_eq!(found(&format!("{NAME}={foreign}; {NAME}={future}")), Found::Rejected(Why::UnknownKey));
}

#[test]
fn a_cookie_that_does_not_open_never_hides_one_that_does() {
    let value = value();
    assert_eq!(found(&format!("{NAME}=x; {NAME}={value}")), ours());
    assert_eq!(found(&format!("{NAME}={value}; {NAME}=x")), ours());
    assert_eq!(found(&format!("{NAME}=x; {NAME}=; {NAME}=y; {NAME}={value}")), ours());
}

#[test]
fn a_fifth_cookie_of_our_name_is_not_looked_at() {
    let header = format!("{NAME}=x; {NAME}=; {NAME}=y; {NAME}=z; {NAME}={}", value());
    assert_eq!(found(&header), Found::Rejected(Why::Malformed));
}

#[test]
fn planted_cookies_before_ours_do_not_choose_the_session() {
    let (mine, planted) = (value(), sealed_under(OLD, token(2, NOW)));
    assert_eq!(found(&format!("{NAME}={planted}; {NAME}=x; {NAME}=y; {NAME}=z; {NAME}={mine}")), Found::Ambiguous);
    assert_eq!(found(&format!("{NAME}=x; {NAME}=y; {NAME}=z; {NAME}={mine}; {NAME}=a; {NAME}={planted}")), Found::Ambiguous);
    assert_eq!(found(&format!("{NAME}=x; {NAME}=y; {NAME}=z; {NAME}={mine}; a=b")), ours());
}

#[test]
fn two_cookies_of_different_ids_are_ambiguous_in_any_order() {
    let (mine, planted) = (value(), sealed_under(OLD, token(2, NOW)));
    assert_eq!(found(&format!("{NAME}={mine}; {NAME}={planted}")), Found::Ambiguous);
    assert_eq!(found(&format!("{NAME}={planted}; {NAME}={mine}")), Found::Ambiguous);
    assert_eq!(found(&format!("{NAME}={mine}; {NAME}=x; {NAME}={mine}; {NAME}={planted}")), Found::Ambiguous);
}

#[test]
fn a_thousand_planted_cookies_never_win() {
    let mut seeded = Seeded::new();
    let mine = value();
    for _ in 0..1000 {
        let planted = sealed_under(NEW, token(2 + seeded.below(250).to_le_bytes()[0], NOW - seeded.below(1000)));
        let header = match seeded.below(3) {
            0 => format!("{NAME}={planted}; {NAME}={mine}"),
            1 => format!("{NAME}={mine}; {NAME}={planted}"),
            _ => format!("{NAME}=x; {NAME}={mine}; a=b; {NAME}={planted}"),
        };
        assert_eq!(found(&header), Found::Ambiguous);
    }
}

#[test]
fn of_two_cookies_of_one_id_the_newer_secret_wins() {
    let (new, old) = (sealed_under(NEW, token(1, NOW - 9)), sealed_under(OLD, token(1, NOW)));
    let expected = Found::Token(token(1, NOW - 9), 0);
    assert_eq!(found(&format!("{NAME}={new}; {NAME}={old}")), expected);
    assert_eq!(found(&format!("{NAME}={old}; {NAME}={new}")), expected);
}

#[test]
fn of_two_cookies_of_one_id_and_secret_the_later_wins() {
    let (early, late) = (sealed_under(NEW, token(1, NOW - 9)), value());
    assert_eq!(found(&format!("{NAME}={early}; {NAME}={late}")), ours());
    assert_eq!(found(&format!("{NAME}={late}; {NAME}={early}")), ours());
}

#[test]
fn candidates_are_what_a_plain_reading_of_the_grammar_gives() {
    let pieces = "[ \t]{0,2}(a|b|aa|A)?[ \t]{0,2}(=[ \tab=]{0,4})?";
    holds(vec(pieces, 0..8), |pieces| {
        let header = pieces.join(";");
        let blank = [' ', '\t'];
        let plain = header.split(';').filter_map(|pair| pair.split_once('='));
        let plain = plain.filter(|(name, _)| name.trim_matches(blank) == "a");
        let expected: Vec<&str> = plain.map(|(_, value)| value.trim_matches(blank)).take(4).collect();
        let values: Vec<&[u8]> = candidates(header.as_bytes(), b"a").collect();
        prop_assert_eq!(values, expected.iter().map(|value| value.as_bytes()).collect::<Vec<_>>());
        Ok(())
    });
}

#[test]
fn giant_headers_hold_what_they_hold() {
    let (value, size) = (value(), 128 * 1024);
    for filler in [";", "=", " ", "\t ;", "a=b; ", "__Host-session;", "__Host-sessio=", "\u{2000}"] {
        let giant = filler.repeat(size / filler.len());
        assert_eq!(found(&giant), Found::None, "{filler:?}");
        assert_eq!(found(&format!("{giant};{NAME}={value};{giant}")), ours(), "{filler:?}");
    }
    let ours_only = format!("{NAME}=x;").repeat(size / 17);
    assert_eq!(found(&ours_only), Found::Rejected(Why::Malformed));
}

/// The fastest of five readings of a header of so many bytes, for a cookie whole and in pieces.
fn fastest(filler: &str, size: usize) -> Duration {
    let header = filler.repeat(size / filler.len());
    let read = || {
        let began = Instant::now();
        let (whole, mut pieces) = (found(&header), Vec::new());
        black_box((whole, chunks::find(header.as_bytes(), NAME.as_bytes(), &mut pieces)));
        began.elapsed()
    };
    (0..5).map(|_| read()).min().expect("five readings")
}

#[test]
fn time_grows_with_a_header_and_no_faster() {
    for filler in [";", "=", " ", "\t ;", "a=b; ", "__Host-session=x;", "__Host-session-1=x;", "__Host-session=chunks-10;"] {
        let (short, long) = (fastest(filler, 1024), fastest(filler, 16 * 1024));
        // Sixteen times as long: what grows with the square takes 256 times as long.
        assert!(long < short * 64, "{filler:?}: {short:?}, then {long:?}");
    }
}

fn line(cookie: &CookieOptions) -> Result<String, Error> {
    cookie.line("value", Lifetime::BrowserSession, NOW)
}

#[test]
fn the_default_line_is_this_one() {
    let value = value();
    let line = CookieOptions::default().line(&value, Lifetime::BrowserSession, NOW);
    assert_eq!(line, Ok(format!("__Host-session={value}; Path=/; Secure; HttpOnly; SameSite=Lax")));
}

#[test]
fn a_persistent_line_says_twice_when_it_ends() {
    let line = CookieOptions::default().line("value", Lifetime::Seconds(86_400), 784_111_777 - 86_400);
    let expected =
        "__Host-session=value; Path=/; Max-Age=86400; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(line.as_deref(), Ok(expected));
}

#[test]
fn the_line_that_expires_a_cookie_is_this_one() {
    let expected = "__Host-session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(CookieOptions::default().expired_line().as_deref(), Ok(expected));
}

#[test]
fn every_attribute_has_its_place() {
    let cookie = CookieOptions {
        name: "s".to_owned(),
        path: "/shop".to_owned(),
        domain: Some("example.com".to_owned()),
        same_site: SameSite::None,
        partitioned: true,
        ..CookieOptions::default()
    };
    let line = cookie.line("v", Lifetime::Seconds(1), 951_782_399);
    let expected = "s=v; Path=/shop; Domain=example.com; Max-Age=1; Expires=Tue, 29 Feb 2000 00:00:00 GMT; Secure; HttpOnly; SameSite=None; Partitioned";
    assert_eq!(line.as_deref(), Ok(expected));
    let strict = CookieOptions { same_site: SameSite::Strict, secure: false, http_only: false, ..CookieOptions::default() };
    assert_eq!(self::line(&strict).as_deref(), Ok("__Host-session=value; Path=/; SameSite=Strict"));
}

#[test]
fn a_cookie_is_expired_with_the_attributes_that_set_it() {
    for bits in 0..64 {
        let cookie = CookieOptions {
            name: "session".to_owned(),
            path: if bits & 1 == 0 { "/" } else { "/shop" }.to_owned(),
            domain: (bits & 2 == 0).then(|| "example.com".to_owned()),
            same_site: if bits & 4 == 0 { SameSite::Lax } else { SameSite::None },
            secure: bits & 8 == 0,
            http_only: bits & 16 == 0,
            partitioned: bits & 32 == 0,
            max_age_seconds: None,
        };
        let expired = cookie.expired_line().expect("a line");
        let as_set =
            expired.replace("session=;", "session=value;").replace("; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "");
        assert_eq!(Ok(as_set), line(&cookie), "{bits}");
    }
}

#[test]
fn each_field_takes_the_bytes_that_it_may_and_no_other() {
    let samples = ["\u{80}", "\u{e9}", "\u{2000}", "\u{2028}", "\u{4e2d}", "\u{feff}", "\u{fffd}", "\u{1f36a}"];
    let ascii = (0..128_u8).map(|byte| char::from(byte).to_string());
    let latin = (128..=255_u32).filter_map(char::from_u32).map(String::from);
    for text in ascii.chain(latin).chain(samples.map(str::to_owned)) {
        let byte = text.as_bytes()[0];
        let visible = byte.is_ascii_graphic();
        let in_name = visible && !"\"(),/:;<=>?@[\\]{}".contains(&text);
        let in_value = visible && !"\",;\\".contains(&text);
        let in_attribute = (visible || byte == b' ') && byte != b';';
        let default = CookieOptions::default();
        let with_name = CookieOptions { name: format!("a{text}b"), ..default.clone() };
        let with_path = CookieOptions { path: format!("/{text}b"), ..default.clone() };
        let with_domain = CookieOptions { domain: Some(format!("a{text}b")), ..default.clone() };
        assert_eq!(line(&with_name).is_ok(), in_name, "name {text:?}");
        assert_eq!(line(&with_path).is_ok(), in_attribute, "path {text:?}");
        assert_eq!(line(&with_domain).is_ok(), in_attribute, "domain {text:?}");
        let value_line = default.line(&format!("a{text}b"), Lifetime::BrowserSession, NOW);
        assert_eq!(value_line.is_ok(), in_value, "value {text:?}");
        assert_eq!(with_name.expired_line().is_ok(), in_name, "expired {text:?}");
    }
}

#[test]
fn a_cookie_without_a_name_is_refused() {
    assert_eq!(line(&CookieOptions { name: String::new(), ..CookieOptions::default() }), Err(Error::InvalidOptions));
}

#[test]
fn what_browsers_would_cut_or_drop_is_refused_whole() {
    let default = CookieOptions::default();
    for length in 0..10_000 {
        let written = default.line(&"v".repeat(length), Lifetime::BrowserSession, NOW);
        let fits = NAME.len() + length <= 4096;
        assert_eq!(written.map(|line| line.len()), if fits { Ok(length + 55) } else { Err(Error::CookieTooLarge) });
    }
    for (length, fits) in [(1023, true), (1024, true), (1025, false), (5000, false)] {
        let path = CookieOptions { path: "/".repeat(length), ..default.clone() };
        let domain = CookieOptions { domain: Some("d".repeat(length)), ..default.clone() };
        assert_eq!(line(&path).is_ok(), fits, "path {length}");
        assert_eq!(line(&domain).is_ok(), fits, "domain {length}");
    }
}

#[test]
fn no_cookie_lives_longer_than_four_hundred_days() {
    let lives = |seconds| CookieOptions::default().line("value", Lifetime::Seconds(seconds), NOW);
    assert!(lives(34_560_000).is_ok_and(|line| line.contains("; Max-Age=34560000; ")));
    assert_eq!(lives(34_560_001), Err(Error::InvalidOptions));
    assert_eq!(lives(u64::MAX), Err(Error::InvalidOptions));
}

#[test]
fn no_clock_makes_a_date_that_http_cannot_write() {
    for now in [253_402_300_799, 253_402_300_800, u64::MAX] {
        let line = CookieOptions::default().line("value", Lifetime::Seconds(1), now).expect("a line");
        assert!(line.contains("; Expires=Fri, 31 Dec 9999 23:59:59 GMT; "), "{line}");
    }
}
