//! Listings for people: columns as wide as their widest cell.

use std::io::{self, Write};

use super::paint::Paint;

pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// As many cells as the head has.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub fn print(&self, out: &mut impl Write, paint: Paint) -> io::Result<()> {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
                cells.chain([self.head[column].len()]).max().unwrap_or_default()
            })
            .collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        writeln!(out, "{}", paint.dim(line(&mut self.head.iter().copied())))?;
        for row in &self.rows {
            writeln!(out, "{}", line(&mut row.iter().map(String::as_str)))?;
        }
        out.flush()
    }
}

/// The text on one line, no longer than that many characters.
pub fn cut(text: &str, max: usize) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= max {
        return one_line;
    }
    let kept: String = one_line.chars().take(max.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align() {
        let mut table = Table::new(&["A", "LONG"]);
        table.row(vec!["ä long one".into(), "x".into()]);
        table.row(vec!["b".into(), "y".into()]);
        let mut out = Vec::new();
        table.print(&mut out, Paint::Plain).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text, "A           LONG\nä long one  x\nb           y\n");
        assert_eq!((cut("abc", 3), cut("ab\ncd", 4)), ("abc".into(), "ab …".into()));
    }
}
