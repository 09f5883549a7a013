//! Tables of fixed width, as the console shows lists.

/// A column: its title, and how wide it may become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub title: &'static str,
    pub most: usize,
    /// Numbers stand on the right.
    pub is_number: bool,
}

pub(super) const fn text(title: &'static str, most: usize) -> Column {
    Column { title, most, is_number: false }
}

pub(super) const fn number(title: &'static str, most: usize) -> Column {
    Column { title, most, is_number: true }
}

/// Wide enough for a uuid.
pub(super) const UUID: Column = text("Uuid", 36);

/// The title line and one line for each row. A column is as wide as what stands
/// in it, up to its limit; what is longer is cut.
pub(super) fn table<const N: usize>(columns: &[Column; N], rows: &[[String; N]]) -> String {
    let mut widths = columns.map(|column| column.title.len());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for (width, column) in widths.iter_mut().zip(columns) {
        *width = (*width).min(column.most.max(column.title.len()));
    }
    let titles = columns.map(|column| column.title.to_owned());
    let mut text = row(columns, &widths, &titles);
    for cells in rows {
        text.push_str(&row(columns, &widths, cells));
    }
    text
}

/// One line of a table whose columns are all as wide as they may be, so that
/// lines can be printed as they come.
pub(super) fn fixed_row<const N: usize>(columns: &[Column; N], cells: &[String; N]) -> String {
    row(columns, &columns.map(|column| column.most), cells)
}

/// The title line to [`fixed_row`].
pub(super) fn fixed_titles<const N: usize>(columns: &[Column; N]) -> String {
    fixed_row(columns, &columns.map(|column| column.title.to_owned()))
}

fn row<const N: usize>(columns: &[Column; N], widths: &[usize; N], cells: &[String; N]) -> String {
    let cells = cells.iter().zip(columns).zip(widths).map(|((cell, column), &width)| {
        let cell: String = one_line(cell).chars().take(width).collect();
        match column.is_number {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        }
    });
    let line = cells.collect::<Vec<_>>().join(" ");
    line.trim_end().to_owned() + "\n"
}

/// Without line ends and other control characters: one value can not look like
/// two lines.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_needed() {
        let columns = [text("Name", 6), number("Count", 9)];
        let rows =
            [["a".to_owned(), "7".to_owned()], ["longer name".to_owned(), "1000000".to_owned()]];
        let wanted = "Name     Count\na            7\nlonger 1000000\n";
        assert_eq!(table(&columns, &rows), wanted);
        assert_eq!(table(&columns, &[]), "Name Count\n");
    }

    #[test]
    fn no_value_becomes_a_line() {
        let columns = [text("Name", 20)];
        let rows = [["a\nb\u{1b}[2J".to_owned()]];
        assert_eq!(table(&columns, &rows), "Name\na b [2J\n");
    }

    #[test]
    fn fixed_rows_stand_below_each_other() {
        let columns = [text("Name", 6), text("Numbers", 80)];
        assert_eq!(fixed_titles(&columns), "Name   Numbers\n");
        let cells = ["ü".to_owned(), "1:300".to_owned()];
        assert_eq!(fixed_row(&columns, &cells), "ü      1:300\n");
    }
}
