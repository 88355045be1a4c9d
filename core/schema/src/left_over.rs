//! Template placeholders that were not replaced.

/// Words that begin a directive of Terraform's templates.
const DIRECTIVES: &[&str] = &["if", "else", "endif", "for", "endfor"];

/// A template directive that no shell or program uses: `%{ if x }`.
pub(crate) fn directive(text: &str) -> Option<&'static str> {
    text.split("%{").skip(1).find_map(|rest| {
        let word = rest.trim_start_matches(['~', ' ']);
        let end = word.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(word.len());
        (DIRECTIVES.contains(&&word[..end]) && rest.contains('}')).then_some("a placeholder %{ … }")
    })
}

/// A template placeholder in a text that is not a program: `${user}`, `{{ .Name }}`, `%{ if x }`, `<name>`.
pub(crate) fn placeholder(text: &str) -> Option<&'static str> {
    if text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")) {
        return Some("a placeholder {{ … }}");
    }
    let is_name = |name: &str| {
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter))
    };
    let is_phrase = |words: &str| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_- ".contains(letter);
        words.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && !words.ends_with(' ')
            && words.chars().all(plain)
    };
    let within = |open: &str, close: char, fits: &dyn Fn(&str) -> bool| {
        text.split(open).skip(1).any(|rest| rest.split_once(close).is_some_and(|(inner, _)| fits(inner)))
    };
    if within("${", '}', &is_name) {
        Some("a placeholder ${…}")
    } else if within("<", '>', &is_phrase) {
        Some("a placeholder <…>")
    } else {
        directive(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_templates_are_known() {
        for text in [
            "${user}",
            "a-${var.name}",
            "{{ .Name }}",
            "{{name}}",
            "<name>",
            "ssh-rsa <your key>",
            "%{ if x }y",
        ] {
            assert!(placeholder(text).is_some(), "{text}");
        }
        for text in
            ["$RELEASE", "Bob <bob@example.org>", "a < b > c", "%{http_code}", "100%", "<", "${", "$6$a$b"]
        {
            assert!(placeholder(text).is_none(), "{text}");
        }
        assert!(directive("curl -w '%{http_code}'").is_none());
        assert!(directive("%{~ for x in y ~}").is_some());
    }
}
