//! The bytes of what the store keeps whole: journal segments, outcomes, ids.

use crate::model::{Invoker, Mail, Outcome, Record, RunId, Terms};

/// Stands before every segment and outcome. Another layout of [`Record`] or [`Outcome`] gets another number, and this
/// file keeps reading the old one.
const VERSION: u8 = 1;

/// Bytes of the store that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it was written by a newer version of stepwell (layout {0}, this one knows {VERSION})")]
    Newer(u8),
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// Adds a record to a segment.
pub fn add_record(segment: &mut Vec<u8>, record: &Record) {
    if segment.is_empty() {
        segment.push(VERSION);
    }
    postcard::to_io(record, segment).expect("a vector takes any bytes, and any record can be written");
}

/// Reads a segment's records behind those that are there.
pub fn read_records(segment: &[u8], records: &mut Vec<Record>) -> Result<(), Unreadable> {
    let mut rest = check_version(segment)?;
    while !rest.is_empty() {
        let (record, behind) = postcard::take_from_bytes(rest).map_err(damaged)?;
        records.push(record);
        rest = behind;
    }
    Ok(())
}

pub fn outcome_bytes(outcome: &Outcome) -> Vec<u8> {
    postcard::to_io(outcome, vec![VERSION]).expect("a vector takes any bytes, and any outcome can be written")
}

pub fn read_outcome(bytes: &[u8]) -> Result<Outcome, Unreadable> {
    postcard::from_bytes(check_version(bytes)?).map_err(damaged)
}

pub fn mail_bytes(mail: &Mail) -> Vec<u8> {
    postcard::to_io(mail, vec![VERSION]).expect("a vector takes any bytes, and any mail can be written")
}

pub fn read_mail(bytes: &[u8]) -> Result<Mail, Unreadable> {
    postcard::from_bytes(check_version(bytes)?).map_err(damaged)
}

pub fn invoker_bytes(invoker: &Invoker) -> Vec<u8> {
    postcard::to_io(invoker, vec![VERSION]).expect("a vector takes any bytes, and any invoker can be written")
}

pub fn read_invoker(bytes: &[u8]) -> Result<Invoker, Unreadable> {
    postcard::from_bytes(check_version(bytes)?).map_err(damaged)
}

pub fn terms_bytes(terms: &Terms) -> Vec<u8> {
    postcard::to_io(terms, vec![VERSION]).expect("a vector takes any bytes, and any terms can be written")
}

pub fn read_terms(bytes: &[u8]) -> Result<Terms, Unreadable> {
    postcard::from_bytes(check_version(bytes)?).map_err(damaged)
}

fn check_version(bytes: &[u8]) -> Result<&[u8], Unreadable> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some((&other, _)) => Err(Unreadable::Newer(other)),
        None => Err(Unreadable::Damaged("it is empty".to_owned())),
    }
}

fn damaged(error: postcard::Error) -> Unreadable {
    Unreadable::Damaged(error.to_string())
}

/// An id's last 9 bytes, which with its row number make it whole again.
pub fn id_tail(id: [u8; 16]) -> [u8; 9] {
    let mut tail = [0; 9];
    tail.copy_from_slice(&id[7..]);
    tail
}

/// The id with this row number and these last 9 bytes.
pub fn whole_id(row: i64, tail: [u8; 9]) -> [u8; 16] {
    let mut id = ((row as u128) << 65).to_be_bytes();
    id[8..].copy_from_slice(&tail[1..]);
    // One bit of this byte belongs to the tail, the rest to the row.
    id[7] |= tail[0] & 1;
    id
}

/// Ids one behind the other, 16 bytes each; `None` for none.
pub fn run_ids(ids: &[RunId]) -> Option<Vec<u8>> {
    (!ids.is_empty()).then(|| ids.iter().flat_map(|id| id.to_bytes()).collect())
}

/// Reads what [`run_ids`] wrote, as the caller's kind of id.
pub fn read_ids<T>(bytes: &[u8], from_bytes: impl Fn([u8; 16]) -> T) -> Vec<T> {
    let (ids, _) = bytes.as_chunks::<16>();
    ids.iter().map(|id| from_bytes(*id)).collect()
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IdSource;

    #[test]
    fn refuses_what_it_does_not_know() {
        assert_eq!(read_outcome(&[9, 0]), Err(Unreadable::Newer(9)));
        assert_eq!(read_records(&[2], &mut Vec::new()), Err(Unreadable::Newer(2)));
        assert!(matches!(read_records(&[], &mut Vec::new()), Err(Unreadable::Damaged(_))));
        assert!(matches!(read_records(&[VERSION, 0, 0, 99], &mut Vec::new()), Err(Unreadable::Damaged(_))));
    }

    #[test]
    fn an_id_is_its_row_and_its_tail() {
        let ids = IdSource::new(0, [3; 32]);
        for now in [1, 1_795_331_625_419, (1 << 48) - 1] {
            let id = ids.run(now);
            assert_eq!(whole_id(id.row(), id_tail(id.to_bytes())), id.to_bytes());
        }
    }

    #[test]
    fn a_list_of_ids_survives() {
        let source = IdSource::new(0, [3; 32]);
        let ids = vec![source.run(1), source.run(2)];
        assert_eq!(read_ids(&run_ids(&ids).expect("not empty"), RunId::from_bytes), ids);
        assert_eq!(run_ids(&[]), None);
    }
}
