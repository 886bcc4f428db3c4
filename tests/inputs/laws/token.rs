//! Tokens of any text, of any plaintext, and with any edit.

use std::sync::LazyLock;

use edge_session::id::Id;
use edge_session::keyring::{Keyring, Purpose};
use edge_session::token::{SessionToken, Why, open, seal};

use super::choices::Choices;

const NAME: &str = "__Host-session";
const NONCE: [u8; 24] = [7; 24];
const NEVER: u64 = (1 << 40) - 1;
const SECRETS: [&[u8]; 2] = [b"the new secret, 32 random bytes...", b"the old secret, 32 random bytes..."];

static KEYRING: LazyLock<Keyring> = LazyLock::new(|| Keyring::new(&SECRETS, "shop").expect("a keyring"));

/// Opens nothing but what was sealed, in its one text, and within its times.
pub fn law(input: &[u8]) {
    let mut choices = Choices(input);
    match choices.below(3) {
        0 => foreign(choices.0),
        1 => plaintext(choices),
        _ => edited(choices),
    }
}

/// A text that we did not write opens at no time, and no reason but the text's own counts.
fn foreign(text: &[u8]) {
    for now in [0, NEVER, u64::MAX] {
        assert!(SessionToken::open(&KEYRING, NAME, text, now).is_err());
    }
    let generic = open(&KEYRING, Purpose::Session, NAME, &[], text).expect_err("a foreign text");
    let has_shape = decoded(text).is_some_and(|bytes| bytes.len() >= 45 && bytes[0] == 1);
    assert_eq!(generic == Why::Malformed, !has_shape);
}

/// RFC 4648 5, without padding and with spare bits of zero.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let places: Option<Vec<usize>> = text.iter().map(|byte| alphabet.iter().position(|one| one == byte)).collect();
    let bits: String = places?.iter().map(|place| format!("{place:06b}")).collect();
    let (bytes, spare) = bits.split_at(bits.len() / 8 * 8);
    let is_canonical = spare.len() < 6 && !spare.contains('1');
    is_canonical.then(|| bytes.as_bytes().chunks(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | (bit & 1))).collect())
}

/// Any plaintext comes back; it is a session where it has the one layout, at the right time.
fn plaintext(mut choices: Choices<'_>) {
    let (secret, now, plaintext) = (choices.below(2), choices.number(5), choices.0);
    let keyring = Keyring::new(&SECRETS[secret..=secret], "shop").expect("a keyring");
    let text = seal(&keyring, Purpose::Session, NAME, &[], plaintext, NONCE).expect("it seals");
    assert_eq!(open(&KEYRING, Purpose::Session, NAME, &[], &text), Ok((plaintext.to_vec(), secret)));
    let opened = SessionToken::open(&KEYRING, NAME, &text, now);
    assert_eq!(opened, read_plainly(plaintext, now).map(|token| (token, secret)));
    if let Ok((token, _)) = opened {
        assert_eq!(token.seal(&keyring, NAME, NONCE).map(Vec::from), Ok(text));
    }
}

fn read_plainly(plaintext: &[u8], now: u64) -> Result<SessionToken, Why> {
    let mut fields = Choices(plaintext);
    let (flags, issued, expires, id) = (fields.byte(), fields.number(5), fields.number(5), fields.bytes());
    if plaintext.len() != 27 || flags > 1 {
        return Err(Why::Malformed);
    }
    let expires = if expires == NEVER { None } else { Some(expires) };
    if issued > now + 60 || expires.is_some_and(|expires| expires <= now) {
        return Err(Why::Expired);
    }
    Ok(SessionToken { persistent: flags == 1, issued, expires, id: Id::from_bytes(id) })
}

/// A token with any byte replaced, added or taken out is worth nothing.
fn edited(mut choices: Choices<'_>) {
    let token = SessionToken { persistent: true, issued: 60, expires: None, id: Id::from_bytes([1; 16]) };
    let sealed = token.seal(&KEYRING, NAME, NONCE).expect("it seals").to_vec();
    let mut text = sealed.clone();
    while !choices.0.is_empty() {
        let (kind, at, byte) = (choices.below(3), choices.below(text.len().max(1)), choices.byte());
        match kind {
            0 if at < text.len() => text[at] = byte,
            1 if at < text.len() => drop(text.remove(at)),
            _ => text.insert(at, byte),
        }
    }
    let opened = SessionToken::open(&KEYRING, NAME, &text, 0);
    assert_eq!(opened.ok(), (text == sealed).then_some((token, 0)));
}
