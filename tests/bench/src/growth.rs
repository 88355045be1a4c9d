//! How the time grows with the input: ten times as much should take ten times as long.

use std::fs;
use std::path::Path;

use crate::measure::measure;
use crate::table::{markdown, quantity};
use crate::{Error, file};

/// The largest exponent that counts as linear: the rest of sorting, and of caches that become too small.
const LINEAR: f64 = 1.15;
/// Under this exponent the larger input was refused or did nothing, and nothing was measured.
const IDLE: f64 = 0.5;
/// Renderers, and the distributions whose files they write.
const RENDERERS: &[(&str, &str)] = &[
    ("netplan", "ubuntu"),
    ("networkd", "photon"),
    ("network-manager", "fedora"),
    ("sysconfig", "centos"),
    ("eni", "debian"),
];

/// What is done with an input.
#[derive(Clone, Copy)]
enum Act {
    Plan,
    Schema,
    Convert,
}

/// A kind of input.
struct Kind {
    name: &'static str,
    act: Act,
    /// The larger of the two numbers: 10,000, or as many as a document may have. The smaller one is a tenth.
    most: usize,
    /// The document without its items.
    head: &'static str,
    /// An item of this number.
    item: fn(usize) -> String,
}

fn mac(number: usize) -> String {
    let [.., a, b, c] = number.to_be_bytes();
    format!("52:54:00:{a:02x}:{b:02x}:{c:02x}")
}

const KINDS: &[Kind] = &[
    Kind {
        name: "files",
        act: Act::Plan,
        most: 6_000,
        head: "#cloud-config\nwrite_files:\n",
        item: |number| format!("- {{path: /etc/app/{number}, content: c{number}}}\n"),
    },
    Kind {
        name: "users",
        act: Act::Plan,
        most: 3_000,
        head: "#cloud-config\nusers:\n",
        item: |number| format!("- {{name: u{number}, groups: [adm], sudo: 'ALL=(ALL) ALL'}}\n"),
    },
    Kind {
        name: "packages",
        act: Act::Plan,
        most: 10_000,
        head: "#cloud-config\npackages:\n",
        item: |number| format!("- p{number}\n"),
    },
    Kind {
        name: "commands",
        act: Act::Plan,
        most: 10_000,
        head: "#cloud-config\nruncmd:\n",
        item: |number| format!("- echo {number}\n"),
    },
    Kind {
        name: "parts",
        act: Act::Plan,
        most: 1_000,
        head: "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n",
        item: |number| {
            format!("--B\nContent-Type: text/cloud-config\n\n#cloud-config\nruncmd: [echo {number}]\n")
        },
    },
    Kind {
        name: "findings",
        act: Act::Schema,
        most: 10_000,
        head: "#cloud-config\n",
        item: |number| format!("wrong{number}: {number}\n"),
    },
    Kind {
        name: "findings beside secrets",
        act: Act::Schema,
        most: 4_000,
        head: "#cloud-config\nusers:\n",
        item: |number| {
            format!("- {{name: u{number}, plain_text_passwd: secret{number}, wrong{number}: 1}}\n")
        },
    },
    Kind {
        name: "links, version 1",
        act: Act::Convert,
        most: 2_800,
        head: "version: 1\nconfig:\n",
        item: |number| {
            let mac = mac(number);
            format!(
                "- {{type: physical, name: e{number}, mac_address: '{mac}', subnets: [{{type: dhcp}}]}}\n"
            )
        },
    },
    Kind {
        name: "links, version 2",
        act: Act::Convert,
        most: 3_000,
        head: "version: 2\nethernets:\n",
        item: |number| {
            let mac = mac(number);
            format!("  e{number}: {{match: {{macaddress: '{mac}'}}, set-name: e{number}, dhcp4: true}}\n")
        },
    },
    Kind {
        name: "bonds",
        act: Act::Convert,
        most: 2_500,
        head: "version: 1\nconfig:\n",
        item: |number| {
            format!(
                "- {{type: physical, name: e{number}}}\n- {{type: bond, name: b{number}, bond_interfaces: [e{number}]}}\n"
            )
        },
    },
    Kind {
        name: "VLANs",
        act: Act::Convert,
        most: 4_000,
        head: "version: 2\nethernets: {e0: {}}\nvlans:\n",
        item: |number| format!("  v{number}: {{id: {}, link: e0, dhcp4: true}}\n", number % 4000 + 1),
    },
    Kind {
        name: "routes",
        act: Act::Convert,
        most: 6_000,
        head: "version: 2\nethernets:\n  e0:\n    addresses: [10.0.0.2/8]\n    routes:\n",
        item: |number| format!("    - {{to: 10.{}.{}.0/24, via: 10.0.0.1}}\n", number >> 8, number & 255),
    },
];

impl Kind {
    fn document(&self, count: usize) -> String {
        let items: String = (0..count).map(self.item).collect();
        let end = if self.head.starts_with("MIME") { "--B--\n" } else { "" };
        format!("{}{items}{end}", self.head)
    }
}

