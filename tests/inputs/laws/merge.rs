//! Changes made to values, against a parser and a plain list.

use std::collections::BTreeMap;

use edge_session::changes::{Change, Changes, lines};
use edge_session::error::Error;
use serde_json::Value;

use super::choices::Choices;

type Entry = (Vec<u8>, Vec<u8>);

const KEYS: [&str; 8] = ["a", "ab", "", "\0t", "\"", "caf\u{e9}", "\u{1f36a}\u{7f}", "\\n\n"];

/// Merges as the list says, refuses whole what has not the layout, and leaves what a parser reads.
pub fn law(input: &[u8]) {
    let mut choices = Choices(input);
    if choices.bit() { made(choices) } else { read(choices) }
}

/// Any text as values, any text as changes.
fn read(mut choices: Choices<'_>) {
    let (values, changes) = (choices.until_zero(), choices.0);
    let Some(changes) = Changes::parse(changes) else { return };
    let entries = entries_of(values);
    if let Ok(entries) = &entries {
        assert_eq!(written(entries), values, "a text that is read is written again to the letter");
        let keys = entries.iter().filter_map(|(key, _)| Some((key, serde_json::from_slice::<Value>(key).ok()?)));
        keys.for_each(|(key, read)| assert_eq!(*key, ascii(&read), "a key has one spelling"));
    }
    let mut out = Vec::new();
    let merged = changes.merge(values, &mut out);
    assert_eq!(merged.is_ok(), entries.is_ok());
    if merged.is_ok() && can_be_ours(&changes) {
        check(&entries.unwrap_or_default(), &changes, &out);
    }
}

/// Values and changes as a worker makes them.
fn made(mut choices: Choices<'_>) {
    let mut entries: Vec<Entry> = Vec::new();
    for _ in 0..choices.below(5) {
        let entry = (quoted(choices.below(KEYS.len())), value(&mut choices));
        if entries.iter().all(|(key, _)| *key != entry.0) {
            entries.push(entry);
        }
    }
    let mut text = if choices.bit() { b"!".to_vec() } else { Vec::new() };
    for key in 0..KEYS.len() {
        match choices.below(3) {
            0 => text.extend([b"\n-", quoted(key).as_slice()].concat()),
            1 => text.extend([b"\n+", quoted(key).as_slice(), b":", &value(&mut choices)].concat()),
            _ => {}
        }
    }
    let values = written(&entries);
    assert_eq!(entries_of(&values).as_ref(), Ok(&entries));
    let changes = Changes::parse(&text).expect("changes");
    let mut out = b"before".to_vec();
    changes.merge(&values, &mut out).expect("values that merge");
    check(&entries, &changes, out.strip_prefix(b"before").expect("what was there"));
}

fn check(entries: &[Entry], changes: &Changes<'_>, out: &[u8]) {
    let expected = listed(entries, changes);
    assert_eq!(entries_of(out).as_ref(), Ok(&expected));
    let mut again = Vec::new();
    Changes::default().merge(out, &mut again).expect("what was merged merges");
    assert_eq!(again, out);
    let parsed = [entries, &expected].map(|entries| serde_json::from_slice::<BTreeMap<String, Value>>(&written(entries)));
    match parsed {
        [Ok(before), Ok(after)] => assert_eq!(after, mapped(before, changes)),
        // The parser has no lone surrogates and no numbers past 1.8e308; both are JSON (RFC 8259).
        _ => assert!(out.windows(2).any(|two| two == b"\\u") || written(entries).len() > 300 || has_exponent(entries, &expected)),
    }
}

/// The list after the changes: what stays keeps its place, what is new comes last; clearing leaves TempData.
fn listed(entries: &[Entry], changes: &Changes<'_>) -> Vec<Entry> {
    let is_left = |(key, _): &&Entry| !changes.clears || key.starts_with(br#""\u0000t"#);
    let mut list: Vec<Entry> = entries.iter().filter(is_left).cloned().collect();
    for Change { key, value } in &changes.changes {
        let is_there = list.iter().any(|(name, _)| name == key);
        match value {
            None => list.retain(|(name, _)| name != key),
            Some(value) if is_there => list.iter_mut().filter(|(name, _)| name == key).for_each(|(_, old)| *old = value.to_vec()),
            Some(value) => list.push((key.to_vec(), value.to_vec())),
        }
    }
    list
}

/// The same, of what a parser reads.
fn mapped(mut map: BTreeMap<String, Value>, changes: &Changes<'_>) -> BTreeMap<String, Value> {
    if changes.clears {
        map.retain(|key, _| key.starts_with("\0t"));
    }
    for Change { key, value } in &changes.changes {
        // A key that no parser reads is in no map; it can only be deleted.
        let Ok(key) = serde_json::from_slice::<String>(key) else { continue };
        match value {
            None => drop(map.remove(&key)),
            Some(value) => drop(map.insert(key, serde_json::from_slice(value).expect("a value"))),
        }
    }
    map
}

fn entries_of(values: &[u8]) -> Result<Vec<Entry>, Error> {
    lines(values)?.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
}

fn written(entries: &[Entry]) -> Vec<u8> {
    let lines: Vec<Vec<u8>> = entries.iter().map(|(key, value)| [b"\n", key.as_slice(), b":", value].concat()).collect();
    [b"{", lines.join(&b',').as_slice(), b"}"].concat()
}

/// Whether a worker could have sent them: keys once and in their one spelling, values that are JSON.
fn can_be_ours(changes: &Changes<'_>) -> bool {
    let is_entry = |change: &Change<'_>| {
        let line = [b"{\n", change.key, b":", change.value.unwrap_or(b"0"), b"}"].concat();
        entries_of(&line).is_ok_and(|entries| entries.len() == 1)
    };
    let keys: Vec<&[u8]> = changes.changes.iter().map(|change| change.key).collect();
    changes.changes.iter().all(is_entry) && keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key))
}

fn has_exponent(entries: &[Entry], after: &[Entry]) -> bool {
    entries.iter().chain(after).any(|(_, value)| value.iter().any(|byte| matches!(byte, b'e' | b'E')))
}

fn quoted(key: usize) -> Vec<u8> {
    ascii(&Value::from(KEYS[key]))
}

/// JSON in ASCII, as a worker writes it.
fn ascii(value: &Value) -> Vec<u8> {
    let escaped = |unit: u16| if unit < 0x80 { char::from(unit.to_le_bytes()[0]).to_string() } else { format!("\\u{unit:04x}") };
    value.to_string().encode_utf16().map(escaped).collect::<String>().into_bytes()
}

fn value(choices: &mut Choices<'_>) -> Vec<u8> {
    ascii(&any_value(choices, 3))
}

fn any_value(choices: &mut Choices<'_>, depth: usize) -> Value {
    match choices.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => Value::Bool(choices.bit()),
        2 => Value::from(i64::from_be_bytes(choices.bytes())),
        3 => Value::from(f64::from_be_bytes(choices.bytes())),
        4 => Value::from(choices.text(2)),
        5 => (0..choices.below(3)).map(|_| any_value(choices, depth - 1)).collect(),
        _ => (0..choices.below(3)).map(|_| (choices.text(2), any_value(choices, depth - 1))).collect(),
    }
}
