//! What a sealed text keeps, and what does not open it.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics fails"
)]

mod seeded;

use edge_session::error::Error;
use edge_session::id::{Id, Mark};
use edge_session::keyring::{Keyring, Purpose};
use edge_session::sealed::{Belongs, Fields, Whole, open, seal};
use edge_session::token::{self, SessionToken, Why};
use proptest::prelude::any;
use proptest::{collection::vec, option, prop_assert, prop_assert_eq};
use seeded::holds;

const NEW: &[u8] = b"the new secret, 32 random bytes...";
const OLD: &[u8] = b"the old secret, 32 random bytes...";
const NOW: u64 = 1_790_000_000;
const NONCE: [u8; 24] = [7; 24];
const NAME: &[u8] = b"__Host-session";
const TEXT: &[u8] = b"{\n\"a\":1}";

fn keyring(secrets: &[&[u8]]) -> Keyring {
    Keyring::new(secrets, "shop").expect("a keyring")
}

fn id() -> Id {
    Id::from_bytes(*b"sixteen bytes id")
}

fn birth() -> Mark {
    Mark::from_bits(*b"twelve bytes")
}

fn fields() -> Fields {
    let whole = Whole { persistent: true, idle_end: Some(NOW + 1200), id: id(), birth: birth(), created: NOW * 1000 };
    Fields { issued: NOW, expires: Some(NOW + 86_400), session: Some(whole) }
}

/// One place of each purpose.
fn places() -> [Belongs<'static>; 5] {
    [
        Belongs::TempData(NAME),
        Belongs::CookieSession(NAME),
        Belongs::Protected(NAME, None),
        Belongs::Protected(NAME, Some((id(), birth()))),
        Belongs::Record(NAME, b"1s."),
    ]
}

fn sealed(belongs: Belongs<'_>, fields: &Fields) -> Vec<u8> {
    seal(&keyring(&[NEW]), belongs, fields, TEXT, NONCE).expect("it seals")
}

fn why(belongs: Belongs<'_>, token: &[u8], now: u64) -> Option<Why> {
    open(&keyring(&[NEW]), belongs, token, now).err()
}

