//! User-data: what people write, in every wrapping that mails, clouds and tools give it.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use oracle::dice::Dice;
use serde_json::{Value, json};

use super::{merge, tree};

/// A user-data with the files that it includes.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The user-data.
    pub user: Vec<u8>,
    /// Pieces of vendor-data.
    pub vendor: Vec<Vec<u8>>,
    /// Pieces of the second vendor-data.
    pub vendor2: Vec<Vec<u8>>,
    /// Which of several instances launched together this is.
    pub launch_index: Option<i64>,
    /// Files that are included, by their path.
    pub files: BTreeMap<String, Vec<u8>>,
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

impl Input {
    /// As the driver reads it.
    pub fn json(&self) -> Value {
        let all = |pieces: &[Vec<u8>]| pieces.iter().map(|piece| base64(piece)).collect::<Vec<_>>();
        let files: BTreeMap<&String, String> =
            self.files.iter().map(|(path, bytes)| (path, base64(bytes))).collect();
        json!({"user": base64(&self.user), "vendor": all(&self.vendor), "vendor2": all(&self.vendor2),
               "launch_index": self.launch_index, "files": files})
    }
}

/// An input.
pub fn input(seed: u64, case: u64) -> Input {
    let mut dice = Dice::new(seed, case);
    let mut made = Made { dice: &mut dice, input: Input::default(), budget: 12 };
    let user = made.top(3);
    made.input.user = user;
    if made.dice.chance(15) {
        for _ in 0..=made.dice.below(2) {
            let piece = made.top(2);
            made.input.vendor.push(piece);
        }
        if made.dice.chance(50) {
            let piece = made.top(1);
            made.input.vendor2.push(piece);
        }
    }
    if made.dice.chance(30) {
        made.input.launch_index = Some(made.dice.below(3) as i64);
    }
    made.input
}

/// gzip as every tool writes it.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

struct Made<'a> {
    dice: &'a mut Dice,
    input: Input,
    /// Leaves that may still be made.
    budget: u64,
}

