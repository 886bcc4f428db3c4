//! Sealed texts: TempData, cookie sessions, forms, records.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::bindings::instance::{Instance, first, put};
use crate::bindings::{number, random, whole};
use crate::error::Error;
use crate::id::{Id, Mark};
use crate::lifecycle::state::Reader;
use crate::sealed::{self, Belongs, Fields, Whole};

/// Where an opened text begins in the scratch, behind its fields.
const TEXT: usize = 80;

#[wasm_bindgen]
impl Instance {
    /// Seals the text in the scratch; the result takes its place, and its length is given.
    ///
    /// In the scratch, one behind the other: a name, what is bound, the text. `purpose`: 0 TempData (the cookie's name;
    /// nothing), 1 a cookie session (the cookie's name; id and birth), 2 protected (the user's purpose; id and birth, or
    /// nothing), 3 a record (the store key; the header). Fields that a purpose lacks are not looked at; an end of infinity
    /// is never.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short, or the platform gave no randomness.
    /// - `invalid-options`: a time is no time, or a name is too long.
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "JavaScript passes numbers at no cost, and anything else at some")]
    pub fn seal_text(
        &self,
        core: usize,
        purpose: u32,
        name_length: usize,
        bound_length: usize,
        length: usize,
        issued: f64,
        expires: f64,
        persistent: bool,
        idle_end: f64,
        created: f64,
    ) -> i32 {
        self.call_core(core, |core, scratch| {
            let nonce = random()?;
            let (belongs, session, text) = divided(first(scratch, length)?, purpose, name_length, bound_length)?;
            let session =
                session.map(|(id, birth)| Whole { persistent, idle_end: end(idle_end), id, birth, created: whole(created) });
            let fields = Fields { issued: whole(issued), expires: end(expires), session };
            let sealed = sealed::seal(&core.keyring, belongs, &fields, text, nonce)?;
            put(scratch, 0, &sealed)?;
            Ok(sealed.len())
        })
    }

    /// Opens the text in the scratch, which lies there as for `seal_text`; to a cookie session nothing is bound.
    ///
    /// 1 opened, 2 malformed, 3 unknown key, 4 unauthentic, 5 expired. When opened, in the scratch: issued, expires, idle
    /// end (s, infinity: never) and created (ms) as numbers, persistent and the secret's place as bytes at 32 and 33, the
    /// text's length as a 4-byte number at 36, the id at 40, the birth at 62, the text at 80.
    ///
    /// # Errors
    ///
    /// - `core-failed`: the scratch is too short.
    #[must_use]
    pub fn open_text(&self, core: usize, purpose: u32, name_length: usize, bound_length: usize, length: usize, now: f64) -> i32 {
        self.call_core(core, |core, scratch| {
            let (belongs, _, token) = divided(first(scratch, length)?, purpose, name_length, bound_length)?;
            let opened = match sealed::open(&core.keyring, belongs, token, whole(now)) {
                Ok(opened) => opened,
                Err(why) => return Ok(2_usize.saturating_add(usize::from(why as u8))),
            };
            let Fields { issued, expires, session } = opened.fields;
            let text_length = u32::try_from(opened.text().len()).map_err(|_| Error::CoreFailed)?;
            let mut said = [0; TEXT];
            let numbers = [number(issued), infinite(expires), infinite(session.and_then(|session| session.idle_end))];
            for (number, place) in numbers.into_iter().zip(said.chunks_exact_mut(8)) {
                place.copy_from_slice(&number.to_le_bytes());
            }
            put(&mut said, 33, &[u8::try_from(opened.secret).unwrap_or(u8::MAX)])?;
            put(&mut said, 36, &text_length.to_le_bytes())?;
            if let Some(session) = session {
                put(&mut said, 24, &number(session.created).to_le_bytes())?;
                put(&mut said, 32, &[u8::from(session.persistent)])?;
                put(&mut said, 40, &session.id.to_text())?;
                put(&mut said, 62, session.birth.as_text())?;
            }
            put(scratch, 0, &said)?;
            put(scratch, TEXT, opened.text())?;
            Ok(1)
        })
    }
}

type Divided<'t> = (Belongs<'t>, Option<(Id, Mark)>, &'t [u8]);

/// Divides what JavaScript put into the scratch.
fn divided(text: &[u8], purpose: u32, name_length: usize, bound_length: usize) -> Result<Divided<'_>, Error> {
    let (name, rest) = text.split_at_checked(name_length).ok_or(Error::CoreFailed)?;
    let (bound, text) = rest.split_at_checked(bound_length).ok_or(Error::CoreFailed)?;
    let mut given = Reader(bound);
    let session = if purpose == 3 || bound.is_empty() { None } else { Some((given.id()?, given.mark()?)) };
    let belongs = match purpose {
        0 => Belongs::TempData(name),
        1 => Belongs::CookieSession(name),
        2 => Belongs::Protected(name, session),
        _ => Belongs::Record(name, bound),
    };
    Ok((belongs, session, text))
}

fn end(seconds: f64) -> Option<u64> {
    (seconds != f64::INFINITY).then(|| whole(seconds))
}

fn infinite(end: Option<u64>) -> f64 {
    end.map_or(f64::INFINITY, number)
}
