//! How two texts differ, line by line.

/// The lines that only one of two texts has, `-` of the first and `+` of the second, in their order.
pub fn lines(one: &str, other: &str) -> Vec<String> {
    let (mut one, mut other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    let head = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    one.drain(..head);
    other.drain(..head);
    while !one.is_empty() && one.last() == other.last() {
        one.pop();
        other.pop();
    }
    // The length of the longest common subsequence of what is left from each pair of places on.
    let mut longest = vec![vec![0_usize; other.len() + 1]; one.len() + 1];
    for (row, line) in one.iter().enumerate().rev() {
        for (column, candidate) in other.iter().enumerate().rev() {
            longest[row][column] = if line == candidate {
                longest[row + 1][column + 1] + 1
            } else {
                longest[row + 1][column].max(longest[row][column + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut found = Vec::new();
    while row < one.len() || column < other.len() {
        if row < one.len() && column < other.len() && one[row] == other[column] {
            row += 1;
            column += 1;
        } else if column == other.len()
            || row < one.len() && longest[row + 1][column] >= longest[row][column + 1]
        {
            found.push(format!("-{}", one[row]));
            row += 1;
        } else {
            found.push(format!("+{}", other[column]));
            column += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn finds_only_what_differs() {
        assert_eq!(lines("a\nb\nc\nd", "a\nc\nx\nd"), ["-b", "+x"]);
        assert_eq!(lines("a\nb", "b\na"), ["-a", "+a"]);
        assert_eq!(lines("", "a"), ["+a"]);
        assert!(lines("a\nb", "a\nb\n").is_empty());
    }
}
