//! A record's values, one entry a line, in ASCII.

use alloc::borrow::ToOwned;
#[cfg(feature = "json")]
use alloc::collections::BTreeMap;
use alloc::string::String;
#[cfg(feature = "json")]
use alloc::string::ToString;

#[cfg(feature = "json")]
use serde_json::Value;

use crate::changes;
use crate::error::Error;

/// Values without an entry.
pub(super) const EMPTY: &str = "{}";

/// Gives values with one entry a line: as they are, or written anew where somebody's editor laid them out otherwise.
pub(super) fn as_lines(values: &str) -> Result<String, Error> {
    if is_lines(values) {
        return Ok(values.to_owned());
    }
    #[cfg(feature = "json")]
    return relaid(values);
    #[cfg(not(feature = "json"))]
    Err(Error::RecordCorrupt)
}

/// Says whether each line is one entry.
pub(super) fn is_lines(values: &str) -> bool {
    changes::lines(values.as_bytes()).is_ok_and(|mut entries| entries.all(|entry| entry.is_ok()))
}

/// Escapes everything that is not ASCII, as a record is ASCII text.
pub(super) fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() { text.push(character) } else { push_units(character, &mut text) }
    }
    text
}

/// Appends a character as the UTF-16 units that JSON escapes.
pub(super) fn push_units(character: char, out: &mut String) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.push_str("\\u");
        for byte in unit.to_be_bytes() {
            for digit in [byte / 16, byte % 16] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
    }
}

/// Reads values with a real parser and writes them anew, one entry a line.
#[cfg(feature = "json")]
fn relaid(values: &str) -> Result<String, Error> {
    let object: BTreeMap<String, Value> = serde_json::from_str(values).map_err(|_| Error::RecordCorrupt)?;
    let mut text = String::from("{");
    for (key, value) in object {
        text.push_str(if text.len() == 1 { "\n" } else { ",\n" });
        text.push_str(&ascii(&Value::String(key).to_string()));
        text.push(':');
        text.push_str(&ascii(&value.to_string()));
    }
    text.push('}');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::as_lines;
    use crate::error::Error;

    #[test]
    fn one_entry_a_line_stays_as_it_is() {
        for values in ["{}", "{\n\"b\":1.50,\n\"a\":1e400}"] {
            assert_eq!(as_lines(values).as_deref(), Ok(values));
        }
        for values in ["", "null", "[]", "{\"a\":1", "{\n\"a\":nul}"] {
            assert_eq!(as_lines(values), Err(Error::RecordCorrupt), "{values}");
        }
    }
}
