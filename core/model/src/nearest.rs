//! Suggests a known word for an unknown one.

/// Normalizes a word: case and the separators `-`, `_`, `/` and space are ignored.
fn plain(word: &str) -> String {
    word.chars().filter(|letter| !"-_/ ".contains(*letter)).flat_map(char::to_lowercase).collect()
}

/// Longer words are not compared: no key is that long.
const LONGEST: usize = 64;

/// The nearest of several words, if any is near enough.
pub fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if word.len() > LONGEST {
        return None;
    }
    let wanted = plain(word);
    let length = wanted.chars().count();
    if length == 0 {
        return None;
    }
    let allowed = (length / 3).clamp(1, 4);
    known
        .filter_map(|candidate| {
            let other = plain(candidate);
            let longer = other.chars().count();
            if longer.abs_diff(length) > allowed.max(2) {
                return None;
            }
            let distance = strsim::osa_distance(&wanted, &other);
            // Two letters with two changes are a different word.
            (distance <= allowed && distance < length).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_find_the_word() {
        let known =
            ["write_files", "runcmd", "users", "user", "package_update", "packages", "ntp", "ssh_pwauth"];
        for (word, expected) in [
            ("write_file", Some("write_files")),
            ("write-files", Some("write_files")),
            ("Write/Files", Some("write_files")),
            ("writefiles", Some("write_files")),
            ("runcdm", Some("runcmd")),
            ("usres", Some("users")),
            ("package", Some("packages")),
            ("ssh_pwauht", Some("ssh_pwauth")),
            ("x", None),
            ("entirely_else", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), expected, "{word}");
        }
    }
}
