//! The fields that an expression asks for, read from an event's text without making a tree of the rest.

use std::fmt;

use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::model::Json;

/// The values that were read, by the number of the field; `None` if missing, or in another's value.
pub type Found = Vec<Option<Value>>;

/// Where a field is found: in the value of that number, to which so many names of its path lead. A part of what is
/// needed whole is not read twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    pub number: usize,
    pub above: usize,
}

/// Paths into an event, each with a number: a tree of their fields' names.
#[derive(Debug, Default)]
pub struct Fields {
    number: Option<usize>,
    below: Vec<(Box<str>, Fields)>,
}

impl Fields {
    pub fn is_empty(&self) -> bool {
        self.number.is_none() && self.below.is_empty()
    }

    /// The number of a path: the next one, if the path is new.
    pub fn add(&mut self, path: &[&str], next: &mut usize) -> usize {
        if let [name, rest @ ..] = path {
            if let Some((_, fields)) = self.below.iter_mut().find(|(known, _)| **known == **name) {
                return fields.add(rest, next);
            }
            let mut fields = Self::default();
            let number = fields.add(rest, next);
            self.below.push(((*name).into(), fields));
            return number;
        }
        *self.number.get_or_insert_with(|| {
            *next += 1;
            *next - 1
        })
    }

    /// Reads them; `found` has a place for each.
    pub fn read(&self, json: &Json, found: &mut Found) -> Result<(), serde_json::Error> {
        let mut text = serde_json::Deserializer::from_str(json.as_str());
        // A `Json` has a bound of its own.
        text.disable_recursion_limit();
        Reading { fields: self, found }.deserialize(&mut text)
    }

    /// Says for each number where it is found. `above` are the names that lead here.
    pub fn place(&self, above: usize, whole: Option<Place>, places: &mut [Place]) {
        let whole = whole.or(self.number.map(|number| Place { number, above }));
        if let (Some(number), Some(whole)) = (self.number, whole) {
            places[number] = whole;
        }
        for (_, fields) in &self.below {
            fields.place(above + 1, whole, places);
        }
    }

    /// Of two fields of one name the last counts, whatever the first had.
    fn forget(&self, found: &mut Found) {
        if let Some(number) = self.number {
            found[number] = None;
        }
        for (_, fields) in &self.below {
            fields.forget(found);
        }
    }
}

struct Reading<'f> {
    fields: &'f Fields,
    found: &'f mut Found,
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Some(number) = self.fields.number else { return deserializer.deserialize_any(self) };
        self.found[number] = Some(Value::deserialize(deserializer)?);
        Ok(())
    }
}

/// A value that is not an object has no fields.
impl<'de> Visitor<'de> for Reading<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(fields) = map.next_key_seed(Named(self.fields))? {
            match fields {
                Some(fields) => {
                    fields.forget(self.found);
                    map.next_value_seed(Reading { fields, found: &mut *self.found })?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// Finds what is below a name.
struct Named<'f>(&'f Fields);

impl<'de, 'f> DeserializeSeed<'de> for Named<'f> {
    type Value = Option<&'f Fields>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, 'f> Visitor<'de> for Named<'f> {
    type Value = Option<&'f Fields>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.below.iter().find(|(known, _)| **known == *name).map(|(_, fields)| fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(paths: &[&[&str]], json: &str) -> Vec<String> {
        let (mut fields, mut count) = (Fields::default(), 0);
        let numbers: Vec<_> = paths.iter().map(|path| fields.add(path, &mut count)).collect();
        let mut found = vec![None; count];
        fields.read(&Json::parse(json).expect("valid"), &mut found).expect("read");
        let mut places = vec![Place::default(); count];
        fields.place(0, None, &mut places);
        let text = |(path, number): (&&[&str], &usize)| {
            let place = places[*number];
            let value = found[place.number].as_ref();
            let value = path[place.above..].iter().try_fold(value?, |value, name| value.get(name));
            value.map(Value::to_string)
        };
        paths.iter().zip(&numbers).map(|each| text(each).unwrap_or("-".into())).collect()
    }

    #[test]
    fn finds_fields_wherever_they_are() {
        let json = r#"{"name":"n","data":{"x":{"y":[1,{"z":2}]},"a":null,"b":"t","other":[{}]},"ts":5}"#;
        assert_eq!(read(&[&["ts"], &["data", "b"], &["data", "a"]], json), ["5", "\"t\"", "null"]);
        assert_eq!(read(&[&["data", "gone"], &["ts", "x"], &["data", "b", "c"]], json), ["-", "-", "-"]);
        assert_eq!(read(&[&["data", "x"], &["data", "x", "y"]], json), [r#"{"y":[1,{"z":2}]}"#, r#"[1,{"z":2}]"#]);
        assert_eq!(read(&[&["data", "x", "y"], &["data", "x"]], json), [r#"[1,{"z":2}]"#, r#"{"y":[1,{"z":2}]}"#]);
        assert_eq!(read(&[&["ts"], &["ts"], &["data", "x", "q"], &["data", "x"]], json)[..3], ["5", "5", "-"]);
        assert_eq!(read(&[&[]], "[1]"), ["[1]"]);
        assert_eq!(read(&[&["a"]], "3"), ["-"]);
    }

    #[test]
    fn the_last_of_two_counts() {
        assert_eq!(read(&[&["a", "b"]], r#"{"a":{"b":1},"a":{"b":2}}"#), ["2"]);
        assert_eq!(read(&[&["a", "b"]], r#"{"a":{"b":1},"a":{}}"#), ["-"]);
        assert_eq!(read(&[&["a", "b"]], r#"{"a":{"b":1},"\u0061":3}"#), ["-"]);
    }
}