/// A row of the table.
struct Row {
    name: String,
    most: usize,
    /// Milliseconds for one item, for a tenth, and for all.
    times: [f64; 3],
}

impl Row {
    /// The exponent of the growth, without what a single item takes.
    fn exponent(&self) -> f64 {
        let [none, tenth, all] = self.times;
        // A clock has a resolution.
        ((all - none).max(0.01) / (tenth - none).max(0.01)).log10()
    }

    fn is_linear(&self) -> bool {
        (IDLE..=LINEAR).contains(&self.exponent())
    }
}

/// Measures each kind with our program, and returns a table and whether all are linear.
pub fn growth(ours: &Path, cache: &Path, runs: usize) -> Result<(String, bool), Error> {
    let directory = cache.join(format!("growth-{}", std::process::id()));
    fs::create_dir_all(&directory).map_err(file(directory.display().to_string()))?;
    let measured = measured(ours, &directory, runs);
    fs::remove_dir_all(&directory).map_err(file(directory.display().to_string()))?;
    let rows = measured?;
    let cells = |row: &Row| {
        let [_, tenth, all] = row.times;
        let judged = if row.is_linear() { "" } else { " (not linear)" };
        vec![
            row.name.clone(),
            format!("{} → {}", row.most / 10, row.most),
            quantity(tenth, "ms"),
            quantity(all, "ms"),
            format!("{:.2}{judged}", row.exponent()),
        ]
    };
    let cells: Vec<_> = rows.iter().map(cells).collect();
    let table = markdown(&["input", "number", "CPU of a tenth", "CPU of all", "exponent"], &cells);
    Ok((table, rows.iter().all(Row::is_linear)))
}

fn measured(ours: &Path, directory: &Path, runs: usize) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for kind in KINDS {
        let renderers = if matches!(kind.act, Act::Convert) { RENDERERS } else { &[("", "")] };
        for (renderer, distribution) in renderers {
            let mut times = [f64::INFINITY; 3];
            for (time, count) in times.iter_mut().zip([1, kind.most / 10, kind.most]) {
                let input = directory.join("input");
                fs::write(&input, kind.document(count)).map_err(file(input.display().to_string()))?;
                // The least disturbed run.
                for _ in 0..runs {
                    *time = time.min(once(ours, kind.act, &input, directory, (renderer, distribution))?);
                }
            }
            let name = format!("{} {renderer}", kind.name).trim_end().to_owned();
            eprintln!("{name}");
            rows.push(Row { name, most: kind.most, times });
        }
    }
    Ok(rows)
}

/// CPU of one run, in milliseconds.
fn once(
    ours: &Path,
    act: Act,
    input: &Path,
    directory: &Path,
    (renderer, distribution): (&str, &str),
) -> Result<f64, Error> {
    let output = directory.join("output");
    let _ = fs::remove_dir_all(&output);
    let (ours, input, output) = (ours.to_string_lossy(), input.to_string_lossy(), output.to_string_lossy());
    let words: Vec<&str> = match act {
        Act::Plan => vec!["plan", "--user-data", &input],
        Act::Schema => vec!["schema", "--config-file", &input],
        Act::Convert => [
            ["devel", "net-convert"],
            ["--network-data", &input],
            ["--kind", "yaml"],
            ["--directory", &output],
            ["--distro", distribution],
            ["--output-kind", renderer],
        ]
        .concat(),
    };
    let cost = measure(&ours, &words)?;
    match cost.code {
        0..=2 => Ok(cost.own),
        code => Err(Error::Command { command: words.join(" "), output: format!("exit code {code}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents() {
        let row = |times| Row { name: String::new(), most: 10, times };
        for (times, exponent, linear) in [
            ([1.0, 11.0, 101.0], 1.0, true),
            ([1.0, 2.0, 101.0], 2.0, false),
            ([1.0, 11.0, 11.0], 0.0, false),
            ([1.0, 1.0, 1.0], 0.0, false),
        ] {
            let row = row(times);
            assert!((row.exponent() - exponent).abs() < 1e-9, "{times:?}: {}", row.exponent());
            assert_eq!(row.is_linear(), linear, "{times:?}");
        }
    }

    /// YAML's nodes are limited to 40,000: a document over the limit would be refused in no time.
    #[test]
    fn documents_are_within_the_limits() {
        for kind in KINDS {
            let document = kind.document(kind.most);
            if kind.head.starts_with("MIME") {
                continue;
            }
            let value: serde_yaml::Value = serde_yaml::from_str(&document).expect("YAML");
            assert!(nodes(&value) < 40_000, "{}: {}", kind.name, nodes(&value));
        }
    }

    fn nodes(value: &serde_yaml::Value) -> usize {
        1 + match value {
            serde_yaml::Value::Sequence(items) => items.iter().map(nodes).sum(),
            serde_yaml::Value::Mapping(map) => map.iter().map(|(key, value)| nodes(key) + nodes(value)).sum(),
            _ => 0,
        }
    }
}
