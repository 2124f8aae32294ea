//! The same measured on two hosts in turn, one that is empty and one that is crowded.

use anyhow::Result;
use serde::Serialize;

use super::host::Host;
use super::report::quantiles;

/// Figures of a round on one host: their names, and how many milliseconds each took.
pub type Figures = Vec<(&'static str, f64)>;

/// Two hosts that differ in their crowd alone.
pub struct Pair {
    pub empty: Host,
    pub crowded: Host,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Empty,
    Crowded,
}

/// Medians of all rounds.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    pub what: &'static str,
    pub empty_ms: f64,
    pub crowded_ms: f64,
    /// Of each round's own ratio: what slows the machine down for a while slows both.
    pub ratio: f64,
}

impl Pair {
    /// Measures both in each round, every other time the crowded one first. The first round warms up.
    pub fn compare(&self, rounds: usize, measure: impl Fn(&Host, Side) -> Result<Figures>) -> Result<Vec<Comparison>> {
        let mut both = Vec::new();
        for round in 0..=rounds {
            let is_crowded_first = round % 2 == 1;
            let crowded = if is_crowded_first { Some(measure(&self.crowded, Side::Crowded)?) } else { None };
            let empty = measure(&self.empty, Side::Empty)?;
            let crowded = crowded.map_or_else(|| measure(&self.crowded, Side::Crowded), Ok)?;
            if round > 0 {
                both.push((empty, crowded));
            }
        }
        let names = both.first().map_or(Vec::new(), |(empty, _)| empty.iter().map(|(what, _)| *what).collect());
        let compared = names.into_iter().enumerate().map(|(n, what)| {
            let median = |of: &dyn Fn(f64, f64) -> f64| {
                quantiles(both.iter().map(|(empty, crowded)| of(empty[n].1, crowded[n].1)).collect()).0
            };
            Comparison {
                what,
                empty_ms: median(&|empty, _| empty),
                crowded_ms: median(&|_, crowded| crowded),
                ratio: median(&|empty, crowded| crowded / empty),
            }
        });
        Ok(compared.collect())
    }
}
