//! What a request did to its values, and its replay.
//!
//! A record's values are a JSON object with one entry a line: `{`, then for each entry a newline, the key as JSON, `:`,
//! the value as JSON, entries joined by `,`, then `}`. JSON text never holds a raw newline, so entries are found and
//! merged by lines. Changes cross as text too, one a line: `!` clears, `+"key":value` sets, `-"key"` deletes.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::Error;
use crate::text::append;

/// How deep a stored value may be nested (SEC-44).
const DEEPEST: usize = 127;

/// How the keys of TempData begin, which a user's `clear` leaves.
const TEMP_DATA: &[u8] = br#""\u0000t"#;

/// What happened to one key, whatever came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'c> {
    /// The key as JSON text, quotes included.
    pub key: &'c [u8],
    /// The new value as JSON text; `None` deletes.
    pub value: Option<&'c [u8]>,
}

/// The changes of a request, each key at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes<'c> {
    /// Whether everything that is stored goes first, but for TempData.
    pub clears: bool,
    /// What then happens to single keys, in the order of their first change.
    pub changes: Vec<Change<'c>>,
}

impl<'c> Changes<'c> {
    /// Reads changes from their text; `None` when it is not as this module says.
    #[must_use]
    pub fn parse(text: &'c [u8]) -> Option<Changes<'c>> {
        let mut changes = Changes::default();
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let (&what, rest) = line.split_first()?;
            match what {
                b'!' if rest.is_empty() => changes.clears = true,
                b'+' => {
                    let (key, value) = split_entry(rest)?;
                    changes.changes.push(Change { key, value: Some(value) });
                }
                b'-' => changes.changes.push(Change { key: rest, value: None }),
                _ => return None,
            }
        }
        Some(changes)
    }

    /// Appends the values that follow when the changes are made to `values`.
    ///
    /// Entries that did not change keep their place and their bytes; new ones come last.
    ///
    /// # Errors
    ///
    /// - `RecordCorrupt`: `values` is not an object with one valid entry a line, in ASCII.
    pub fn merge(&self, values: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        out.push(b'{');
        let start = out.len();
        let mut kept = vec![false; self.changes.len()];
        for line in lines(values)? {
            let (key, value) = line?;
            if self.clears && !key.starts_with(TEMP_DATA) {
                continue;
            }
            let change = self.changes.iter().zip(kept.iter_mut()).find(|(change, _)| change.key == key);
            match change {
                None => push_entry(key, value, start, out),
                Some((Change { value: Some(value), .. }, kept)) => {
                    *kept = true;
                    push_entry(key, value, start, out);
                }
                Some((Change { value: None, .. }, _)) => {}
            }
        }
        for (change, kept) in self.changes.iter().zip(kept) {
            if let (Some(value), false) = (change.value, kept) {
                push_entry(change.key, value, start, out);
            }
        }
        out.push(b'}');
        Ok(())
    }
}

/// Gives the entries of a record's values, each checked: key and value as JSON text.
///
/// # Errors
///
/// - `RecordCorrupt`: the text is not an object with one entry a line; so does each entry that is not valid JSON.
#[allow(clippy::type_complexity)]
pub fn lines(values: &[u8]) -> Result<impl Iterator<Item = Result<(&[u8], &[u8]), Error>>, Error> {
    let mut rest = values.strip_prefix(b"{").ok_or(Error::RecordCorrupt)?;
    if rest != b"}" && !rest.starts_with(b"\n") {
        return Err(Error::RecordCorrupt);
    }
    Ok(core::iter::from_fn(move || {
        if rest == b"}" {
            return None;
        }
        let read = read_entry(rest);
        rest = read.map_or(b"}", |(_, after)| after);
        Some(read.map(|(entry, _)| entry).ok_or(Error::RecordCorrupt))
    }))
}

type Entry<'t> = (&'t [u8], &'t [u8]);

/// Reads the entry on the line that begins here; behind it is the next line, or the closing brace.
fn read_entry(text: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let (key, value) = split_entry(text.strip_prefix(b"\n")?)?;
    let (value, rest) = value.split_at_checked(value_end(value, 0, DEEPEST)?)?;
    let rest = if rest == b"}" { rest } else { rest.strip_prefix(b",").filter(|next| next.starts_with(b"\n"))? };
    is_canonical_key(key).then_some(((key, value), rest))
}

/// Splits `"key":value` behind the key's closing quote.
fn split_entry(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = string_end(line, 0)?;
    let (key, rest) = line.split_at_checked(end)?;
    Some((key, rest.strip_prefix(b":")?))
}

/// Appends one entry, with what stands before it.
fn push_entry(key: &[u8], value: &[u8], start: usize, out: &mut Vec<u8>) {
    append(out, if out.len() == start { b"\n" } else { b",\n" });
    append(out, key);
    append(out, b":");
    append(out, value);
}

