//! Keys and values as they stand in a record.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::changes;
use crate::error::Error;
use crate::session::lines::{ascii, is_lines, push_units};

/// Keys that begin with it are ours (PROTOCOL 2).
const OURS: char = '\0';

/// The start of a value that is bytes.
const BYTES: &str = "{\"\\u0000b\":\"";

/// How deep a value may be nested.
const DEEPEST: usize = 64;

/// Writes a user's key as it stands in a record.
pub(super) fn key_text(key: &str) -> String {
    let mut text = String::with_capacity(key.len().saturating_add(2));
    text.push('"');
    if key.starts_with(OURS) {
        push_escaped(OURS, &mut text);
    }
    for character in key.chars() {
        push_escaped(character, &mut text);
    }
    text.push('"');
    text
}

/// Reads a user's key from a record; `None` for one of ours.
pub(super) fn key_of(text: &str) -> Option<String> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut units: Vec<u16> = Vec::new();
    while let Some(character) = rest.next() {
        let unescaped = if character == '\\' { rest.next()? } else { character };
        let meant = match unescaped {
            'u' if character == '\\' => {
                let digits: String = rest.by_ref().take(4).collect();
                units.push(u16::from_str_radix(&digits, 16).ok()?);
                continue;
            }
            'b' if character == '\\' => '\u{8}',
            'f' if character == '\\' => '\u{c}',
            'n' if character == '\\' => '\n',
            'r' if character == '\\' => '\r',
            't' if character == '\\' => '\t',
            other => other,
        };
        units.extend_from_slice(meant.encode_utf16(&mut [0; 2]));
    }
    let characters = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    let key: String = characters.collect();
    match key.strip_prefix(OURS) {
        None => Some(key),
        Some(user) => user.starts_with(OURS).then(|| user.to_owned()),
    }
}

/// Takes a value's JSON for a record: ASCII, without white space, as deep as allowed.
pub(super) fn value_text(json: &str) -> Result<String, Error> {
    let text = ascii(json);
    let entry = format!("{{\n\"\":{text}}}");
    // A line break would make two entries of it.
    let fits = !text.contains('\n') && is_lines(&entry) && depth(&text) <= DEEPEST;
    if fits { Ok(text) } else { Err(Error::ValueNotSerializable) }
}

/// Writes bytes as a value.
pub(super) fn bytes_text(bytes: &[u8]) -> String {
    let mut encoded = vec![0; Base64UrlUnpadded::encoded_len(bytes)];
    let encoded = Base64UrlUnpadded::encode(bytes, &mut encoded).unwrap_or_default();
    format!("{BYTES}{encoded}\"}}")
}

/// Reads bytes from a value; `None` where it is something else.
pub(super) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let encoded = text.strip_prefix(BYTES)?.strip_suffix("\"}")?;
    let mut bytes = encoded.as_bytes().to_vec();
    let length = Base64UrlUnpadded::decode(encoded, &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// Finds a key's value.
pub(super) fn find<'v>(values: &'v str, key: &str) -> Option<&'v str> {
    let inside = values.strip_suffix('}').unwrap_or_default();
    let value = inside.split('\n').skip(1).find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    // No value ends with a comma.
    Some(value.strip_suffix(',').unwrap_or(value))
}

/// Gives the keys, as text.
pub(super) fn key_texts(values: &str) -> impl Iterator<Item = &str> {
    let entries = changes::lines(values.as_bytes()).into_iter().flatten();
    entries.filter_map(|entry| core::str::from_utf8(entry.ok()?.0).ok())
}

/// Counts the levels of valid JSON.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Appends a character as JSON.stringify writes it inside quotes, in ASCII.
fn push_escaped(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        ' '..='\u{7f}' => out.push(character),
        _ => push_units(character, out),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes_of, bytes_text, find, key_of, key_text, key_texts, value_text};
    use crate::error::Error;

    #[test]
    fn every_key_comes_back_from_its_text() {
        for key in ["", "a", "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{7f}", "caf\u{e9} \u{1f36a}", "\0", "\0\0b", "\\u0041", "bfnrtu"] {
            assert_eq!(key_of(&key_text(key)).as_deref(), Some(key));
            assert!(key_text(key).is_ascii());
        }
    }

    #[test]
    fn keys_are_written_as_json_stringify_does() {
        assert_eq!(key_text("a\"\u{1}\u{7f}\u{e9}\u{1f36a}\n"), "\"a\\\"\\u0001\u{7f}\\u00e9\\ud83c\\udf6a\\n\"");
        assert_eq!(key_text("\0a"), "\"\\u0000\\u0000a\"");
    }

    #[test]
    fn our_own_keys_are_nobody_elses() {
        assert_eq!(key_of("\"\\u0000tmessage\""), None);
        assert_eq!(key_of("\"\\u0000\""), None);
    }

    #[test]
    fn bytes_come_back_from_their_text() {
        for length in 0..9_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(97)).collect();
            assert_eq!(bytes_of(&bytes_text(&bytes)), Some(bytes));
        }
        assert_eq!(bytes_text(&[0, 255]), "{\"\\u0000b\":\"AP8\"}");
        for other in ["[1]", "{\"\\u0000b\":\"A\"}", "{\"\\u0000b\":1}", "{\"\\u0000\\u0000b\":\"AP8\"}"] {
            assert_eq!(bytes_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_value_that_would_break_its_line_is_refused() {
        for json in ["", "1,\n\"b\":2", "1 ", " 1", "1}", "[1", "nul", "1,2", "\"\n\"", "{\"a\": 1}"] {
            assert_eq!(value_text(json), Err(Error::ValueNotSerializable), "{json}");
        }
        assert_eq!(value_text("\"\u{e9}\"").as_deref(), Ok("\"\\u00e9\""));
    }

    #[test]
    fn sixty_four_levels_fit_and_no_more() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(value_text(&nested(64)).is_ok());
        assert_eq!(value_text(&nested(65)), Err(Error::ValueNotSerializable));
        let brackets = format!("\"{}\\\"[\"", "[".repeat(100));
        assert!(value_text(&brackets).is_ok());
    }

    #[test]
    fn values_are_found_by_their_whole_key() {
        let values = "{\n\"ab\":1,\n\"a\":[2,3],\n\"c\":\",\"}";
        assert_eq!(find(values, "\"a\""), Some("[2,3]"));
        assert_eq!(find(values, "\"c\""), Some("\",\""));
        assert_eq!(find(values, "\"b\""), None);
        assert_eq!(find("{}", "\"a\""), None);
        assert_eq!(key_texts(values).collect::<Vec<_>>(), ["\"ab\"", "\"a\"", "\"c\""]);
    }
}
