//! Sessions: by what an event's `meta` groups the runs that it starts, read as Inngest reads it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::limits;

/// The session of each key.
pub(super) type Sessions = BTreeMap<String, String>;

/// The contents of `meta`: the sender's own sessions, and beside them those that a run passes on to the events it sends, as
/// far as there is room. Null instead of a session cuts off what is passed on under that key, and null instead of
/// `sessions` all of it.
pub(super) fn read(meta: &str) -> Result<Sessions, String> {
    let meta: BTreeMap<String, Value> =
        serde_json::from_str::<Option<_>>(meta).map_err(|_| "has to be a JSON object")?.unwrap_or_default();
    let mut passed_on = match meta.get("propagated_sessions") {
        None | Some(Value::Null) => Sessions::new(),
        Some(sessions) => entries(sessions)?
            .into_iter()
            .map(|(key, id)| Ok((key, id.ok_or(NOT_TEXT)?)))
            .collect::<Result<_, String>>()?,
    };
    let mut own = Sessions::new();
    match meta.get("sessions") {
        None => {}
        Some(Value::Null) => passed_on.clear(),
        Some(sessions) => {
            for (key, id) in entries(sessions)? {
                passed_on.remove(&key);
                own.extend(id.map(|id| (key, id)));
            }
        }
    }
    for (key, id) in passed_on {
        if own.len() < limits::SESSIONS_PER_EVENT_MAX {
            own.insert(key, id);
        }
    }
    check(&own)?;
    Ok(own)
}

const NOT_TEXT: &str = "has a session that is neither a text nor a number";

fn entries(sessions: &Value) -> Result<Vec<(String, Option<String>)>, String> {
    let sessions = sessions.as_object().ok_or("has sessions that are no JSON object")?;
    let entries = sessions.iter().map(|(key, id)| match id {
        Value::String(id) => Ok((key.clone(), Some(id.clone()))),
        Value::Number(id) => Ok((key.clone(), Some(id.to_string()))),
        Value::Null => Ok((key.clone(), None)),
        _ => Err(NOT_TEXT.to_owned()),
    });
    entries.collect()
}

fn check(sessions: &Sessions) -> Result<(), String> {
    if sessions.len() > limits::SESSIONS_PER_EVENT_MAX {
        return Err(format!("has {} sessions, the limit is {}", sessions.len(), limits::SESSIONS_PER_EVENT_MAX));
    }
    for (key, id) in sessions {
        let (key_max, id_max) = (limits::SESSION_KEY_MAX_BYTES, limits::SESSION_ID_MAX_BYTES);
        if !(1..=key_max).contains(&key.len()) || !(1..=id_max).contains(&id.len()) {
            return Err(format!("has a session whose key is not of 1 to {key_max} bytes, or its id of 1 to {id_max}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(meta: &str) -> Result<String, String> {
        read(meta).map(|sessions| sessions.iter().map(|(key, id)| format!("{key}={id} ")).collect())
    }

    #[test]
    fn the_senders_own_come_first() {
        assert_eq!(text("null").as_deref(), Ok(""));
        assert_eq!(text(r#"{"sessions":{"a":"x","n":7},"else":1}"#).as_deref(), Ok("a=x n=7 "));
        let passed_on = r#""propagated_sessions":{"a":"y","b":"y","c":"y","d":"y","e":"y","f":"y"}"#;
        let with = |sessions: &str| text(&format!(r#"{{{sessions}{passed_on}}}"#));
        assert_eq!(with("").as_deref(), Ok("a=y b=y c=y d=y e=y "));
        assert_eq!(with(r#""sessions":{"z":"x","a":"x"},"#).as_deref(), Ok("a=x b=y c=y d=y z=x "));
        assert_eq!(with(r#""sessions":{"b":null,"e":null,"f":null},"#).as_deref(), Ok("a=y c=y d=y "));
        assert_eq!(with(r#""sessions":null,"#).as_deref(), Ok(""));
    }

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            ("[]", "JSON object"),
            (r#"{"sessions":[]}"#, "no JSON object"),
            (r#"{"sessions":{"a":true}}"#, "neither"),
            (r#"{"propagated_sessions":{"a":null}}"#, "neither"),
            (r#"{"sessions":{"":"x"}}"#, "key"),
            (r#"{"sessions":{"a":""}}"#, "id"),
            (r#"{"sessions":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}}"#, "6 sessions"),
        ];
        for (meta, part) in cases {
            let error = read(meta).expect_err(meta);
            assert!(error.contains(part), "{meta}: {error}");
        }
        assert!(read(&format!(r#"{{"sessions":{{"a":"{}"}}}}"#, "x".repeat(513))).is_err());
        assert!(read(&format!(r#"{{"sessions":{{"{}":"x"}}}}"#, "a".repeat(129))).is_err());
    }
}