/// A content and the type that is honest for it.
type Leaf = (Vec<u8>, &'static str);

impl Made<'_> {
    /// A whole user-data: a message, or a content by itself; perhaps compressed.
    fn top(&mut self, depth: u64) -> Vec<u8> {
        let plain = match self.dice.below(10) {
            0 if depth > 0 => self.archive(depth - 1),
            1..4 => self.leaf(depth).0,
            _ => self.message(depth, true).into_bytes_with(self.dice),
        };
        match self.dice.below(12) {
            0 | 1 => gzip(&plain),
            2 => gzip(&gzip(&plain)),
            _ => plain,
        }
    }

    fn leaf(&mut self, depth: u64) -> Leaf {
        self.budget = self.budget.saturating_sub(1);
        match self.dice.below(22) {
            0..7 => (self.cloud_config(), "text/cloud-config"),
            7 => (self.patch(), "text/cloud-config-jsonp"),
            8..10 => (self.script(), "text/x-shellscript"),
            10 => (b"#cloud-boothook\n#!/bin/sh\ntrue\n".to_vec(), "text/cloud-boothook"),
            11 if depth > 0 => (self.include(depth - 1), "text/x-include-url"),
            12 if depth > 0 => (self.archive(depth - 1), "text/cloud-config-archive"),
            13 => (
                self.dice
                    .one(&[
                        &b"hello\nworld\n"[..],
                        b"",
                        b"   \n",
                        b"\xff\xfe\x00binary\n",
                        "t\u{e4}xt\n".as_bytes(),
                    ])
                    .to_vec(),
                "text/plain",
            ),
            14 => (self.template(), "text/jinja2"),
            15 => (b"#upstart-job\nstart on x\n".to_vec(), "text/upstart-job"),
            16 => (self.script(), "text/x-shellscript-per-boot"),
            17 => (
                self.script(),
                self.dice.one(&["text/x-shellscript-per-instance", "text/x-shellscript-per-once"]),
            ),
            18 => (
                b"some: data\n".to_vec(),
                self.dice.one(&["text/html", "application/x-tar", "image/png", "text/x-not-multipart"]),
            ),
            19 if depth > 0 => {
                let inner = self.leaf(depth - 1).0;
                (
                    gzip(&inner),
                    self.dice.one(&["application/gzip", "application/x-gzip", "application/x-compress"]),
                )
            }
            20 if depth > 0 => {
                let inner = self.message(depth - 1, true).into_bytes_with(self.dice);
                (gzip(&inner), "application/gzip")
            }
            _ => (self.cloud_config(), "text/cloud-config"),
        }
    }

    fn cloud_config(&mut self) -> Vec<u8> {
        let dice = &mut *self.dice;
        let head = dice.one(&[
            "#cloud-config",
            "#cloud-config",
            "#cloud-config",
            "#Cloud-Config",
            "  \n#cloud-config",
            "#cloud-config  # x",
            "\u{feff}#cloud-config",
        ]);
        if dice.chance(8) {
            let body = dice.one(&[
                "a: [1\n",
                "- a\n- b\n",
                "",
                "just text\n",
                "a: !!python/none\n",
                "a: =\n",
                "a:\t1\n",
                "~\n",
                "a: 1\na: 2\n",
            ]);
            return format!("{head}\n{body}").into_bytes();
        }
        let mut config = tree::mapping(dice, 2);
        if dice.chance(20) {
            config["launch-index"] =
                dice.one(&[json!(0), json!(1), json!("2"), json!("x"), Value::Null, json!(1.5), json!(true)]);
        }
        if dice.chance(25) {
            let key = dice.one(&["merge_how", "merge_type"]);
            config[key] = merge::payload(dice);
        }
        let end = dice.one(&["\n", "\n", "\r\n"]);
        let lines: Vec<String> = config
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{}: {value}", json!(key)))
            .collect();
        format!("{head}{end}{}{end}", lines.join(end)).into_bytes()
    }

    fn patch(&mut self) -> Vec<u8> {
        let path =
            self.dice.one(&["/a", "/b", "/users", "/runcmd/0", "/runcmd/-", "/a/b", "/x-y", "", "/~0~1"]);
        let operation = match self.dice.below(6) {
            0..3 => json!({"op": "add", "path": path, "value": tree::value(self.dice, 1)}),
            3 => json!({"op": "remove", "path": path}),
            4 => json!({"op": "replace", "path": path, "value": 1}),
            _ => json!({"op": self.dice.one(&["copy", "move"]), "from": "/a", "path": path}),
        };
        let body = if self.dice.chance(5) { "[not json".to_owned() } else { json!([operation]).to_string() };
        let head = self.dice.one(&[
            "#cloud-config-jsonp\n",
            "#cloud-config-jsonp\n",
            " #cloud-config-jsonp ",
            "#CLOUD-CONFIG-JSONP\n",
        ]);
        format!("{head}{body}\n").into_bytes()
    }

    fn script(&mut self) -> Vec<u8> {
        self.dice
            .one(&[
                "#!/bin/sh\necho hi\n",
                "#!/bin/sh\r\necho\r\n",
                "#!/usr/bin/env python3\nprint('\u{e4}')\n",
                " \n#!/bin/sh\n",
                "#!",
            ])
            .as_bytes()
            .to_vec()
    }

    fn template(&mut self) -> Vec<u8> {
        let head = self.dice.one(&[
            "## template: jinja\n",
            "## template: jinja\n",
            "##template: jinja\n",
            "## Template: Jinja\n",
        ]);
        let body = self.dice.one(&[
            "#cloud-config\na: {{ v1.instance_id }}\nb: {{ ds.meta_data.user_name }}\n",
            "#!/bin/sh\necho {{ instance_id }} {{ gone }}\n",
            "#cloud-config\na: {% if v1.nope %}1{% else %}2{% endif %}\n",
            "#cloud-config\na: {{ v1.cloud-name }}\n",
            "#cloud-config\na: {{ unclosed\n",
            "#cloud-boothook\n#!/bin/sh\n",
            "hello {{ v1.cloud_name }}\n",
            "#include\nfile:///inc/none\n",
            "{# nothing #}",
        ]);
        format!("{head}{body}").into_bytes()
    }

    fn include(&mut self, depth: u64) -> Vec<u8> {
        let mut lines = vec![self.dice.one(&["#include", "#include-once", "#Include"]).to_owned()];
        for _ in 0..=self.dice.below(2) {
            let name = format!("/inc/{}", self.input.files.len());
            let content = if self.budget == 0 { self.cloud_config() } else { self.top(depth) };
            self.input.files.insert(name.clone(), content);
            match self.dice.below(8) {
                0 => lines.push(format!("  file://{name}  ")),
                1 => lines.push(format!("#include-once file://{name}")),
                2 => lines.push(format!("#include file://{name}")),
                3 => lines.extend([String::new(), "# file:///not/this".into(), format!("file://{name}")]),
                4 => lines.push(name),
                _ => lines.push(format!("file://{name}")),
            }
        }
        if self.dice.chance(4) {
            lines.push("file:///inc/missing".into());
        }
        let end = self.dice.one(&["\n", "\n", "\r\n"]);
        (lines.join(end) + end).into_bytes()
    }

    fn archive(&mut self, depth: u64) -> Vec<u8> {
        if self.dice.chance(6) {
            return self
                .dice
                .one(&[
                    "#cloud-config-archive\na: 1\n",
                    "#cloud-config-archive\n- [\n",
                    "#cloud-config-archive\n",
                ])
                .as_bytes()
                .to_vec();
        }
        let mut entries = Vec::new();
        for _ in 0..=self.dice.below(3) {
            let (content, kind) = self.leaf(depth);
            let Ok(content) = String::from_utf8(content) else { continue };
            let entry = match self.dice.below(6) {
                0 => json!(content),
                1 => json!({"content": content, "type": kind}),
                2 => json!({"content": content, "filename": self.name()}),
                3 => {
                    json!({"content": content, "type": kind, "launch-index": self.dice.below(3), "Merge-Type": merge::text(self.dice)})
                }
                4 => {
                    json!({"content": content, "type": kind, "X-Other": "o", "Content-Disposition": "inline"})
                }
                _ => self.dice.one(&[
                    json!(5),
                    json!({}),
                    json!(["x"]),
                    json!({"type": "text/plain"}),
                    json!({"content": 5}),
                ]),
            };
            entries.push(entry.to_string());
        }
        let lines: Vec<String> = entries.iter().map(|entry| format!("- {entry}\n")).collect();
        format!("#cloud-config-archive\n{}", lines.concat()).into_bytes()
    }

    fn name(&mut self) -> String {
        self.dice
            .one(&[
                "a.sh",
                "part.txt",
                "../up/x",
                "with space.cfg",
                "t\u{e4}st.sh",
                "quo\"te",
                "semi;colon",
                "",
                ".",
                "..",
                "x\ty",
            ])
            .to_owned()
    }

    /// A message: several parts, or one with headers.
    fn message(&mut self, depth: u64, outermost: bool) -> Text {
        if depth == 0 || self.budget == 0 || self.dice.chance(20) {
            return self.part(depth, outermost);
        }
        let boundary = self.dice.one(&["==B==", "x", "=_a b", "b'(1)+_,-./:=?"]);
        let boundary = format!("{boundary}{depth}{}", self.budget);
        let subtype = self.dice.one(&["mixed", "mixed", "mixed", "alternative", "digest", "related"]);
        let mut headers = vec![format!("Content-Type: multipart/{subtype}; boundary=\"{boundary}\"")];
        if outermost || self.dice.chance(50) {
            headers.insert(self.dice.below(2) as usize, "MIME-Version: 1.0".into());
        }
        if self.dice.chance(5) {
            headers[0] = format!("Content-Type: multipart/{subtype};\n boundary=\"{boundary}\"");
        }
        let mut body = Vec::new();
        if self.dice.chance(15) {
            body.extend_from_slice(b"a preamble\n");
        }
        for _ in 0..=self.dice.below(4) {
            let part = if self.dice.chance(20) {
                self.message(depth - 1, false)
            } else {
                self.part(depth - 1, false)
            };
            body.extend_from_slice(format!("--{boundary}\n").as_bytes());
            body.extend_from_slice(&part.bytes());
            body.push(b'\n');
        }
        if self.dice.chance(92) {
            body.extend_from_slice(format!("--{boundary}--\n").as_bytes());
        }
        if self.dice.chance(10) {
            body.extend_from_slice(b"an epilogue\n");
        }
        Text { headers, body }
    }

    fn part(&mut self, depth: u64, outermost: bool) -> Text {
        let (content, honest) = self.leaf(depth);
        let kind = match self.dice.below(12) {
            0 | 1 => "text/plain",
            2 => "text/x-shellscript",
            3 => self.dice.one(&[
                "application/octet-stream",
                "text/html",
                "TEXT/Plain",
                "nonsense",
                "text/cloud-config; charset=\"us-ascii\"",
            ]),
            _ => honest,
        };
        let mut headers = Vec::new();
        if outermost || self.dice.chance(60) {
            headers.push("MIME-Version: 1.0".to_owned());
        }
        if !self.dice.chance(6) {
            let charset = self.dice.one(&["", "", "; charset=\"utf-8\"", "; charset=us-ascii"]);
            headers.push(format!("Content-Type: {kind}{}", if kind.contains(';') { "" } else { charset }));
        }
        // Raw bytes beyond ASCII are damaged by the original's reader: a few cases of it will do.
        let plain = content.is_ascii() || (std::str::from_utf8(&content).is_ok() && self.dice.chance(5));
        let body = match self.dice.below(if plain { 9 } else { 4 }) {
            0..3 => {
                headers.push(
                    self.dice
                        .one(&["Content-Transfer-Encoding: base64", "content-transfer-encoding: BASE64"])
                        .to_owned(),
                );
                wrapped(&base64(&content))
            }
            3 => {
                headers.push("Content-Transfer-Encoding: quoted-printable".into());
                quoted(&content)
            }
            4 if content.is_ascii() => {
                headers.push("Content-Transfer-Encoding: 7bit".into());
                content
            }
            5 => {
                headers.push(
                    self.dice
                        .one(&[
                            "Content-Transfer-Encoding: 8bit",
                            "Content-Transfer-Encoding: x-unknown",
                            "Content-Transfer-Encoding: binary",
                        ])
                        .to_owned(),
                );
                content
            }
            _ => content,
        };
        self.describe(&mut headers);
        Text { headers, body }
    }

    /// Headers that say something of a part.
    fn describe(&mut self, headers: &mut Vec<String>) {
        if self.dice.chance(60) {
            let name = self.name();
            let ascii: String = name.chars().filter(|letter| letter.is_ascii() && *letter != '"').collect();
            headers.push(match self.dice.below(5) {
                0 => format!(
                    "Content-Disposition: attachment; filename={}",
                    ascii.replace([' ', ';', '\t'], "")
                ),
                1 => {
                    format!("Content-Disposition: attachment; filename*=utf-8''{}", ascii.replace(' ', "%20"))
                }
                2 => "Content-Disposition: inline".into(),
                _ => format!("Content-Disposition: attachment; filename=\"{ascii}\""),
            });
        }
        if self.dice.chance(15) {
            headers.push(format!("Launch-Index: {}", self.dice.one(&["0", "1", "2", " 1 ", "x", "", "1.0"])));
        }
        if self.dice.chance(20) {
            let name = self.dice.one(&["Merge-Type", "X-Merge-Type", "merge-type"]);
            headers.push(format!("{name}: {}", merge::text(self.dice)));
        }
        if self.dice.chance(5) {
            headers.push("X-Other: folded\n  over lines".into());
        }
    }
}

