//! Every example of the original's documentation: fetched from Debian's source package, never kept in this tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use oracle::root::{download, run_command};

use crate::original::Error;
use crate::{Case, Kind};

/// The release of Debian whose source package is fetched: sid's is not always there.
const SUITE: &str = "trixie";

/// The mirror that this machine takes Debian's packages from.
fn mirror() -> Option<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let parts = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten();
    files.extend(parts.filter_map(|entry| entry.ok().map(|entry| entry.path())));
    files.iter().filter_map(|path| fs::read_to_string(path).ok()).find_map(|text| {
        let words = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
        words.map(|word| word.trim_end_matches('/').to_owned()).find(|word| word.ends_with("/debian"))
    })
}

/// Fetches the documentation, once.
fn fetch(cache: &Path) -> Result<PathBuf, Error> {
    let found = cache.join("documentation");
    if found.exists() {
        return Ok(found);
    }
    let mirror = mirror().ok_or_else(|| oracle::Error::Usage("/etc/apt names no mirror of Debian".into()))?;
    let scratch = cache.join("documentation-part");
    oracle::root::remove(&scratch)?;
    let lists = scratch.join("lists");
    fs::create_dir_all(lists.join("partial")).map_err(oracle::file("lists"))?;
    let list = scratch.join("sources.list");
    fs::write(&list, format!("deb-src {mirror} {SUITE} main\n")).map_err(oracle::file("sources.list"))?;
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .current_dir(&scratch)
            .arg(format!("-oDir::Etc::SourceList={}", list.display()))
            // Without the error mode a list that could not be fetched is a warning.
            .args(["-oDir::Etc::SourceParts=/dev/null", "-oAPT::Update::Error-Mode=any"])
            .arg(format!("-oDir::State::Lists={}", lists.display()))
            .args(words);
        download(&mut command)
    };
    apt(&["update"])?;
    apt(&["source", "--download-only", "cloud-init"])?;
    run_command(Command::new("sh").current_dir(&scratch).args([
        "-c",
        "rm -rf lists && tar -xzf cloud-init_*.orig.tar.gz --wildcards '*/doc/*' && mv cloud-init-*/doc doc",
    ]))?;
    fs::rename(scratch.join("doc"), &found).map_err(oracle::file("documentation"))?;
    oracle::root::remove(&scratch)?;
    Ok(found)
}

/// The examples; `None`, said loudly, where no mirror can be reached. Anything else that goes wrong is an error.
pub fn examples(cache: &Path) -> Result<Option<Vec<Case>>, Error> {
    let directory = match fetch(cache) {
        Ok(directory) => directory,
        Err(Error::Harness(error @ oracle::Error::Unreachable { .. })) => {
            println!("SKIP: the examples of the original's documentation are not judged: {error}");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut cases = Vec::new();
    collect(&directory, &directory, &mut cases);
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    if cases.is_empty() {
        return Err(oracle::Error::Usage(format!("{}: no example was found", directory.display())).into());
    }
    Ok(Some(cases))
}

fn collect(top: &Path, directory: &Path, cases: &mut Vec<Case>) {
    for entry in fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            collect(top, &path, cases);
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = path.strip_prefix(top).unwrap_or(&path).display().to_string();
        let page = path.extension().is_some_and(|ending| ending == "rst");
        let texts = if page { blocks(&text) } else { vec![text] };
        for (number, text) in texts.into_iter().enumerate() {
            if let Some(kind) = kind(&text) {
                let name = if page { format!("{name} {}", number + 1) } else { name.clone() };
                cases.push(Case { group: "documentation", name, kind, text });
            }
        }
    }
}

/// What an example is; `None` for scripts, shell sessions and fragments.
fn kind(text: &str) -> Option<Kind> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    if first.trim() == "#cloud-config" {
        return Some(Kind::Cloud);
    }
    let begins = |key: &str| text.lines().any(|line| line.starts_with(key));
    (begins("network:") || (begins("version:") && (begins("config:") || begins("ethernets:"))))
        .then_some(Kind::Network)
}

/// The literal blocks of a page in reStructuredText, their indentation taken off.
fn blocks(page: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let opens = line.trim_start().starts_with(".. code-block::") || line.trim_end().ends_with("::");
        if !opens {
            continue;
        }
        let outside = indent(line);
        let mut block: Vec<&str> = Vec::new();
        while let Some(next) = lines.peek() {
            if !next.trim().is_empty() && indent(next) <= outside {
                break;
            }
            block.push(next);
            lines.next();
        }
        // Options of the directive stand before the first empty line.
        let options = block.iter().take_while(|line| line.trim_start().starts_with(':')).count();
        let block = &block[options..];
        let inside = block.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min();
        let text: Vec<&str> =
            block.iter().map(|line| line.get(inside.unwrap_or(0)..).unwrap_or_default()).collect();
        found.push(format!("{}\n", text.join("\n").trim_matches('\n')));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_page() {
        let page = "Title\n=====\n\n.. code-block:: yaml\n   :linenos:\n\n   #cloud-config\n   a:\n     b: 1\n\nText::\n\n  $ ls\n";
        assert_eq!(blocks(page), ["#cloud-config\na:\n  b: 1\n", "$ ls\n"]);
        assert_eq!(kind("#cloud-config\na: 1\n"), Some(Kind::Cloud));
        assert_eq!(kind("network:\n  version: 2\n"), Some(Kind::Network));
        assert_eq!(kind("$ ls\n"), None);
    }
}
