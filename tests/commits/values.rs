//! What handlers change, made to values by the real merge.

use edge_session::changes::{Changes, lines};

/// One change of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `set(key, value)`; the value as JSON.
    Set(&'static str, &'static str),
    /// `update(key, (number = 0) => number + 1)`.
    Increment(&'static str),
    /// `clear()`.
    Clear,
}

/// Gives a value as JSON.
pub fn value(values: &[u8], key: &str) -> Option<String> {
    let mut entries = lines(values).expect("an object").map(|entry| entry.expect("an entry"));
    let quoted = format!("\"{key}\"");
    entries.find(|(name, _)| *name == quoted.as_bytes()).map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

/// Gives a value as a number, 0 where there is none.
pub fn number(values: &[u8], key: &str) -> usize {
    value(values, key).map_or(0, |text| text.parse().expect("a number"))
}

/// Makes changes to values, each `update` computed anew.
pub fn changed(values: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut now = values.to_vec();
    for change in changes {
        let text = match change {
            Change::Set(key, value) => format!("+\"{key}\":{value}"),
            Change::Increment(key) => format!("+\"{key}\":{}", number(&now, key) + 1),
            Change::Clear => "!".into(),
        };
        let mut next = Vec::new();
        Changes::parse(text.as_bytes()).expect("changes").merge(&now, &mut next).expect("values that merge");
        now = next;
    }
    now
}
