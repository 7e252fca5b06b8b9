//! What goes into the cells of a table that somebody opens in a spreadsheet.

/// What has to stand before a cell. A page's or a person's words must not become a formula in whoever's spreadsheet: a cell
/// that looks like one is led by an apostrophe, also where spaces or other marks that programs pass over stand first.
pub fn lead(cell: &str) -> &'static str {
    let first = cell.chars().find(|c| !c.is_whitespace() && !c.is_control());
    let looks_like_formula = matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
        || cell.starts_with(['\t', '\r', '\n']);
    if looks_like_formula { "'" } else { "" }
}
