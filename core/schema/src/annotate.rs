//! Annotates a document with its errors and deprecations, in upstream's format.

use std::collections::BTreeMap;

/// Appends `# E1` and `# D1` to the lines, and the messages to the end of the text. Each problem is a line number,
/// starting at 1, and a message.
pub fn annotated(text: &str, errors: &[(usize, String)], deprecations: &[(usize, String)]) -> String {
    if errors.is_empty() && deprecations.is_empty() {
        return text.to_owned();
    }
    let by_line = |problems: &[(usize, String)]| {
        let mut lines: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (line, message) in problems {
            lines.entry(*line).or_default().push(message.clone());
        }
        lines
    };
    let (mut wrong, mut old) = (by_line(errors), by_line(deprecations));
    let mut footers = [Vec::new(), Vec::new()];
    let mut lines: Vec<String> = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let mut labels: Vec<String> = Vec::new();
        for ((problems, footer), letter) in
            [&mut wrong, &mut old].into_iter().zip(&mut footers).zip(["E", "D"])
        {
            for message in problems.remove(&(index + 1)).unwrap_or_default() {
                let label = format!("{letter}{}", footer.len() + 1);
                footer.push(format!("# {label}: {message}"));
                labels.push(label);
            }
        }
        lines.push(if labels.is_empty() {
            line.to_owned()
        } else {
            format!("{line}\t\t# {}", labels.join(","))
        });
    }
    for (title, footer) in ["Errors", "Deprecations"].into_iter().zip(&footers) {
        if !footer.is_empty() {
            lines.push(format!("# {title}: -------------\n{}\n\n", footer.join("\n")));
        }
    }
    lines.join("\n")
}
