//! The small integers that stand for namespaces, functions and digests in rows, all of them in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use rusqlite::{Connection, params};

use crate::model::{BadId, Digest, FunctionKey, Namespace, PluginName, Role};
use crate::store::Error;

#[derive(Debug, Default)]
pub struct Names {
    tables: RwLock<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    namespaces: HashMap<Namespace, i64>,
    functions: HashMap<Arc<FunctionKey>, i64>,
    functions_by_id: HashMap<i64, Arc<FunctionKey>>,
    digests: HashMap<Digest, i64>,
    digests_by_id: HashMap<i64, Digest>,
}

impl Names {
    pub fn load(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self { tables: RwLock::new(Tables::read(connection)?) })
    }

    /// Forgets what has been rolled back.
    pub fn reload(&self, connection: &Connection) -> rusqlite::Result<()> {
        let read = Tables::read(connection)?;
        self.tables_mut(|tables| *tables = read);
        Ok(())
    }

    pub fn namespace(&self, namespace: &Namespace) -> Option<i64> {
        self.tables().namespaces.get(namespace).copied()
    }

    pub fn function(&self, key: &FunctionKey) -> Option<i64> {
        self.tables().functions.get(key).copied()
    }

    pub fn digest(&self, digest: &Digest) -> Option<i64> {
        self.tables().digests.get(digest).copied()
    }

    pub fn function_of(&self, id: i64) -> Result<Arc<FunctionKey>, Error> {
        let found = self.tables().functions_by_id.get(&id).cloned();
        found.ok_or_else(|| unreadable(format!("function {id} is unknown")))
    }

    pub fn digest_of(&self, id: i64) -> Result<Digest, Error> {
        let found = self.tables().digests_by_id.get(&id).copied();
        found.ok_or_else(|| unreadable(format!("version {id} is unknown")))
    }

    pub fn namespace_of(&self, id: i64) -> Result<Namespace, Error> {
        let tables = self.tables();
        let found = tables.namespaces.iter().find(|(_, known)| **known == id).map(|(namespace, _)| namespace.clone());
        found.ok_or_else(|| unreadable(format!("namespace {id} is unknown")))
    }

    /// The functions of that namespace and, where they are given, of that composite id and role.
    pub fn functions(&self, namespace: &Namespace, composite: Option<&str>, role: Option<Role>) -> Vec<i64> {
        let tables = self.tables();
        let wanted = tables.functions.iter().filter(|(key, _)| {
            key.namespace == *namespace
                && composite.is_none_or(|composite| key.composite() == composite)
                && role.is_none_or(|role| key.role == role)
        });
        wanted.map(|(_, id)| *id).collect()
    }

    /// The namespace's number, a new one if it has none. To be called in the writer's transaction.
    pub fn intern_namespace(&self, connection: &Connection, namespace: &Namespace) -> rusqlite::Result<i64> {
        if let Some(id) = self.namespace(namespace) {
            return Ok(id);
        }
        connection.execute("INSERT INTO namespaces (name) VALUES (?)", [namespace.as_str()])?;
        let id = connection.last_insert_rowid();
        self.tables_mut(|tables| tables.namespaces.insert(namespace.clone(), id));
        Ok(id)
    }

    /// The function's number, a new one if it has none. To be called in the writer's transaction.
    pub fn intern_function(&self, connection: &Connection, key: &Arc<FunctionKey>) -> rusqlite::Result<i64> {
        if let Some(id) = self.tables().functions.get(key) {
            return Ok(*id);
        }
        let namespace = self.intern_namespace(connection, &key.namespace)?;
        let role = i64::from(key.role == Role::Failure);
        connection.execute(
            "INSERT INTO functions (namespace, plugin, function, role) VALUES (?, ?, ?, ?)",
            params![namespace, key.plugin.as_str(), &*key.function, role],
        )?;
        let id = connection.last_insert_rowid();
        self.tables_mut(|tables| tables.add_function(id, key.clone()));
        Ok(id)
    }

    /// The digest's number, a new one if it has none. To be called in the writer's transaction.
    pub fn intern_digest(&self, connection: &Connection, digest: &Digest) -> rusqlite::Result<i64> {
        if let Some(id) = self.digest(digest) {
            return Ok(id);
        }
        connection.execute("INSERT INTO digests (digest) VALUES (?)", [&digest.0])?;
        let id = connection.last_insert_rowid();
        self.tables_mut(|tables| tables.add_digest(id, *digest));
        Ok(id)
    }

    fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables_mut<T>(&self, change: impl FnOnce(&mut Tables) -> T) {
        change(&mut self.tables.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Tables {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut tables = Self::default();
        let mut namespaces = HashMap::new();
        let mut query = connection.prepare("SELECT id, name FROM namespaces")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let namespace = Namespace::new(row.get_ref(1)?.as_str()?).map_err(|error| foreign(1, error))?;
            tables.namespaces.insert(namespace.clone(), row.get(0)?);
            namespaces.insert(row.get::<_, i64>(0)?, namespace);
        }
        let mut query = connection.prepare("SELECT id, namespace, plugin, function, role FROM functions")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let namespace = namespaces.get(&row.get(1)?).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            let key = FunctionKey {
                namespace: namespace.clone(),
                plugin: PluginName::new(row.get_ref(2)?.as_str()?).map_err(|error| foreign(2, error))?,
                function: row.get_ref(3)?.as_str()?.into(),
                role: if row.get::<_, i64>(4)? == 0 { Role::Main } else { Role::Failure },
            };
            tables.add_function(row.get(0)?, Arc::new(key));
        }
        let mut query = connection.prepare("SELECT id, digest FROM digests")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            tables.add_digest(row.get(0)?, Digest(row.get(1)?));
        }
        Ok(tables)
    }

    fn add_function(&mut self, id: i64, key: Arc<FunctionKey>) {
        self.functions_by_id.insert(id, key.clone());
        self.functions.insert(key, id);
    }

    fn add_digest(&mut self, id: i64, digest: Digest) {
        self.digests_by_id.insert(id, digest);
        self.digests.insert(digest, id);
    }
}

/// An invalid name in the database.
fn foreign(column: usize, error: BadId) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

/// A row that says what no row can say.
pub fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::Engine(format!("a row of the database cannot be read: {why}"))
}
