//! The configuration file: TOML, with the line of whatever is wrong in it.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::value::Value;
use super::{Config, Error, Origin, PluginConfig, closest, plugin, settings};
use crate::model::PluginName;

/// A file being read.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
    environment: &'a BTreeMap<String, String>,
}

/// Reads the file over what the configuration holds already.
pub(super) fn read_into(config: &mut Config, path: &Path, environment: &BTreeMap<String, String>) -> Result<(), Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Unreadable { path: path.to_owned(), problem: error.to_string() })?;
    File { path, text: &text, environment }.read(config)
}

impl File<'_> {
    fn read(&self, config: &mut Config) -> Result<(), Error> {
        let table = DeTable::parse(self.text).map_err(|error| Error::Syntax {
            path: self.path.to_owned(),
            line: self.line(error.span().map_or(0, |span| span.start)),
            problem: error.message().to_owned(),
        })?;
        for (key, value) in table.get_ref() {
            let name = key.get_ref().as_ref();
            if name == "plugins" {
                self.plugins(config, value)?;
                continue;
            }
            let setting = settings::find(name).ok_or_else(|| super::unknown(self.origin(key.span().start), name))?;
            super::set(config, setting, plain(value.get_ref()), || self.origin(key.span().start))?;
        }
        Ok(())
    }

    fn plugins(&self, config: &mut Config, value: &Spanned<DeValue<'_>>) -> Result<(), Error> {
        let wanted = "it has to be a table: write [plugins.<name>]";
        let table = value.get_ref().as_table().ok_or_else(|| self.bad(value, "plugins", wanted))?;
        for (name, value) in table {
            let key = format!("plugins.{}", name.get_ref());
            let plugin = PluginName::new(name.get_ref()).map_err(|error| self.bad(name, &key, error))?;
            let table = value.get_ref().as_table().ok_or_else(|| self.bad(value, &key, wanted))?;
            config.plugins.insert(plugin, self.plugin(&key, table)?);
        }
        Ok(())
    }

    fn plugin(&self, path: &str, table: &DeTable<'_>) -> Result<PluginConfig, Error> {
        let mut config = PluginConfig::default();
        for (name, value) in table {
            let key = format!("{path}.{}", name.get_ref());
            match name.get_ref().as_ref() {
                "variables" => self.variables(&mut config, &key, value)?,
                known if plugin::KEYS.contains(&known) => {
                    plugin::set(&mut config, known, plain(value.get_ref()), self.environment)
                        .map_err(|problem| self.bad(name, &key, problem))?;
                }
                other => {
                    let hint = closest(other, plugin::KEYS.into_iter().chain(["variables"]));
                    return Err(Error::UnknownKey { origin: self.origin(name.span().start), key, hint });
                }
            }
        }
        Ok(config)
    }

    fn variables(&self, plugin: &mut PluginConfig, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(), Error> {
        let wanted = "it has to be a table of strings";
        let table = value.get_ref().as_table().ok_or_else(|| self.bad(value, key, wanted))?;
        for (name, value) in table {
            let key = format!("{key}.{}", name.get_ref());
            let text = value.get_ref().as_str().ok_or_else(|| self.bad(value, &key, "it has to be a string"))?;
            plugin::set_variable(plugin, name.get_ref(), text).map_err(|problem| self.bad(name, &key, problem))?;
        }
        Ok(())
    }

    fn bad<T>(&self, at: &Spanned<T>, key: &str, problem: impl ToString) -> Error {
        Error::BadValue { origin: self.origin(at.span().start), key: key.to_owned(), problem: problem.to_string() }
    }

    fn origin(&self, offset: usize) -> Origin {
        Origin::File { path: self.path.to_owned(), line: self.line(offset) }
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Other("an integer that large"),
        },
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map_or(Value::Other("a list of other things"), Value::List)
        }
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Boolean(_) => Value::Other("true or false"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Table(_) => Value::Other("a table"),
    }
}
