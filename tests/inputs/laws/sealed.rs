//! Plaintexts of every purpose, read by PROTOCOL 1's table.

use std::sync::LazyLock;

use edge_session::id::{Id, Mark};
use edge_session::keyring::{Keyring, Purpose};
use edge_session::sealed::{Belongs, Fields, Whole, open, seal};
use edge_session::token::{self, Why};

use super::choices::Choices;

const NAME: &str = "__Host-session-temp";
const NONCE: [u8; 24] = [7; 24];
const NEVER: u64 = (1 << 40) - 1;

static KEYRING: LazyLock<Keyring> =
    LazyLock::new(|| Keyring::new(&[b"the secret, 32 random bytes......"], "shop").expect("a keyring"));

/// Opens what has the fields of its purpose, in its one text, where it belongs, and within its times.
pub fn law(input: &[u8]) {
    let mut choices = Choices(input);
    let (kind, now) = (choices.below(4), choices.number(5));
    let plaintext = choices.0;
    let (purpose, name, parts): (Purpose, &str, &[&[u8]]) = match kind {
        0 => (Purpose::TempData, NAME, &[]),
        1 => (Purpose::CookieSession, NAME, &[]),
        2 => (Purpose::Protected, "", &[b"csrf", b"", b""]),
        _ => (Purpose::Record, "", &[b"key", b"1s."]),
    };
    let text = token::seal(&KEYRING, purpose, name, parts, plaintext, NONCE).expect("it seals");
    let opened = open(&KEYRING, places()[kind], &text, now).map(|opened| (opened.fields, opened.text().to_vec()));
    assert_eq!(opened, read_plainly(kind, plaintext, now));
    if let Ok((fields, inside)) = opened {
        assert_eq!(seal(&KEYRING, places()[kind], &fields, &inside, NONCE), Ok(text.clone()));
    }
    for other in places().into_iter().filter(|place| *place != places()[kind]) {
        assert_eq!(open(&KEYRING, other, &text, now).err(), Some(Why::Unauthentic));
    }
    for place in places() {
        let foreign = open(&KEYRING, place, plaintext, now).err();
        assert!(foreign == Some(Why::Malformed) || foreign == Some(Why::UnknownKey) || foreign == Some(Why::Unauthentic));
    }
}

fn places() -> [Belongs<'static>; 5] {
    let bound = (Id::from_bytes([1; 16]), Mark::from_bits([1; 12]));
    [
        Belongs::TempData(NAME.as_bytes()),
        Belongs::CookieSession(NAME.as_bytes()),
        Belongs::Protected(b"csrf", None),
        Belongs::Record(b"key", b"1s."),
        Belongs::Protected(b"csrf", Some(bound)),
    ]
}

fn read_plainly(kind: usize, plaintext: &[u8], now: u64) -> Result<(Fields, Vec<u8>), Why> {
    let mut rest = Choices(plaintext);
    if plaintext.len() < [10, 50, 5, 0][kind] {
        return Err(Why::Malformed);
    }
    let flags = if kind == 1 { rest.byte() } else { 0 };
    let issued = if kind < 2 { rest.number(5) } else { 0 };
    let idle_end = if kind == 1 { rest.number(5) } else { NEVER };
    let expires = if kind < 3 { rest.number(5) } else { NEVER };
    let session = (kind == 1).then(|| Whole {
        persistent: flags == 1,
        idle_end: Some(idle_end).filter(|&end| end != NEVER),
        id: Id::from_bytes(rest.bytes()),
        birth: Mark::from_bits(rest.bytes()),
        created: rest.number(6),
    });
    if flags > 1 {
        return Err(Why::Malformed);
    }
    if issued > now + 60 || [idle_end, expires].iter().any(|&end| end != NEVER && end <= now) {
        return Err(Why::Expired);
    }
    Ok((Fields { issued, expires: Some(expires).filter(|&end| end != NEVER), session }, rest.0.to_vec()))
}
