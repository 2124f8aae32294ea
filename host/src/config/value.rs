//! Values of settings: what a file gives typed, and flags and the environment give as text.

use std::net::SocketAddr;

use crate::model::read_duration;

/// A setting's value before it is understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Integer(i64),
    List(Vec<String>),
    /// Anything else, by the name of its type.
    Other(&'static str),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::List(_) => "a list",
            Self::Other(kind) => kind,
        }
    }

    pub(super) fn text(self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(format!("it has to be a string, not {}", other.kind())),
        }
    }

    /// A list, or a text of parts between commas.
    pub(super) fn list(self) -> Result<Vec<String>, String> {
        match self {
            Self::List(list) => Ok(list),
            Self::Text(text) => {
                Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
            }
            other => Err(format!("it has to be a list of strings, not {}", other.kind())),
        }
    }
}

pub(super) fn address(value: &Value) -> Result<SocketAddr, String> {
    let text = value.clone().text()?;
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| format!("{text:?} is no address: write one such as \"127.0.0.1:8288\" or \"[::]:8288\""))
}

pub(super) fn count(value: &Value, min: usize, max: usize) -> Result<usize, String> {
    let wanted = || format!("it has to be a number from {min} to {max}");
    let number = match value {
        Value::Integer(number) => usize::try_from(*number).map_err(|_| wanted())?,
        Value::Text(text) => text.trim().parse().map_err(|_| wanted())?,
        _ => return Err(wanted()),
    };
    if (min..=max).contains(&number) { Ok(number) } else { Err(wanted()) }
}

pub(super) fn keys(value: Value) -> Result<Vec<String>, String> {
    let keys = value.list()?;
    if keys.iter().any(String::is_empty) {
        return Err("a key is empty".into());
    }
    Ok(keys)
}

/// `"1h30m"`, `"500ms"`; a bare number counts seconds.
pub(super) fn duration_ms(value: &Value) -> Result<u64, String> {
    let wanted = "it has to be a duration such as \"500ms\", \"30s\" or \"1h30m\"";
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Integer(seconds) => format!("{seconds}s"),
        other => return Err(format!("{wanted}, not {}", other.kind())),
    };
    let text = if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("{text}s") } else { text };
    let ms =
        read_duration(&text.split_whitespace().collect::<String>()).map_err(|_| format!("{wanted}, not {text:?}"))?;
    if ms == 0 { Err(format!("{wanted}, and more than 0")) } else { Ok(ms) }
}

const UNITS_OF_SIZE: [(&str, usize); 8] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];

/// `"256MiB"`, `"64 MB"`; a bare number counts bytes. A 32-bit guest can address no more than 4 GiB.
pub(super) fn size_bytes(value: &Value) -> Result<usize, String> {
    bytes_within(value, 1 << 20, ("4GiB", 4 << 30))
}

/// The same for what many guests hold together.
pub(super) fn total_bytes(value: &Value) -> Result<usize, String> {
    bytes_within(value, 1 << 20, ("64TiB", 64 << 40))
}

fn bytes_within(value: &Value, min: usize, (name, max): (&str, usize)) -> Result<usize, String> {
    let wanted = "it has to be a size such as \"256MiB\"";
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Integer(bytes) => bytes.to_string(),
        other => return Err(format!("{wanted}, not {}", other.kind())),
    };
    let text = if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("{text}B") } else { text };
    let bytes = amount_and_unit(&text).filter(|(_, _, rest)| rest.is_empty()).and_then(|(amount, unit, _)| {
        let (_, factor) = UNITS_OF_SIZE.iter().find(|(name, _)| *name == unit)?;
        usize::try_from(amount).ok()?.checked_mul(*factor)
    });
    bytes
        .filter(|bytes| (min..=max).contains(bytes))
        .ok_or_else(|| format!("{wanted}, from 1MiB to {name}, not {text:?}"))
}

/// Splits `12h30m` into 12, `h` and `30m`.
fn amount_and_unit(text: &str) -> Option<(u64, &str, &str)> {
    let text = text.trim_start();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let amount = text[..digits].parse().ok()?;
    let rest = text[digits..].trim_start();
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    Some((amount, &rest[..letters], rest[letters..].trim_start()))
}

/// The shortest exact text of a size.
pub(super) fn show_bytes(bytes: usize) -> String {
    let binary = &UNITS_OF_SIZE[..3];
    let (unit, factor) = binary.iter().find(|(_, factor)| bytes.is_multiple_of(*factor)).unwrap_or(&("B", 1));
    format!("{}{unit}", bytes / factor)
}
