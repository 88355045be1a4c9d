//! What a stage prints: what it and the programs that it runs say, without what is random or a matter of wording.

/// The comparable form: of a line of the log only its level, of generated keys neither fingerprint nor picture.
pub fn plain(text: &str) -> String {
    text.lines().filter_map(line).map(|line| line + "\n").collect()
}

fn line(line: &str) -> Option<String> {
    let is_picture =
        line.len() == 19 && (line.starts_with('|') || line.starts_with("+-")) && line.ends_with(['|', '+']);
    if is_picture {
        return None;
    }
    if let Some((head, _)) = line.split_once("]: ")
        && let Some((_, level)) = head.rsplit_once('[')
        && ["WARNING", "ERROR", "CRITICAL"].contains(&level)
    {
        return Some(level.to_owned());
    }
    let words: Vec<&str> = line
        .split(' ')
        .map(|word| if word.starts_with("SHA256:") { "SHA256:FINGERPRINT" } else { word })
        .collect();
    let line = words.join(" ");
    // A key of any kind stands before the account and the machine that it is of.
    Some(match line.split(' ').collect::<Vec<_>>().as_slice() {
        [kind, key, owner] if key.starts_with("AAAA") => format!("{kind} KEY {owner}"),
        _ => uptime(&line),
    })
}

/// Replaces `Up 37225.64 seconds`.
fn uptime(line: &str) -> String {
    match line.rsplit_once("Up ") {
        Some((before, after)) if after.trim_end_matches('.').ends_with(" seconds") => {
            format!("{before}Up TIME seconds")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn keeps_what_is_neither_random_nor_wording() {
        let printed = "Cloud-init v. 26.2 running 'init' at TIME. Up 37225.64 seconds.\n\
            |        .+..o..  |\n+----[SHA256]-----+\nSHA256:75Gs5m root@node\n\
            ecdsa-sha2-nistp256 AAAAE2Vj root@node\n2026-11-27 15:28:17,713 - util.py[WARNING]: words\n| a table | \n";
        assert_eq!(
            plain(printed),
            "Cloud-init v. 26.2 running 'init' at TIME. Up TIME seconds\nSHA256:FINGERPRINT root@node\n\
            ecdsa-sha2-nistp256 KEY root@node\nWARNING\n| a table | \n"
        );
    }
}
