//! Forms as events: what browsers and plain web hooks send to `/e/{key}`.
//!
//! Inngest reads a form as the lists of its fields' values, of which only its cloud's transforms can make an event. Here
//! a form has the fields of an event, or the one field `event` (or `events`) that holds JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use serde_json::value::{RawValue, to_raw_value};

/// How a form is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    UrlEncoded,
    Multipart { boundary: String },
}

/// A field's name and its value.
type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

impl Form {
    /// What the request says that its body is.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let (media, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        match media.trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Some(Self::UrlEncoded),
            "multipart/form-data" => {
                Some(Self::Multipart { boundary: parameter(parameters, "boundary").unwrap_or_default().to_owned() })
            }
            _ => None,
        }
    }

    /// The events that the form stands for, as JSON. What begins as JSON is JSON, whatever the request calls it: `curl
    /// -d` calls everything a form.
    pub(super) fn read<'a>(&self, body: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return Ok(body.into());
        }
        let fields = match self {
            Self::UrlEncoded => form_urlencoded::parse(body.trim_ascii_end()).collect(),
            Self::Multipart { boundary } => parts(body, boundary)?,
        };
        Ok(event(&fields)?.into_bytes().into())
    }
}

/// `name=value` or `name="value"` among others, behind a media type or a disposition.
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
    let value = pairs.into_iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?.1.trim();
    Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

fn event(fields: &[Field<'_>]) -> Result<String, String> {
    if let [(name, json)] = fields
        && matches!(&**name, "event" | "events")
    {
        return Ok(json.clone().into_owned());
    }
    let mut event: BTreeMap<&str, Box<RawValue>> = BTreeMap::new();
    for (name, value) in fields {
        let written =
            match &**name {
                "name" | "id" | "v" => to_raw_value(value).map_err(|error| error.to_string()),
                "data" | "user" | "meta" => json(value),
                "ts" => value
                    .trim()
                    .parse::<i64>()
                    .map_err(|_| "is no number of milliseconds".to_owned())
                    .and_then(|ts| to_raw_value(&ts).map_err(|error| error.to_string())),
                "event" | "events" => Err("has to be the only one".to_owned()),
                _ => Err("is not known: a form has name, data (JSON), id, ts, v, user, meta; or event alone (JSON)"
                    .to_owned()),
            };
        let written = written.map_err(|problem| format!("the form's field {name:?} {problem}"))?;
        if event.insert(name, written).is_some() {
            return Err(format!("the form has the field {name:?} twice"));
        }
    }
    serde_json::to_string(&event).map_err(|error| error.to_string())
}

fn json(text: &str) -> Result<Box<RawValue>, String> {
    RawValue::from_string(text.trim().to_owned()).map_err(|error| format!("is not valid JSON: {error}"))
}

/// The fields of a multipart body (RFC 7578).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Field<'a>>, String> {
    if boundary.is_empty() {
        return Err("the form has no boundary: Content-Type has to name one".to_owned());
    }
    let delimiter = format!("\r\n--{boundary}");
    let cut_off = || format!("the form ends before its boundary {boundary:?} does");
    // The first one may stand at the very beginning.
    let mut rest = match body.strip_prefix(&delimiter.as_bytes()[2..]) {
        Some(rest) => rest,
        None => split(body, delimiter.as_bytes()).ok_or_else(cut_off)?.1,
    };
    let mut fields = Vec::new();
    while !rest.starts_with(b"--") {
        let (head, content) = split(rest, b"\r\n\r\n").ok_or_else(cut_off)?;
        let (content, behind) = split(content, delimiter.as_bytes()).ok_or_else(cut_off)?;
        fields.push(field(head, content)?);
        rest = behind;
    }
    Ok(fields)
}

/// What stands before the separator, and what behind it.
fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    // Looks for the first byte, which is rare, and compares there.
    let first = *separator.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|byte| *byte == first)?;
        if let Some(behind) = bytes[at..].strip_prefix(separator) {
            return Some((&bytes[..at], behind));
        }
        from = at + 1;
    }
}

fn field<'a>(head: &'a [u8], content: &'a [u8]) -> Result<Field<'a>, String> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "the form is not UTF-8".to_owned());
    let disposition = text(head)?.lines().filter_map(|line| line.split_once(':'));
    let name = disposition
        .filter(|(header, _)| header.trim().eq_ignore_ascii_case("content-disposition"))
        .find_map(|(_, value)| parameter(value, "name"));
    let name = name.ok_or_else(|| "a part of the form has no name".to_owned())?;
    Ok((name.into(), text(content)?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn form(content_type: &str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).expect("valid"));
        Form::of(&headers)
    }

    fn read(content_type: &str, body: &str) -> Result<String, String> {
        let read = form(content_type).expect("a form").read(body.as_bytes())?;
        Ok(String::from_utf8(read.into_owned()).expect("UTF-8"))
    }

    const URL_ENCODED: &str = "application/x-www-form-urlencoded";

    #[test]
    fn knows_forms_by_their_type() {
        assert_eq!(form("Application/X-WWW-Form-Urlencoded; charset=utf-8"), Some(Form::UrlEncoded));
        let multipart = |boundary: &str| Some(Form::Multipart { boundary: boundary.into() });
        assert_eq!(form(r#"multipart/form-data; charset=x; Boundary="a b""#), multipart("a b"));
        assert_eq!(form("multipart/form-data; boundary=ab"), multipart("ab"));
        assert_eq!((form("application/json"), form("text/plain")), (None, None));
    }

    #[test]
    fn a_form_has_the_fields_of_an_event() {
        let read = |body| read(URL_ENCODED, body);
        let json = r#"{"data":{"n":1},"id":"1","name":"a/b c","ts":5}"#;
        assert_eq!(read("name=a%2Fb+c&data=%7B%22n%22%3A1%7D&id=1&ts=5\r\n").as_deref(), Ok(json));
        assert_eq!(read("event=%5B%7B%7D%5D").as_deref(), Ok("[{}]"));
        assert_eq!(read(r#" {"name":"a"}"#).as_deref(), Ok(r#" {"name":"a"}"#));
        let refused = [
            ("name=a&data=x", r#"field "data" is not valid JSON"#),
            ("name=a&ts=now", r#"field "ts" is no number"#),
            ("name=a&name=b", r#"field "name" twice"#),
            ("name=a&sku=A1", r#"field "sku" is not known"#),
            ("event={}&name=a", r#"field "event" has to be the only one"#),
        ];
        for (body, part) in refused {
            let error = read(body).expect_err(body);
            assert!(error.contains(part), "{body}: {error}");
        }
    }

    #[test]
    fn a_form_may_have_parts() {
        let read = |body: &str| read("multipart/form-data; boundary=xx", body);
        let part = |name: &str, value: &str| {
            format!(
                "--xx\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let whole = format!("{}{}--xx--\r\n", part("name", "a\r\n-"), part("data", "{\"n\":\"é\"}"));
        assert_eq!(read(&whole).as_deref(), Ok(r#"{"data":{"n":"é"},"name":"a\r\n-"}"#));
        assert_eq!(read(&format!("preamble\r\n{whole}epilogue")), read(&whole));
        assert_eq!(read("--xx--").as_deref(), Ok("{}"));
        for cut in [&whole[..whole.len() - 8], "", "--xx", "--xx\r\n\r\n"] {
            assert!(read(cut).expect_err(cut).contains("ends before"), "{cut}");
        }
        assert!(read("--xx\r\nA: b\r\n\r\nc\r\n--xx--").expect_err("no name").contains("has no name"));
        assert!(form("multipart/form-data").expect("a form").read(b"x").is_err());
    }
}