/// Says whether a key is written as we write it: nothing is escaped that need not be, and nothing left that must be.
fn is_canonical_key(key: &[u8]) -> bool {
    let mut rest = key;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        let escaped = rest.get(at.saturating_add(1)..).unwrap_or_default();
        let length = match escaped {
            [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 1,
            [b'u', a, b, c, d, ..] => {
                let digits = [*a, *b, *c, *d];
                let upper_case = digits.iter().any(u8::is_ascii_uppercase);
                let printable = matches!(digits, [b'0', b'0', b'2'..=b'7', _]);
                let short = matches!(&digits, b"0008" | b"0009" | b"000a" | b"000c" | b"000d");
                if upper_case || printable || short {
                    return false;
                }
                5
            }
            _ => return false,
        };
        rest = escaped.get(length..).unwrap_or_default();
    }
    true
}

/// Finds the end of the JSON value that begins at `at`: in ASCII, and without white space outside its strings.
fn value_end(text: &[u8], at: usize, depth: usize) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    match *text.get(at)? {
        b'"' => string_end(text, at),
        b'{' => members_end(text, at, b'}', |at| {
            let colon = string_end(text, at)?;
            (text.get(colon) == Some(&b':')).then_some(())?;
            value_end(text, colon.checked_add(1)?, depth)
        }),
        b'[' => members_end(text, at, b']', |at| value_end(text, at, depth)),
        b't' => word_end(text, at, b"true"),
        b'f' => word_end(text, at, b"false"),
        b'n' => word_end(text, at, b"null"),
        _ => number_end(text, at),
    }
}

/// Finds the end of an object or array whose members `member` measures.
fn members_end(text: &[u8], at: usize, close: u8, member: impl Fn(usize) -> Option<usize>) -> Option<usize> {
    let mut at = at.checked_add(1)?;
    if *text.get(at)? == close {
        return at.checked_add(1);
    }
    loop {
        at = member(at)?;
        match *text.get(at)? {
            b',' => at = at.checked_add(1)?,
            byte if byte == close => return at.checked_add(1),
            _ => return None,
        }
    }
}

/// Finds the end of a string, behind its closing quote.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut rest = text.get(at..)?.strip_prefix(b"\"")?;
    loop {
        let plain = plain_length(rest);
        rest = match rest.get(plain..)? {
            [b'"', rest @ ..] => return text.len().checked_sub(rest.len()),
            [b'\\', b'u', a, b, c, d, rest @ ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => rest,
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => rest,
            _ => return None,
        };
    }
}

/// Counts the characters at the start that stand for themselves in a string of ours.
fn plain_length(text: &[u8]) -> usize {
    let (eights, tail) = text.as_chunks::<8>();
    let mut length = 0_usize;
    for eight in eights {
        let others = not_plain(u64::from_le_bytes(*eight));
        if others != 0 {
            return length.saturating_add(others.trailing_zeros().div_euclid(8) as usize);
        }
        length = length.saturating_add(8);
    }
    length.saturating_add(tail.iter().take_while(|&&byte| is_plain(byte)).count())
}

/// Says whether a character stands for itself in a string of ours: ASCII, no control, quote or backslash.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=0x7f)
}