fn wrapped(text: &str) -> Vec<u8> {
    let lines: Vec<String> =
        text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    (lines.join("\n") + "\n").into_bytes()
}

fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in bytes {
        match byte {
            b'\n' => out.push(b'\n'),
            b'=' | b'\r' | b'\t' | 0..0x20 | 0x7f.. => {
                out.extend_from_slice(format!("={byte:02X}").as_bytes());
            }
            _ => out.push(*byte),
        }
    }
    out
}

/// A message as text.
struct Text {
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Text {
    fn bytes(&self) -> Vec<u8> {
        let mut out = self.headers.join("\n").into_bytes();
        if !self.headers.is_empty() {
            out.push(b'\n');
        }
        out.push(b'\n');
        out.extend_from_slice(&self.body);
        out
    }

    /// The whole, now and then with the line ends of Windows or the first line of a mailbox.
    fn into_bytes_with(self, dice: &mut Dice) -> Vec<u8> {
        let bytes = self.bytes();
        match dice.below(20) {
            0 => String::from_utf8(bytes).map_or_else(std::string::FromUtf8Error::into_bytes, |text| {
                text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
            }),
            1 => [b"From nobody Mon Jan  1 00:00:00 2024\n".as_slice(), &bytes].concat(),
            _ => bytes,
        }
    }
}
