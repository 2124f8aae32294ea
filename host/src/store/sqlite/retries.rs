//! Bulk retries, as they are remembered.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::SqliteStore;
use super::after::refused;
use super::names::{Names, unreadable};
use super::queue::Command;
use super::writer::{Trouble, Writer};
use crate::limits;
use crate::model::{BulkRetryId, Namespace, RunId};
use crate::store::{BulkRetries, BulkRetry, BulkRetryView, Code, Error, FailedRuns};

#[async_trait]
impl BulkRetries for SqliteStore {
    async fn begin_bulk_retry(&self, retry: BulkRetry) -> Result<BulkRetryView, Error> {
        self.shared.queue.ask(|answer| Command::BeginBulkRetry { retry, answer }).await
    }

    async fn note_bulk_retry(&self, view: BulkRetryView) -> Result<bool, Error> {
        self.shared.queue.ask(|answer| Command::NoteBulkRetry { view, answer }).await
    }

    async fn bulk_retries(&self, namespace: &Namespace) -> Result<Vec<BulkRetryView>, Error> {
        let (shared, namespace) = (self.shared.clone(), namespace.clone());
        let read = move |connection: &_| {
            let Some(number) = shared.names.namespace(&namespace) else { return Ok(Vec::new()) };
            read(connection, &shared.names, &format!("WHERE namespace = {number} ORDER BY id DESC"))
        };
        self.shared.readers.read(read).await
    }

    async fn unfinished_bulk_retry(&self) -> Result<Option<BulkRetryView>, Error> {
        let shared = self.shared.clone();
        let read = move |connection: &_| read(connection, &shared.names, "WHERE is_finished = 0 ORDER BY id LIMIT 1");
        Ok(self.shared.readers.read(read).await?.pop())
    }

    async fn forget_bulk_retry(&self, namespace: &Namespace, id: BulkRetryId) -> Result<bool, Error> {
        let namespace = namespace.clone();
        self.shared.queue.ask(|answer| Command::ForgetBulkRetry { namespace, id, answer }).await
    }
}

/// The column `wish`.
#[derive(Serialize, Deserialize)]
struct Wish {
    which: FailedRuns,
    code: Code,
}

fn read(connection: &Connection, names: &Names, which: &str) -> Result<Vec<BulkRetryView>, Error> {
    const COLUMNS: &str = "id, namespace, wish, reached, retried, already, refused, refusals, is_finished";
    let mut query = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM bulk_retries {which}"))?;
    let mut rows = query.query([])?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        views.push(read_view(row, names)?);
    }
    Ok(views)
}

fn read_view(row: &Row<'_>, names: &Names) -> Result<BulkRetryView, Error> {
    let Wish { which, code } = serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(unreadable)?;
    let (id, namespace) = (BulkRetryId::from_bytes(row.get(0)?), names.namespace_of(row.get(1)?)?);
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(BulkRetryView {
        retry: BulkRetry { id, namespace, which, code },
        reached: RunId::from_bytes(row.get(3)?),
        retried: count(4)?,
        already: count(5)?,
        refused: count(6)?,
        refusals: serde_json::from_str(row.get_ref(7)?.as_str()?).map_err(unreadable)?,
        is_finished: row.get(8)?,
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers are always JSON")
}

impl Writer {
    pub fn begin_bulk_retry(&self, retry: BulkRetry) -> Result<BulkRetryView, Trouble> {
        let count: i64 = self.connection.query_row("SELECT count(*) FROM bulk_retries", [], |row| row.get(0))?;
        if count >= limits::BULK_RETRIES_MAX as i64 {
            let oldest = "DELETE FROM bulk_retries WHERE id = (SELECT min(id) FROM bulk_retries WHERE is_finished = 1)";
            if self.connection.execute(oldest, [])? == 0 {
                return refused(Error::TooManyBulkRetries(limits::BULK_RETRIES_MAX));
            }
        }
        let view = BulkRetryView::of(retry);
        let namespace = self.shared.names.intern_namespace(&self.connection, &view.retry.namespace)?;
        let wish = Wish { which: view.retry.which.clone(), code: view.retry.code };
        self.connection.execute(
            "INSERT INTO bulk_retries VALUES (?, ?, ?, ?, 0, 0, 0, '[]', 0)",
            params![view.retry.id.to_bytes(), namespace, json(&wish), view.reached.to_bytes()],
        )?;
        Ok(view)
    }

    pub fn note_bulk_retry(&self, view: &BulkRetryView) -> Result<bool, Trouble> {
        let sql = "UPDATE bulk_retries SET reached = ?, retried = ?, already = ?, refused = ?, refusals = ?,
                   is_finished = ? WHERE id = ?";
        let count = u64::cast_signed;
        let noted = self.connection.prepare_cached(sql)?.execute(params![
            view.reached.to_bytes(),
            count(view.retried),
            count(view.already),
            count(view.refused),
            json(&view.refusals),
            view.is_finished,
            view.retry.id.to_bytes(),
        ])?;
        Ok(noted > 0)
    }

    pub fn forget_bulk_retry(&self, namespace: &Namespace, id: BulkRetryId) -> Result<bool, Trouble> {
        let Some(number) = self.shared.names.namespace(namespace) else { return Ok(false) };
        let sql = "DELETE FROM bulk_retries WHERE id = ? AND namespace = ?";
        Ok(self.connection.prepare_cached(sql)?.execute(params![id.to_bytes(), number])? > 0)
    }
}
