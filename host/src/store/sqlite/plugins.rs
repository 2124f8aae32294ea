//! Which versions of which plugins there are, and which one is live.

use rusqlite::{Connection, OptionalExtension, params};

use super::names::Names;
use super::writer::{Trouble, Writer};
use crate::model::{Json, Namespace, PluginName};
use crate::store::{Error, Version};

impl Writer {
    pub fn activate(&mut self, version: &Version) -> Result<u64, Trouble> {
        let namespace = self.shared.names.intern_namespace(&self.connection, &version.namespace)?;
        let digest = self.shared.names.intern_digest(&self.connection, &version.digest)?;
        let plugin = version.plugin.as_str();
        let definitions = version.definitions.as_str();
        let is_live = "SELECT definitions FROM versions WHERE namespace = ? AND plugin = ? AND digest = ? AND is_live";
        let live: Option<String> = self
            .connection
            .prepare_cached(is_live)?
            .query_row(params![namespace, plugin, digest], |row| row.get(0))
            .optional()?;
        if live.is_some_and(|live| live == definitions) {
            return Ok(self.generation);
        }
        self.take_down(namespace, plugin)?;
        let sql = "INSERT INTO versions VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE
                   SET definitions = excluded.definitions, activated = excluded.activated, is_live = 1";
        let activated = version.activated as i64;
        self.connection.execute(sql, params![namespace, plugin, digest, definitions, activated])?;
        self.next_generation()
    }

    pub fn retire(&mut self, namespace: &Namespace, plugin: &PluginName) -> Result<u64, Trouble> {
        let Some(namespace) = self.shared.names.namespace(namespace) else { return Ok(self.generation) };
        match self.take_down(namespace, plugin.as_str())? {
            0 => Ok(self.generation),
            _ => self.next_generation(),
        }
    }

    fn take_down(&self, namespace: i64, plugin: &str) -> rusqlite::Result<usize> {
        let sql = "UPDATE versions SET is_live = 0 WHERE namespace = ? AND plugin = ? AND is_live";
        self.connection.execute(sql, params![namespace, plugin])
    }

    fn next_generation(&mut self) -> Result<u64, Trouble> {
        self.generation += 1;
        self.connection.execute("UPDATE house SET generation = ?", [self.generation as i64])?;
        Ok(self.generation)
    }
}

/// All versions that the database knows.
pub fn read(connection: &Connection, names: &Names) -> Result<Vec<Version>, Error> {
    let mut query =
        connection.prepare("SELECT namespace, plugin, digest, definitions, activated, is_live FROM versions")?;
    let mut rows = query.query([])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        versions.push(Version {
            namespace: names.namespace_of(row.get(0)?)?,
            plugin: PluginName::new(row.get_ref(1)?.as_str()?).map_err(super::names::unreadable)?,
            digest: names.digest_of(row.get(2)?)?,
            definitions: Json::trusted(row.get_ref(3)?.as_str()?),
            activated: row.get::<_, i64>(4)? as u64,
            is_live: row.get(5)?,
        });
    }
    Ok(versions)
}
