//! A core, its settings, and the texts that a test gives it.

use crate::door::{Door, result};

// Stored or sent by release 0.1: they never change.
pub const SECRET: &str = "correct horse battery staple 0123456789";
pub const PERSISTENT: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcayXl-eR9EiaPFe-oUv3zvKdOKvFWLS2xCDZNzaPl3nCxjzEDsD0MBAtI9";
pub const ENDLESS: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcbyXl-eR-7HO63hOoUv3zvKdOKvFWLS2xCDZMOsK-48TNAqbi3SpyeD5n7";
pub const DATA: &str = "1j.DA0ODxAREhMUFRYX.AAECAwQFBgcICQoL.-.1790000000000.1790086400.{\n\"seen\":1,\n\"user\":{\"id\":7}}";
pub const FORWARDING: &str =
    "1m.DA0ODxAREhMUFRYX.AAECAwQFBgcICQoL.GBkaGxwdHh8gISIj.EBESExQVFhcYGRobHB0eHw.1790000030.{\n\"seen\":1}";
pub const TOMBSTONE: &str = "1d.DA0ODxAREhMUFRYX.AAECAwQFBgcICQoL.-.-.1790000000.{}";

/// Everything of `DATA` but its values.
pub const SEEN: &str = "1j.DA0ODxAREhMUFRYX.AAECAwQFBgcICQoL.-.1790000000000.1790086400.";
/// The values of `DATA`.
pub const VALUES: &str = "{\n\"seen\":1,\n\"user\":{\"id\":7}}";

pub const ID: &str = "8PHy8_T19vf4-fr7_P3-_w";
pub const NEXT_ID: &str = "EBESExQVFhcYGRobHB0eHw";
pub const REVISION: &str = "DA0ODxAREhMUFRYX";
pub const BIRTH: &str = "AAECAwQFBgcICQoL";
pub const NEXT_BIRTH: &str = "GBkaGxwdHh8gISIj";

/// When `DATA` was created, in seconds.
pub const ISSUED: f64 = 1_790_000_000.0;
/// A while later, in milliseconds.
pub const NOW_MS: f64 = 1_790_000_100_123.0;

/// What stands for no number.
pub const NONE: u64 = u64::MAX;

/// Settings that leave everything out.
pub const USUAL: Settings<'_> = Settings {
    application_name: b"edge-session",
    cookie_name: "__Host-session",
    path: "/",
    domain: "",
    same_site: "lax",
    flags: "sh",
    limits: [NONE, 1200, 86_400, 65_536],
    secrets: &[SECRET],
};

/// Gives an instance with a core of them, and its number.
pub fn ready() -> (Door, usize) {
    let door = Door::new();
    let core = USUAL.core(&door).expect("a core");
    (door, core)
}

/// Settings as JavaScript has them.
#[derive(Clone, Copy)]
pub struct Settings<'s> {
    pub application_name: &'s [u8],
    pub cookie_name: &'s str,
    pub path: &'s str,
    pub domain: &'s str,
    pub same_site: &'s str,
    pub flags: &'s str,
    /// Of the cookie's age, idle time, whole time, and bytes of a record.
    pub limits: [u64; 4],
    pub secrets: &'s [&'s str],
}

impl Settings<'_> {
    /// Gives the parts, each with its length before it.
    pub fn joined(&self) -> Vec<u8> {
        let texts = [self.cookie_name, self.path, self.domain, self.same_site, self.flags].map(str::as_bytes);
        let limits = self.limits.map(u64::to_be_bytes);
        let secrets = self.secrets.iter().map(|secret| secret.as_bytes());
        let parts = [self.application_name].into_iter().chain(texts).chain(limits.iter().map(|limit| &limit[..])).chain(secrets);
        parts.flat_map(|part| [&u32::try_from(part.len()).expect("a length").to_be_bytes(), part].concat()).collect()
    }

    /// Makes a core, or says why not.
    pub fn core(&self, door: &Door) -> Result<usize, String> {
        core_of(door, &self.joined())
    }
}

/// Makes a core from the bytes of settings; their problems are a text in the scratch.
pub fn core_of(door: &Door, settings: &[u8]) -> Result<usize, String> {
    let number = door.instance.create(door.put(settings));
    if number >= -3 {
        return result(number);
    }
    let length = number.unsigned_abs() as usize - 3;
    Err(door.text(0, length))
}

/// Writes a line for these settings, or gives the code of the failure.
pub fn line(settings: &Settings<'_>, value: &str, max_age: f64) -> Result<String, String> {
    let door = Door::new();
    let core = settings.core(&door)?;
    result(door.instance.line(core, door.put(value), max_age, ISSUED)).map(|length| door.text(0, length))
}
