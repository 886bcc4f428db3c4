//! Values over several cookies, through a browser and back.

use std::collections::BTreeMap;

use edge_session::chunks::{MAX_LINE, MAX_TOTAL, Seen, find, lines};
use edge_session::cookie::{CookieOptions, Lifetime};
use edge_session::error::Error;

use super::choices::Choices;
use super::cookie_header::plain_pairs;
use super::set_cookie::parse;

const NAME: &[u8] = b"n";
const MARKER: &[u8] = b"chunks-";

/// Finds what a plain reading finds, and what was written: all of it or nothing.
pub fn law(input: &[u8]) {
    let mut choices = Choices(input);
    if choices.bit() { written(choices) } else { read(choices.0) }
}

/// Any header, against a reading of its pairs as a list.
fn read(header: &[u8]) {
    let pairs = plain_pairs(header);
    let all = |name: &[u8]| pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect::<Vec<_>>();
    let pieces: Vec<Vec<Vec<u8>>> = (1..=10).map(|number| all(format!("n-{number}").as_bytes())).collect();
    let mut bits = u16::from(!all(NAME).is_empty()) | u16::from(all(NAME).len() > 4) << 11;
    for (number, values) in pieces.iter().enumerate() {
        bits |= u16::from(!values.is_empty()) << (number + 1);
    }
    let whole = |value: Vec<u8>| match value.strip_prefix(MARKER) {
        None => Some(vec![value]),
        Some(count) => {
            let count = (2..=10).find(|number: &usize| number.to_string().as_bytes() == count)?;
            pieces[..count].iter().map(|values| values.iter().find(|value| !value.is_empty()).cloned()).collect()
        }
    };
    let fits = |parts: &Vec<Vec<u8>>| parts.iter().all(|part| !part.is_empty() && part.len() <= MAX_LINE);
    let values = all(NAME).into_iter().take(4).filter_map(whole).filter(fits);
    let expected: Vec<u8> = values.flat_map(|parts| [parts.concat(), b";".to_vec()].concat()).collect();
    assert_eq!(found(header, NAME), (expected, Seen(bits)));
}

/// Any value, set by a browser that has any of its cookies from before.
fn written(mut choices: Choices<'_>) {
    let (bits, flags, now, life) = (choices.number(2), choices.byte(), choices.number(5), 1 + u64::from(choices.byte()));
    let (name, path, value) = (choices.text(6), choices.text(8), choices.text(12));
    let cookie = CookieOptions { path, domain: (flags & 1 == 1).then(|| choices.text(8)), ..CookieOptions::default() };
    let lifetime = if flags & 2 == 2 { Lifetime::Seconds(life) } else { Lifetime::BrowserSession };
    let seen = Seen(u16::try_from(bits & 0x7ff).expect("eleven bits"));
    let mut jar: BTreeMap<String, String> =
        (0..=10).filter(|number| bits >> number & 1 == 1).map(|number| (named(&name, number), "old".into())).collect();
    match lines(&cookie, &name, &value, seen, lifetime, now) {
        Err(Error::CookieTooLarge) => {
            let attributes = cookie.path.len() + cookie.domain.as_ref().map_or(0, String::len);
            assert!(12 * (name.len() + 8) + value.len() > MAX_TOTAL || name.len() + attributes > 1024);
        }
        Err(error) => {
            assert_eq!(error, Error::InvalidOptions);
            assert!(
                !cookie.line("", lifetime, now).is_ok_and(|_| is_sayable(&name) && is_sayable(&value))
                    || value.as_bytes().starts_with(MARKER)
            );
        }
        Ok(lines) => {
            for line in lines.split('\n').filter(|line| !line.is_empty()) {
                assert!(line.len() <= MAX_LINE);
                keep(&mut jar, line);
            }
            let header = jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
            assert!(header.len() <= MAX_TOTAL || value.is_empty());
            let expected = if value.is_empty() { String::new() } else { format!("{value};") };
            let (values, left) = found(header.as_bytes(), name.as_bytes());
            assert_eq!(values, expected.as_bytes());
            assert_eq!(left.0.count_ones() as usize, jar.len(), "every cookie that is left belongs to the value");
            assert!(jar.values().all(|value| value != "old") || value == "old");
        }
    }
}

fn named(name: &str, number: u64) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}-{number}") }
}

/// Does with a line what a browser does.
fn keep(jar: &mut BTreeMap<String, String>, line: &str) {
    let parts = parse(line);
    let (name, value) = parts[0].clone();
    if parts.iter().any(|(name, value)| name == "max-age" && value == "0") {
        jar.remove(&name);
    } else {
        jar.insert(name, value);
    }
}

fn found(header: &[u8], name: &[u8]) -> (Vec<u8>, Seen) {
    let mut values = Vec::new();
    let seen = find(header, name, &mut values);
    (values, seen)
}

/// Whether a cookie may hold it, as name and as value: stricter than either.
fn is_sayable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
