//! Which gaps between runs of written pages are closed. Pure.

use std::ops::Range;

use crate::limits;

/// Closes the smallest gaps, so that few runs are left; none if there are few already. Stops before more than `most`
/// pages are written.
pub fn close(written: &mut [bool], most: usize) {
    let mut gaps = runs(written).filter(|(is_written, _)| !is_written).map(|(_, run)| run).collect::<Vec<_>>();
    // The space before the first run, or behind the last one, is no gap.
    gaps.retain(|gap| gap.start > 0 && gap.end < written.len());
    if gaps.len() < limits::RESIDENT_RUNS_MAX {
        return;
    }
    let mut room = most.saturating_sub(written.iter().filter(|is_written| **is_written).count());
    gaps.sort_by_key(Range::len);
    for gap in &gaps[..gaps.len() - limits::RESIDENT_GAPS_LEFT] {
        let Some(left) = room.checked_sub(gap.len()) else { return };
        room = left;
        written[gap.clone()].fill(true);
    }
}

/// The runs of pages that are wanted and not written.
pub fn absent(wanted: &[bool], written: &[bool]) -> Vec<Range<usize>> {
    let absent: Vec<bool> =
        wanted.iter().zip(written).map(|(is_wanted, is_written)| *is_wanted && !is_written).collect();
    runs(&absent).filter(|(is_absent, _)| *is_absent).map(|(_, run)| run).collect()
}

/// Pages of one kind that follow each other.
fn runs(pages: &[bool]) -> impl Iterator<Item = (bool, Range<usize>)> {
    let mut start = 0;
    pages.chunk_by(|one, next| one == next).map(move |run| {
        let range = start..start + run.len();
        start = range.end;
        (run[0], range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of one page; each gap is one page longer than the one before.
    fn scattered(runs: usize) -> Vec<bool> {
        let mut pages = vec![false];
        for run in 0..runs {
            pages.push(true);
            pages.resize(pages.len() + run + 1, false);
        }
        pages
    }

    fn count(pages: &[bool]) -> usize {
        runs(pages).filter(|(is_written, _)| *is_written).count()
    }

    #[test]
    fn few_runs_are_left_alone() {
        let mut pages = scattered(limits::RESIDENT_RUNS_MAX);
        let before = pages.clone();
        close(&mut pages, usize::MAX);
        assert_eq!(pages, before);
        close(&mut [], 1);
        close(&mut [true], 1);
        close(&mut [false], 1);
    }

    #[test]
    fn the_smallest_gaps_are_closed() {
        let mut pages = scattered(100);
        close(&mut pages, usize::MAX);
        assert_eq!(count(&pages), limits::RESIDENT_GAPS_LEFT + 1);
        let longest_closed = 99 - limits::RESIDENT_GAPS_LEFT;
        let left = runs(&pages).filter(|(is_written, run)| !is_written && run.start > 0).map(|(_, run)| run.len());
        assert_eq!(left.min(), Some(longest_closed + 1));
        let done = pages.clone();
        close(&mut pages, usize::MAX);
        assert_eq!(pages, done);
    }

    #[test]
    fn no_more_is_written_than_may_be() {
        let mut pages = scattered(100);
        close(&mut pages, 110);
        assert_eq!(pages.iter().filter(|page| **page).count(), 100 + 1 + 2 + 3 + 4);
        let mut pages = scattered(100);
        close(&mut pages, 50);
        assert_eq!(pages, scattered(100));
    }

    #[test]
    fn what_is_absent_is_what_is_wanted_and_not_there() {
        let wanted = [true, true, false, true, true, true];
        assert_eq!(absent(&wanted, &[false, true, false, false, false, true]), [0..1, 3..5]);
        assert_eq!(absent(&wanted, &[false]), std::iter::once(0..1).collect::<Vec<_>>(), "a memory that is shorter");
    }
}
