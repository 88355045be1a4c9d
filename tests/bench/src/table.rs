//! Medians, ratios and tables in Markdown.

/// The middle value; the mean of the two middle ones where their number is even. NaN of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// How many times smaller ours is: `12×`, `3.4×`, `0.87×`.
pub fn ratio(original: f64, ours: f64) -> String {
    let times = original / ours;
    match times {
        _ if !times.is_finite() => "-".to_owned(),
        _ if times >= 10.0 => format!("{times:.0}×"),
        _ if times >= 1.0 => format!("{times:.1}×"),
        _ => format!("{times:.2}×"),
    }
}

/// A number with three digits that tell something, and its unit.
pub fn quantity(value: f64, unit: &str) -> String {
    match value {
        _ if !value.is_finite() => "-".to_owned(),
        _ if value >= 100.0 => format!("{value:.0} {unit}"),
        _ if value >= 10.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.2} {unit}"),
    }
}

/// A table: the first column is text, the others are numbers.
pub fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head.to_vec());
    text += &format!("|---|{}\n", "--:|".repeat(head.len().saturating_sub(1)));
    for row in rows {
        text += &line(row.iter().map(String::as_str).collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert!((median([5.0, 1.0, 3.0]) - 3.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 100.0, 2.0]) - 3.0).abs() < f64::EPSILON);
        assert!(median([]).is_nan());
    }

    #[test]
    fn ratios() {
        for (original, ours, told) in [
            (120.0, 10.0, "12×"),
            (34.0, 10.0, "3.4×"),
            (8.7, 10.0, "0.87×"),
            (1.0, 0.0, "-"),
            (f64::NAN, 1.0, "-"),
        ] {
            assert_eq!(ratio(original, ours), told);
        }
    }

    #[test]
    fn quantities() {
        for (value, told) in [(1234.5, "1234 ms"), (56.78, "56.8 ms"), (1.234, "1.23 ms"), (f64::NAN, "-")] {
            assert_eq!(quantity(value, "ms"), told);
        }
    }

    #[test]
    fn tables() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["b".to_owned(), "2".to_owned()]];
        assert_eq!(markdown(&["x", "y"], &rows), "| x | y |\n|---|--:|\n| a | 1 |\n| b | 2 |\n");
    }
}