#[test]
fn every_text_comes_back_with_the_fields_of_its_purpose() {
    let times = (0..1_u64 << 39, option::of(1..1_u64 << 39), option::of(1..1_u64 << 39));
    let session = (any::<bool>(), any::<[u8; 16]>(), any::<[u8; 12]>(), 0..1_u64 << 48);
    holds((vec(any::<u8>(), 0..2000), vec(any::<u8>(), 0..300), times, session), |(text, name, times, session)| {
        let (issued, life, idle) = times;
        let (persistent, id, birth, created) = session;
        let (id, birth) = (Id::from_bytes(id), Mark::from_bits(birth));
        let end = |life: Option<u64>| life.map(|life| issued + life);
        let whole = Whole { persistent, idle_end: end(idle), id, birth, created };
        let fields = Fields { issued, expires: end(life), session: Some(whole) };
        let kept = [
            (Belongs::TempData(&name), Fields { session: None, ..fields }),
            (Belongs::CookieSession(&name), fields),
            (Belongs::Protected(&name, Some((id, birth))), Fields { issued: 0, session: None, ..fields }),
            (Belongs::Protected(&name, None), Fields { issued: 0, session: None, ..fields }),
            (Belongs::Record(&name, &text), Fields::default()),
        ];
        for (belongs, expected) in kept {
            let token = seal(&keyring(&[NEW]), belongs, &fields, &text, NONCE).expect("it seals");
            prop_assert!(token.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            let opened = open(&keyring(&[OLD, NEW]), belongs, &token, issued).expect("it opens");
            prop_assert_eq!((opened.text(), opened.fields, opened.secret), (&text[..], expected, 1));
        }
        Ok(())
    });
}

#[test]
fn a_text_of_one_purpose_opens_under_no_other() {
    for (at, from) in places().into_iter().enumerate() {
        let token = sealed(from, &fields());
        for (other, to) in places().into_iter().enumerate() {
            let expected = (at != other).then_some(Why::Unauthentic);
            assert_eq!(why(to, &token, NOW), expected, "{at} {other}");
        }
        let session = SessionToken::open(&keyring(&[NEW]), "__Host-session", &token, NOW);
        assert!(session.is_err(), "{at}");
    }
}

#[test]
fn ten_thousand_session_tokens_are_no_texts() {
    let session = SessionToken { persistent: false, issued: NOW, expires: None, id: id() };
    for number in 0..10_000_u64 {
        let mut nonce = NONCE;
        nonce[..8].copy_from_slice(&number.to_be_bytes());
        let token = session.seal(&keyring(&[NEW]), "__Host-session", nonce).expect("it seals");
        assert_eq!(why(Belongs::TempData(NAME), &token, NOW), Some(Why::Unauthentic));
    }
}

#[test]
fn a_text_of_another_name_part_or_application_does_not_open() {
    let (other_id, other_birth) = (Id::from_bytes([1; 16]), Mark::from_bits([1; 12]));
    let pairs = [
        (Belongs::TempData(b"n"), Belongs::TempData(b"n2")),
        (Belongs::CookieSession(b"n"), Belongs::CookieSession(b"")),
        (Belongs::Protected(b"csrf", None), Belongs::Protected(b"csr", None)),
        (Belongs::Protected(b"p", Some((id(), birth()))), Belongs::Protected(b"p", Some((other_id, birth())))),
        (Belongs::Protected(b"p", Some((id(), birth()))), Belongs::Protected(b"p", Some((id(), other_birth)))),
        (Belongs::Record(b"ab", b"c"), Belongs::Record(b"a", b"bc")),
        (Belongs::Record(b"key", b"1s.a."), Belongs::Record(b"key", b"1s.b.")),
    ];
    for (from, to) in pairs {
        let token = sealed(from, &fields());
        assert_eq!(why(from, &token, NOW), None, "{from:?}");
        assert_eq!(why(to, &token, NOW), Some(Why::Unauthentic), "{from:?}");
        let other = Keyring::new(&[NEW], "shop2").expect("a keyring");
        assert!(open(&other, from, &token, NOW).is_err(), "{from:?}");
    }
}

#[test]
fn a_text_counts_until_the_second_of_each_of_its_ends() {
    let (expires, idle_end) = (NOW + 86_400, NOW + 1200);
    let ends = [(0, expires), (1, idle_end), (2, expires), (3, expires)];
    for (at, end) in ends {
        let token = sealed(places()[at], &fields());
        assert_eq!(why(places()[at], &token, end - 1), None, "{at}");
        assert_eq!(why(places()[at], &token, end), Some(Why::Expired), "{at}");
        assert_eq!(why(places()[at], &token, u64::MAX), Some(Why::Expired), "{at}");
    }
    let whole = fields().session.map(|whole| Whole { idle_end: None, ..whole });
    let token = sealed(Belongs::CookieSession(NAME), &Fields { session: whole, ..fields() });
    assert_eq!(why(Belongs::CookieSession(NAME), &token, expires - 1), None);
    assert_eq!(why(Belongs::CookieSession(NAME), &token, expires), Some(Why::Expired));
}

#[test]
fn a_text_without_an_end_counts_for_ever() {
    for belongs in [Belongs::TempData(NAME), Belongs::Protected(NAME, None), Belongs::Record(NAME, b"")] {
        assert_eq!(why(belongs, &sealed(belongs, &Fields::default()), u64::MAX), None);
    }
}

#[test]
fn a_text_may_be_issued_a_minute_ahead_and_no_more() {
    for belongs in [Belongs::TempData(NAME), Belongs::CookieSession(NAME)] {
        let token = sealed(belongs, &fields());
        assert_eq!(why(belongs, &token, NOW - 60), None);
        assert_eq!(why(belongs, &token, NOW - 61), Some(Why::Expired));
    }
}

#[test]
fn what_is_cut_or_changed_does_not_open() {
    for (at, belongs) in places().into_iter().enumerate() {
        let token = sealed(belongs, &fields());
        for length in 0..token.len() {
            assert!(why(belongs, &token[..length], NOW).is_some(), "{at} {length}");
        }
        for place in 0..token.len() {
            let mut changed = token.clone();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert!(why(belongs, &changed, NOW).is_some(), "{at} {place}");
        }
        assert_eq!(open(&keyring(&[OLD]), belongs, &token, NOW).err(), Some(Why::UnknownKey), "{at}");
        assert_eq!(why(belongs, b"", NOW), Some(Why::Malformed));
    }
}

#[test]
fn a_plaintext_too_short_for_its_fields_is_malformed_though_authentic() {
    let (keyring, name) = (keyring(&[NEW]), "n");
    let cases = [(Purpose::TempData, Belongs::TempData(b"n"), 10), (Purpose::CookieSession, Belongs::CookieSession(b"n"), 50)];
    for (purpose, belongs, head) in cases {
        for length in 0..head {
            let token = token::seal(&keyring, purpose, name, &[], &vec![0; length], NONCE).expect("it seals");
            assert_eq!(open(&keyring, belongs, &token, 0).err(), Some(Why::Malformed), "{length}");
        }
    }
    let parts: [&[u8]; 3] = [b"p", b"", b""];
    for length in 0..5 {
        let token = token::seal(&keyring, Purpose::Protected, "", &parts, &vec![0; length], NONCE).expect("it seals");
        assert_eq!(open(&keyring, Belongs::Protected(b"p", None), &token, 0).err(), Some(Why::Malformed), "{length}");
    }
}

#[test]
fn reserved_flags_are_malformed_though_authentic() {
    for flags in 0..=255_u8 {
        let mut plaintext = [0xff; 50];
        plaintext[0] = flags;
        plaintext[1..6].fill(0);
        let token = token::seal(&keyring(&[NEW]), Purpose::CookieSession, "n", &[], &plaintext, NONCE).expect("it seals");
        let expected = if flags < 2 { None } else { Some(Why::Malformed) };
        assert_eq!(why(Belongs::CookieSession(b"n"), &token, NOW), expected, "{flags}");
    }
}

#[test]
fn a_time_that_its_bytes_cannot_hold_is_not_sealed() {
    let last = 0xff_ffff_ffff;
    let seals = |belongs, fields: Fields| seal(&keyring(&[NEW]), belongs, &fields, TEXT, NONCE);
    let refused = Err(Error::InvalidOptions);
    assert_eq!(seals(Belongs::TempData(NAME), Fields { issued: last + 1, ..fields() }), refused);
    // All ones say "never": an end may not turn into none.
    assert_eq!(seals(Belongs::TempData(NAME), Fields { expires: Some(last), ..fields() }), refused);
    assert_eq!(seals(Belongs::Protected(NAME, None), Fields { expires: Some(last + 1), ..fields() }), refused);
    let whole = |idle_end, created| fields().session.map(|whole| Whole { idle_end, created, ..whole });
    let with = |session| seals(Belongs::CookieSession(NAME), Fields { session, ..fields() });
    assert_eq!(with(whole(Some(last), 0)), refused);
    assert_eq!(with(whole(None, 1 << 48)), refused);
    assert_eq!(with(None), refused);
    assert!(with(whole(Some(last - 1), (1 << 48) - 1)).is_ok());
}

#[test]
fn a_part_that_is_too_long_is_refused_and_opens_nothing() {
    let long = vec![b'x'; 65_536];
    for belongs in [Belongs::TempData(&long), Belongs::Protected(&long, None), Belongs::Record(b"key", &long)] {
        assert_eq!(seal(&keyring(&[NEW]), belongs, &fields(), TEXT, NONCE), Err(Error::InvalidOptions));
        let token = sealed(Belongs::TempData(NAME), &fields());
        assert_eq!(why(belongs, &token, NOW), Some(Why::Unauthentic));
    }
}

#[test]
fn a_text_shows_neither_itself_nor_its_place() {
    let token = sealed(Belongs::Record(NAME, b""), &fields());
    assert_eq!(format!("{:?}", Belongs::Record(NAME, b"")), "Belongs(..)");
    let opened = open(&keyring(&[NEW]), Belongs::Record(NAME, b""), &token, NOW);
    assert_eq!(format!("{opened:?}"), "Ok(Opened(..))");
}
