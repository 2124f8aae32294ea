//! Listings for people: columns as wide as their widest cell.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;

use super::paint::Paint;

pub struct Table {
    rows: comfy_table::Table,
}

impl Table {
    pub fn new(head: &[&'static str]) -> Self {
        let mut rows = comfy_table::Table::new();
        rows.load_style(NOTHING).add_row(head);
        for column in rows.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Self { rows }
    }

    /// As many cells as the head has.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.add_row(cells);
    }

    pub fn print(&self, out: &mut impl Write, paint: Paint) -> io::Result<()> {
        for (number, line) in self.rows.lines().enumerate() {
            let line = line.trim_end();
            if number == 0 { writeln!(out, "{}", paint.dim(line)) } else { writeln!(out, "{line}") }?;
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
        table.row(vec!["会社".into(), "wide".into()]);
        let mut out = Vec::new();
        table.print(&mut out, Paint::Plain).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text, "A           LONG\nä long one  x\nb           y\n会社        wide\n");
        assert_eq!((cut("abc", 3), cut("ab\ncd", 4)), ("abc".into(), "ab …".into()));
    }
}
