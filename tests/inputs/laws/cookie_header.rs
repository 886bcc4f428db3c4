//! What a Cookie header holds, against a plain reading of it.

use std::cmp::Reverse;
use std::sync::LazyLock;

use edge_session::cookie::{Found, candidates, find};
use edge_session::id::Id;
use edge_session::keyring::Keyring;
use edge_session::token::SessionToken;

const NAME: &str = "__Host-session";
const NOW: u64 = 1_790_000_000;
const SECRETS: [&[u8]; 3] =
    [b"the new secret, 32 random bytes...", b"the old secret, 32 random bytes...", b"the secret of somebody else, 32 bytes"];

static KEYRING: LazyLock<Keyring> = LazyLock::new(|| Keyring::new(&SECRETS[..2], "shop").expect("a keyring"));

/// What the bytes from 0x80 on stand for: no fuzzer finds a token by itself.
static WORDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let sealed = |secret: usize, name: &str, id: u8, persistent: bool, issued: u64, expires: Option<u64>| {
        let keyring = Keyring::new(&SECRETS[secret..=secret], "shop").expect("a keyring");
        let token = SessionToken { persistent, issued, expires, id: Id::from_bytes([id; 16]) };
        token.seal(&keyring, name, [id; 24]).expect("it seals").to_vec()
    };
    vec![
        NAME.as_bytes().to_vec(),
        sealed(0, NAME, 1, false, NOW, None),
        sealed(0, NAME, 1, true, NOW, Some(NOW + 1)),
        sealed(0, NAME, 1, false, NOW - 9, None),
        sealed(1, NAME, 1, false, NOW + 9, None),
        sealed(1, NAME, 2, true, NOW, None),
        sealed(0, NAME, 2, false, NOW, None),
        sealed(0, NAME, 1, false, NOW, Some(NOW)),
        sealed(0, NAME, 1, false, NOW + 61, None),
        sealed(0, "session", 1, false, NOW, None),
        sealed(2, NAME, 1, false, NOW, None),
    ]
});

/// Finds in any header what a plain reading of the grammar finds.
pub fn law(input: &[u8]) {
    let header = expanded(input);
    let values = plainly(&header);
    let found: Vec<&[u8]> = candidates(&header, NAME.as_bytes()).collect();
    assert_eq!(found, values.iter().take(4).map(Vec::as_slice).collect::<Vec<_>>());
    assert_eq!(find(&KEYRING, NAME, &header, NOW), judged(&values));
}

fn expanded(input: &[u8]) -> Vec<u8> {
    let word = |byte: &u8| byte.checked_sub(0x80).and_then(|word| WORDS.get(usize::from(word)));
    input.iter().flat_map(|byte| word(byte).cloned().unwrap_or_else(|| vec![*byte])).collect()
}

/// The values of our name.
fn plainly(header: &[u8]) -> Vec<Vec<u8>> {
    plain_pairs(header).into_iter().filter(|(name, _)| name == NAME.as_bytes()).map(|(_, value)| value).collect()
}

/// Names and values of a header, read as characters.
pub(super) fn plain_pairs(header: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let text: String = header.iter().copied().map(char::from).collect();
    let trimmed = |part: &str| {
        let bytes = part.trim_matches([' ', '\t']).chars().map(u8::try_from);
        bytes.collect::<Result<Vec<u8>, _>>().expect("bytes")
    };
    text.split(';').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (trimmed(name), trimmed(value))).collect()
}

/// Opens each of four values by itself, then weighs what opened.
fn judged(values: &[Vec<u8>]) -> Found {
    let opened: Vec<_> = values.iter().take(4).map(|value| SessionToken::open(&KEYRING, NAME, value, NOW)).collect();
    let tokens: Vec<(SessionToken, usize)> = opened.iter().filter_map(|one| one.ok()).collect();
    match tokens.iter().min_by_key(|(token, secret)| (*secret, Reverse(token.issued))) {
        Some((best, _)) if values.len() > 4 || tokens.iter().any(|(token, _)| token.id != best.id) => Found::Ambiguous,
        Some((best, secret)) => Found::Token(*best, *secret),
        None => opened.first().and_then(|first| first.err()).map_or(Found::None, Found::Rejected),
    }
}