/// Marks the first of eight characters that is not plain by its high bit; what stands behind it counts for nothing.
const fn not_plain(eight: u64) -> u64 {
    const fn each(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    // A byte's high bit turns on where it is a control character, the quote, the backslash, or beyond ASCII; a
    // subtraction borrows from the bytes behind such a one only.
    let control = eight.wrapping_sub(each(0x20));
    let quote = (eight ^ each(b'"')).wrapping_sub(each(1));
    let backslash = (eight ^ each(b'\\')).wrapping_sub(each(1));
    (control | quote | backslash | eight) & each(0x80)
}

/// Finds the end of a literal.
fn word_end(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let end = at.checked_add(word.len())?;
    (text.get(at..end)? == word).then_some(end)
}

/// Finds the end of a number (RFC 8259, section 6).
fn number_end(text: &[u8], at: usize) -> Option<usize> {
    let digits = |at: usize| {
        let count = text.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count > 0).then(|| at.checked_add(count)).flatten()
    };
    let is = |at: usize, allowed: &[u8]| text.get(at).is_some_and(|byte| allowed.iter().any(|allowed| allowed == byte));
    let after = |at: usize, allowed: &[u8]| {
        if is(at, allowed) { at.checked_add(1) } else { Some(at) }
    };
    let whole = after(at, b"-")?;
    let mut end = if is(whole, b"0") { whole.checked_add(1)? } else { digits(whole)? };
    if is(end, b".") {
        end = digits(end.checked_add(1)?)?;
    }
    if is(end, b"eE") {
        end = digits(after(end.checked_add(1)?, b"+-")?)?;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(values: &str, changes: &str) -> Result<String, Error> {
        let mut out = Vec::new();
        Changes::parse(changes.as_bytes()).unwrap().merge(values.as_bytes(), &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn a_changed_key_keeps_its_place_and_a_new_one_comes_last() {
        let values = "{\n\"a\":1,\n\"b\":[2,3]}";
        assert_eq!(merged(values, "+\"a\":9\n+\"c\":{\"x\":null}").unwrap(), "{\n\"a\":9,\n\"b\":[2,3],\n\"c\":{\"x\":null}}");
    }

    #[test]
    fn nothing_changed_gives_the_same_bytes() {
        for values in ["{}", "{\n\"a\":1}", "{\n\"a\\\"b\":\"x,\\n\",\n\"\":-0.5e+3}"] {
            assert_eq!(merged(values, "").unwrap(), values);
        }
    }

    #[test]
    fn deleting_the_last_key_leaves_the_empty_object() {
        assert_eq!(merged("{\n\"a\":1}", "-\"a\"").unwrap(), "{}");
        assert_eq!(merged("{}", "-\"a\"").unwrap(), "{}");
    }

    #[test]
    fn clearing_drops_what_was_there_and_keeps_what_came_after() {
        assert_eq!(merged("{\n\"a\":1,\n\"b\":2}", "!\n+\"b\":3").unwrap(), "{\n\"b\":3}");
    }

    #[test]
    fn clearing_leaves_temp_data() {
        let values = r#"{
"a":1,
"\u0000tnotice":"x",
"\u0000\u0000t":2}"#;
        assert_eq!(merged(values, "!\n+\"b\":3").unwrap(), "{\n\"\\u0000tnotice\":\"x\",\n\"b\":3}");
        assert_eq!(merged("{\"a\":1}", "!"), Err(Error::RecordCorrupt));
    }

    #[test]
    fn a_key_that_is_a_prefix_of_another_is_another() {
        assert_eq!(merged("{\n\"ab\":1,\n\"a\":2}", "-\"a\"").unwrap(), "{\n\"ab\":1}");
    }

    #[test]
    fn values_of_another_layout_are_not_merged() {
        for values in [
            "",
            "{",
            "}",
            "{\"a\":1}",
            "{\n\"a\": 1}",
            "{\n \"a\":1}",
            "{\n\"a\":1,}",
            "{\n\"a\":1\n}",
            "{\n\"a\":1,\n}",
            "[\n1]",
            "{\n\"a\":1,\n\"b\"}",
            "{\n\"a\":}",
            "{\n\"a\":{\"b\":1,\n\"c\":2}}",
            "{\n\"\\u0061\":1}",
            "{\n\"\\u00E9\":1}",
            "{\n\"\\/\":1}",
            "{\n\"\\u000a\":1}",
            "{\n\"a\":1} ",
            "{\n\"é\":1}",
            "{\n\"a\":\"é\"}",
        ] {
            assert_eq!(merged(values, ""), Err(Error::RecordCorrupt), "{values:?}");
        }
    }

    #[test]
    fn a_damaged_value_is_never_written_back() {
        for value in [
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "nul",
            "tru",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "[1,]",
            "[1",
            "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}",
            "1 ",
            "--1",
            "\"\t\"",
        ] {
            assert_eq!(merged(&format!("{{\n\"k\":{value}}}"), ""), Err(Error::RecordCorrupt), "{value}");
        }
    }

    #[test]
    fn every_kind_of_value_passes() {
        for value in [
            "0",
            "-0",
            "10.25",
            "1e5",
            "1E-5",
            "null",
            "true",
            "false",
            "\"\"",
            "\"\\u0000\\\\\\\"\\/\"",
            "[]",
            "{}",
            "[[],{}]",
            "{\"a\":{\"b\":[1,2]},\"c\":\"d\"}",
            "\"\x7f\"",
        ] {
            let values = format!("{{\n\"k\":{value}}}");
            assert_eq!(merged(&values, "").unwrap(), values);
        }
    }

    #[test]
    fn a_string_ends_at_the_same_place_whatever_stands_before() {
        for byte in 0..=255_u8 {
            for before in 0..=17 {
                let mut text = vec![b'x'; before];
                text.push(byte);
                text.extend_from_slice(b"xxxxxxxxx\"");
                let plain = text.iter().take_while(|&&byte| is_plain(byte)).count();
                assert_eq!(plain_length(&text), plain, "{byte:#x} behind {before}");
            }
        }
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        let nested = |depth: usize| format!("{{\n\"k\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(merged(&nested(100), "").is_ok());
        assert_eq!(merged(&nested(100_000), ""), Err(Error::RecordCorrupt));
    }

    #[test]
    fn changes_that_are_no_changes_are_refused() {
        for text in ["x", "+a:1", "+\"a\"", "!1", "+\"a:1"] {
            assert_eq!(Changes::parse(text.as_bytes()), None, "{text}");
        }
    }
}
