//! Values that print otherwise here than by Python: everything beside them has to be the same.

/// What is printed otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// `CI_MISSING_JINJA_VAR/x`, of which ours prints nothing.
    Marker,
    /// A tuple, a range, a view of a mapping, a function.
    Type,
}

const MARKER: &str = "CI_MISSING_JINJA_VAR/";

/// The tokens by which two texts differ; `None` where they differ in anything else.
pub fn tokens(theirs: &str, ours: &str) -> Option<Vec<Token>> {
    let mut budget = 100_000_u32;
    let mut found = Vec::new();
    walk(theirs, ours, &mut found, &mut budget).then_some(found)
}

/// A way through both texts, with as few tokens as possible before others are tried.
fn walk(theirs: &str, ours: &str, found: &mut Vec<Token>, budget: &mut u32) -> bool {
    let same: usize = theirs
        .char_indices()
        .zip(ours.chars())
        .take_while(|((_, one), other)| one == other)
        .map(|((_, one), _)| one.len_utf8())
        .sum();
    if same == theirs.len() && same == ours.len() {
        return true;
    }
    // A token may begin before the first character that differs: `(1` and `[1`, a marker before a marker.
    let starts = theirs[..same].char_indices().map(|(start, _)| start).chain([same]).rev();
    for start in starts {
        for (token, theirs, ours) in steps(&theirs[start..], &ours[start..]) {
            let Some(left) = budget.checked_sub(1) else { return false };
            *budget = left;
            found.push(token);
            if walk(theirs, ours, found, budget) {
                return true;
            }
            found.pop();
        }
    }
    false
}

/// The texts behind each token that may stand here.
fn steps<'a>(theirs: &'a str, ours: &'a str) -> Vec<(Token, &'a str, &'a str)> {
    let mut out = Vec::new();
    out.extend(after_marker(theirs).map(|rest| (Token::Marker, rest, ours)));
    if let Some(rest) = theirs.strip_prefix("Undefined") {
        out.extend(after_marker(ours).map(|own| (Token::Type, rest, own)));
    }
    for head in ["<function ", "<TemplateReference "] {
        if let Some((_, rest)) = theirs.strip_prefix(head).and_then(|rest| rest.split_once('>')) {
            out.push((Token::Type, rest, ours));
        }
    }
    if let Some((listed, rest)) = range(theirs)
        && let Some(own) = ours.strip_prefix(&listed)
    {
        out.push((Token::Type, rest, own));
    }
    for wrapper in ["dict_keys(", "dict_values(", "dict_items(", "Markup("] {
        if let Some((inner, rest)) = theirs.strip_prefix(wrapper).and_then(enclosed) {
            // Tuples among the items may be lists of ours.
            for end in (0..=ours.len()).filter(|end| ours.is_char_boundary(*end)) {
                if tokens(inner, &ours[..end]).is_some() {
                    out.push((Token::Type, rest, &ours[end..]));
                    break;
                }
            }
        }
    }
    if let Some((inner, rest)) = theirs.strip_prefix('(').and_then(enclosed)
        && let Some((own, own_rest)) = ours.strip_prefix('[').and_then(enclosed)
        && tokens(inner.strip_suffix(',').unwrap_or(inner), own).is_some()
    {
        out.push((Token::Type, rest, own_rest));
    }
    out
}

/// What may be behind a marker: where its name ends is not to be seen.
fn after_marker(text: &str) -> impl Iterator<Item = &str> {
    let named = text.strip_prefix(MARKER).unwrap_or_default();
    let is_of_name = |next: char| next.is_alphanumeric() || next == '_';
    let longest = named.len() - named.trim_start_matches(is_of_name).len();
    (1..=longest).rev().filter_map(|end| named.get(end..))
}

/// The list that a range stands for, and what is behind it.
fn range(text: &str) -> Option<(String, &str)> {
    let (inner, rest) = text.strip_prefix("range(").and_then(enclosed)?;
    let bounds: Vec<i64> = inner.split(", ").map(|bound| bound.parse().ok()).collect::<Option<_>>()?;
    let (from, to, step) = match bounds.as_slice() {
        [from, to] => (*from, *to, 1),
        [from, to, step] if *step != 0 => (*from, *to, *step),
        _ => return None,
    };
    let mut numbers = Vec::new();
    let mut next = from;
    while (step > 0 && next < to) || (step < 0 && next > to) {
        numbers.push(next.to_string());
        next = next.checked_add(step)?;
    }
    Some((format!("[{}]", numbers.join(", ")), rest))
}

/// What stands before the bracket that closes, and what behind it. Quoted brackets do not count.
fn enclosed(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    for (position, next) in text.char_indices() {
        match (next, quote) {
            _ if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            (_, Some(open)) if next == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(next),
            ('(' | '[' | '{', None) => depth += 1,
            (')' | ']' | '}', None) if depth == 0 => {
                return Some((&text[..position], &text[position + 1..]));
            }
            (')' | ']' | '}', None) => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Token::{Marker, Type};
    use super::tokens;

    #[test]
    fn only_the_tokens_may_differ() {
        for (theirs, ours, expected) in [
            ("a CI_MISSING_JINJA_VAR/x b", "a  b", Some(vec![Marker])),
            ("CI_MISSING_JINJA_VAR/aCI_MISSING_JINJA_VAR/bc", "c", Some(vec![Marker, Marker])),
            ("CI_MISSING_JINJA_VAR/a|CI_MISSING_JINJA_VAR/b", "CI_MISSING_JINJA_VAR/a|", Some(vec![Marker])),
            ("('a', 1)x", "['a', 1]x", Some(vec![Type])),
            ("[(1,), ('(', 2)]", "[[1], ['(', 2]]", Some(vec![Type, Type])),
            ("range(1, 9, 3)-", "[1, 4, 7]-", Some(vec![Type])),
            ("dict_items([('C', 3)])\n", "[('C', 3)]\n", Some(vec![Type])),
            ("Markup('[1]')x", "'[1]'x", Some(vec![Type])),
            ("<function generate at 0x7f> | ", " | ", Some(vec![Type])),
            ("[Undefined]", "[CI_MISSING_JINJA_VAR/gone]", Some(vec![Type])),
            ("CI_MISSING_JINJA_VAR/x b", " c", None),
            ("('a', 1)x", "['a', 2]x", None),
            ("range(0, 3)", "[0, 1]", None),
            ("a", "b", None),
        ] {
            assert_eq!(tokens(theirs, ours), expected, "{theirs} {ours}");
        }
    }
}
