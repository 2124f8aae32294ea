//! Identifiers: ULIDs for what happens, names for what exists, digests for code.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::time::Millis;
use crate::limits;

/// A text is no identifier of the wanted kind.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct BadId(String);

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(Ulid);

        impl $name {
            /// When it was made, by its first 48 bits.
            pub fn created(&self) -> Millis {
                self.0.timestamp_ms()
            }

            /// The first 63 bits: unique within one store, in order of creation ([`IdSource`]).
            pub fn row(&self) -> i64 {
                (u128::from(self.0) >> 65) as i64
            }

            pub fn to_bytes(self) -> [u8; 16] {
                self.0.to_bytes()
            }

            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Ulid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                Ulid::from_string(text)
                    .map(Self)
                    .map_err(|_| BadId(format!("{text:?} is no {} id: it has to be a ULID (26 characters)", $noun)))
            }
        }
    };
}

ulid_id!(
    /// A run's id.
    RunId, "run"
);
ulid_id!(
    /// An event's internal id, which the host gives it (a sender's own id is [`super::Event::sender_id`]).
    EventId, "event"
);

ulid_id!(
    /// The id of a wish to end many runs at once.
    CancellationId, "cancellation"
);

ulid_id!(
    /// The id of a wish to retry many failed runs.
    BulkRetryId, "bulk retry"
);

/// Hands out ULIDs whose first 63 bits (milliseconds and a counter of 15 bits) never repeat and only grow, so that a
/// store can use them as row numbers and needs no index from id to row.
#[derive(Debug)]
pub struct IdSource {
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    row: i64,
    random: rand_chacha::ChaCha8Rng,
}

impl IdSource {
    /// `floor` is the greatest row number already in use; `seed` makes the ids' random part.
    pub fn new(floor: i64, seed: [u8; 32]) -> Self {
        use rand_chacha::rand_core::SeedableRng;
        let random = rand_chacha::ChaCha8Rng::from_seed(seed);
        Self { last: Mutex::new(Last { row: floor, random }) }
    }

    pub fn run(&self, now: Millis) -> RunId {
        RunId(self.next(now))
    }

    pub fn event(&self, now: Millis) -> EventId {
        EventId(self.next(now))
    }

    pub fn cancellation(&self, now: Millis) -> CancellationId {
        CancellationId(self.next(now))
    }

    pub fn bulk_retry(&self, now: Millis) -> BulkRetryId {
        BulkRetryId(self.next(now))
    }

    /// 256 secret bits, for a run's generator.
    pub fn secret(&self) -> [u8; 32] {
        use rand_chacha::rand_core::Rng;
        let mut bytes = [0; 32];
        self.last.lock().expect("no panic while held").random.fill_bytes(&mut bytes);
        bytes
    }

    fn next(&self, now: Millis) -> Ulid {
        use rand_chacha::rand_core::Rng;
        let mut last = self.last.lock().expect("no panic while held");
        last.row = (last.row + 1).max((now << 15) as i64);
        let high = (last.row as u128) << 65;
        let low = (u128::from(last.random.next_u64()) << 1) | u128::from(last.random.next_u32() & 1);
        Ulid::from(high | low)
    }
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident, $noun:literal, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// 1 … the bound of characters out of letters, digits, `-`, `_`, `.`.
            pub fn new(text: &str) -> Result<Self, BadId> {
                let fits = !text.is_empty() && text.len() <= $max;
                let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                if fits && text.chars().all(allowed) {
                    return Ok(Self(text.into()));
                }
                Err(BadId(format!(
                    "{text:?} is no {} name: it has to be 1 to {} letters, digits, '-', '_' or '.'", $noun, $max
                )))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_id!(
    /// The owner of plugins and events; nothing crosses it.
    Namespace, "namespace", limits::NAME_MAX_CHARS
);
name_id!(
    /// A plugin's name: its file's stem or its deploy name.
    PluginName, "plugin", limits::NAME_MAX_CHARS
);

impl Default for Namespace {
    fn default() -> Self {
        Self("default".into())
    }
}

/// A version of a plugin: the SHA-256 of its component.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The first 12 hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_only_grow_even_when_the_clock_goes_back() {
        let ids = IdSource::new(0, [1; 32]);
        let rows: Vec<i64> = [5, 5, 4, 6, 1].into_iter().map(|now| ids.run(now).row()).collect();
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{rows:?}");
        assert_eq!(ids.run(7).created(), 7);
    }

    #[test]
    fn an_id_survives_its_text() {
        let id = IdSource::new(0, [1; 32]).event(1_795_331_625_419);
        assert_eq!(id.to_string().parse::<EventId>().expect("a ULID"), id);
        assert_eq!(EventId::from_bytes(id.to_bytes()), id);
    }

    #[test]
    fn names_are_bounded() {
        assert!(Namespace::new("").is_err());
        assert!(Namespace::new("a b").is_err());
        assert!(Namespace::new(&"x".repeat(limits::NAME_MAX_CHARS + 1)).is_err());
        assert!(PluginName::new("product-import").is_ok());
    }
}
