//! Forms as events: what browsers and plain web hooks send to `/e/{key}`.
//!
//! Inngest reads a form as the lists of its fields' values, of which only its cloud's transforms can make an event.
//! Here a form has the fields of an event, or the one field `event` (or `events`) that holds JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use serde_json::value::{RawValue, to_raw_value};

/// How a form is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    UrlEncoded,
    /// `None`: the request names no boundary between its parts.
    Multipart {
        boundary: Option<String>,
    },
}

/// A field's name and its value.
type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

impl Form {
    /// The type of its body, as the request says it.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let media = content_type.split(';').next().unwrap_or_default();
        match media.trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Some(Self::UrlEncoded),
            "multipart/form-data" => Some(Self::Multipart { boundary: multer::parse_boundary(content_type).ok() }),
            _ => None,
        }
    }

    /// The events that the form stands for, as JSON. What begins as JSON is JSON, whatever the request calls it: `curl
    /// -d` calls everything a form.
    pub(super) async fn read(&self, body: Bytes) -> Result<Bytes, String> {
        if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return Ok(body);
        }
        let event = match self {
            Self::UrlEncoded => event(&form_urlencoded::parse(body.trim_ascii_end()).collect::<Vec<_>>()),
            Self::Multipart { boundary: Some(boundary) } => event(&parts(body, boundary).await?),
            Self::Multipart { boundary: None } => {
                Err("the form has no boundary: Content-Type has to name one".to_owned())
            }
        };
        Ok(event?.into())
    }
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
async fn parts(body: Bytes, boundary: &str) -> Result<Vec<Field<'static>>, String> {
    let whole = futures_util::stream::once(async { Ok::<_, Infallible>(body) });
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(told)? {
        let name = part.name().ok_or_else(|| "a part of the form has no name".to_owned())?.to_owned();
        let value = part.bytes().await.map_err(told)?;
        let value = String::from_utf8(value.into()).map_err(|_| "the form is not UTF-8".to_owned())?;
        fields.push((name.into(), value.into()));
    }
    Ok(fields)
}

fn told(error: multer::Error) -> String {
    match error {
        multer::Error::IncompleteStream
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteFieldData { .. } => "the form ends before its boundary does".to_owned(),
        error => format!("the form cannot be read: {error}"),
    }
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
        let form = form(content_type).expect("a form");
        let read = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(form.read(body.to_owned().into()))?;
        Ok(String::from_utf8(read.into()).expect("UTF-8"))
    }

    const URL_ENCODED: &str = "application/x-www-form-urlencoded";

    #[test]
    fn knows_forms_by_their_type() {
        assert_eq!(form("Application/X-WWW-Form-Urlencoded; charset=utf-8"), Some(Form::UrlEncoded));
        let multipart = |boundary: &str| Some(Form::Multipart { boundary: Some(boundary.into()) });
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
        assert!(super::tests::read("multipart/form-data", "x").expect_err("no boundary").contains("no boundary"));
    }
}
