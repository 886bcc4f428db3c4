//! Headers of records: of any text, and of any fields.

use edge_session::error::Error;
use edge_session::id::{Id, Mark};
use edge_session::record::{Header, Kind, LONGEST_HEADER, Standing, seconds_to_live};

use super::choices::Choices;

/// What 15 decimal digits hold, and one more.
const PAST_LAST_NUMBER: u64 = 1_000_000_000_000_000;

/// Reads exactly what is written, and judges it by its deadline.
pub fn law(input: &[u8]) {
    let mut choices = Choices(input);
    let header = if choices.bit() { made(&mut choices) } else { read(choices.until_zero()) };
    let Some(header) = header else { return };
    let mut text = Vec::new();
    header.write(&mut text);
    assert!(text.is_ascii() && text.len() <= LONGEST_HEADER && text[3..19] == *header.revision.as_text());
    let length = text.len();
    text.extend_from_slice(choices.0);
    assert_eq!(Header::parse(&text), Ok((header, length)), "what follows a header says nothing about it");
    for now in [choices.number(6), header.deadline.unwrap_or(0), header.deadline.map_or(0, |deadline| deadline + 59)] {
        judge(&header, now, choices.number(5));
    }
}

/// A text that is read is written again to the letter; else the first field says which error it is.
fn read(text: &[u8]) -> Option<Header> {
    match Header::parse(text) {
        Ok((header, at)) => {
            let mut written = Vec::new();
            header.write(&mut written);
            // A sealed record has the header of one in clear, but for its second character.
            if text.starts_with(b"1s") {
                written[1] = b's';
            }
            assert_eq!(written, text[..at]);
            Some(header)
        }
        Err(error) => {
            let first = text.split(|&byte| byte == b'.').next().unwrap_or_default();
            let (version, kind) = first.split_at(first.len().saturating_sub(1));
            let ours = matches!(first, b"1j" | b"1s" | b"1m" | b"1d");
            let foreign = !version.is_empty() && version.iter().all(u8::is_ascii_digit) && kind[0].is_ascii_lowercase();
            let ends = first.len() < text.len() && first.len() < LONGEST_HEADER;
            assert_eq!(error == Error::RecordUnsupported, foreign && !ours && ends);
            None
        }
    }
}

fn made(choices: &mut Choices<'_>) -> Option<Header> {
    let kind = match choices.below(3) {
        0 => Kind::Data { created: choices.number(7) % PAST_LAST_NUMBER },
        1 => Kind::Forwarding { target: Id::from_bytes(choices.bytes()) },
        _ => Kind::Tombstone,
    };
    let (revision, birth) = (Mark::from_bits(choices.bytes()), Mark::from_bits(choices.bytes()));
    let previous = choices.bit().then(|| Mark::from_bits(choices.bytes()));
    let endless = matches!(kind, Kind::Data { .. }) && choices.bit();
    let deadline = (!endless).then(|| choices.number(7) % PAST_LAST_NUMBER);
    Some(Header { kind, revision, birth, previous, deadline })
}

/// PROTOCOL 2 and 4, word for word.
fn judge(header: &Header, now: u64, idle: u64) {
    let ended = header.deadline.is_some_and(|deadline| deadline <= now);
    let ended_a_minute_ago = header.deadline.is_some_and(|deadline| deadline + 60 <= now);
    for has_values in [false, true] {
        let expected = match header.kind {
            Kind::Tombstone => Standing::Dead,
            Kind::Data { .. } if ended => Standing::Expired,
            Kind::Data { .. } => Standing::Live,
            Kind::Forwarding { .. } if ended_a_minute_ago => Standing::Dead,
            Kind::Forwarding { .. } if ended || !has_values => Standing::Forwarded,
            Kind::Forwarding { .. } => Standing::Graced,
        };
        assert_eq!(header.standing(has_values, now), expected);
    }
    let lives = seconds_to_live(idle, header.deadline, now);
    assert!(lives <= idle);
    assert_eq!(lives == 0, ended || idle == 0);
    assert!(header.deadline.is_none_or(|deadline| lives == idle || now + lives == deadline.max(now)));
}
