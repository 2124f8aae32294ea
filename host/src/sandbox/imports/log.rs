//! `stepwell:plugin/log`: the run's log, and the last words of a panic.

use wasmtime::Result;

use crate::limits;
use crate::model::Json;
use crate::sandbox::Line;
use crate::sandbox::bindings::wit::{self, Level};
use crate::sandbox::instance::State;
use crate::sandbox::output::{Breaks, line};

/// A guest's words about its panic, before it trapped.
#[derive(Debug)]
pub(in crate::sandbox) struct Panicked {
    pub message: String,
    /// `file:line:column`.
    pub place: String,
}

impl wit::log::Host for State {
    fn write(&mut self, level: Level, message: String, fields: String) -> Result<()> {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        self.link.log(Line { level, message: line(&message, Breaks::Kept), fields: read_fields(fields) });
        Ok(())
    }

    fn panicked(&mut self, message: String, place: String) -> Result<()> {
        if message.is_empty() {
            self.panicked = None;
            return Ok(());
        }
        self.panicked = Some(Panicked { message: line(&message, Breaks::Kept), place: line(&place, Breaks::Stripped) });
        Ok(())
    }

    fn guess(&mut self, message: String) -> Result<()> {
        self.guess = (!message.is_empty()).then(|| line(&message, Breaks::Kept));
        Ok(())
    }
}

/// A JSON object, where it is one and has something in it; else a word about why it is missing.
fn read_fields(fields: String) -> Option<Json> {
    if fields.is_empty() || fields == "{}" {
        return None;
    }
    if fields.len() > limits::LOG_LINE_MAX_BYTES {
        return Some(left_out(&format!("{} bytes", fields.len())));
    }
    match Json::of_guest_cut(&fields) {
        Ok(json) if json.as_str().trim_start().starts_with('{') => Some(json),
        Ok(_) => Some(left_out("not a JSON object")),
        Err(error) => Some(left_out(&error.to_string())),
    }
}

fn left_out(why: &str) -> Json {
    Json::of(&serde_json::json!({ "fields": format!("[left out: {why}]") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_an_object_or_say_why_not() {
        let read = |fields: &str| read_fields(fields.to_owned()).map(|json| json.as_str().to_owned());
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"a":1}"#).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(read("[1]").as_deref(), Some(r#"{"fields":"[left out: not a JSON object]"}"#));
        assert!(read("{").is_some_and(|text| text.contains("not valid JSON")));
    }
}
