//! Documents for comparison: every tricky scalar in every place, malformed structures, and a list of known
//! traps.

use super::tables::{PIECES, PLACES, SCALARS, TRAPS};

/// A small deterministic random number generator.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        // xorshift64*, by Marsaglia and Vigna.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// A scalar somewhere in a document.
fn placed(random: &mut Random) -> String {
    let (before, after) = PLACES[random.below(PLACES.len())];
    format!("{before}{}{after}", random.pick(SCALARS))
}

fn soup(random: &mut Random) -> String {
    (0..=random.below(14)).map(|_| random.pick(PIECES)).collect()
}

/// A block or flow structure that is mostly well-formed.
fn structure(random: &mut Random, depth: usize, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match random.below(if depth == 0 { 2 } else { 6 }) {
        0 | 1 => {
            let scalar = random.pick(SCALARS).replace('\n', &format!("\n{pad}"));
            out.push_str(&format!(" {scalar}\n"));
        }
        2 => {
            let step = 1 + random.below(4);
            out.push('\n');
            for at in 0..=random.below(4) {
                out.push_str(&format!("{pad}{}k{at}:", " ".repeat(step)));
                structure(random, depth - 1, indent + step, out);
            }
        }
        3 => {
            let step = random.below(3);
            out.push('\n');
            for _ in 0..=random.below(4) {
                out.push_str(&format!("{pad}{}-", " ".repeat(step)));
                structure(random, depth - 1, indent + step + 1, out);
            }
        }
        4 => {
            let items: Vec<&str> = (0..random.below(5)).map(|_| random.pick(SCALARS)).collect();
            out.push_str(&format!(" [{}]\n", items.join(random.pick(&[", ", ",", "\n ,", " , "]))));
        }
        _ => {
            let items: Vec<String> = (0..random.below(4))
                .map(|_| format!("{}: {}", random.pick(SCALARS), random.pick(SCALARS)))
                .collect();
            out.push_str(&format!(" {{{}}}\n", items.join(", ")));
        }
    }
}

fn mutated(random: &mut Random, document: &str) -> String {
    let mut characters: Vec<char> = document.chars().collect();
    for _ in 0..random.below(4) {
        let at = random.below(characters.len() + 1);
        match random.below(3) {
            0 if at < characters.len() => {
                characters.remove(at);
            }
            1 if at < characters.len() => characters[at] = random.pick(PIECES).chars().next().unwrap_or('x'),
            _ => {
                let piece = random.pick(PIECES).chars();
                characters.splice(at..at, piece);
            }
        }
    }
    characters.into_iter().collect()
}

/// Double-quoted text with all kinds of characters and lengths, for the writer's folding.
fn text(random: &mut Random) -> String {
    const WORDS: &[&str] = &[
        "a",
        "word",
        "longer-word",
        " ",
        " ",
        " ",
        "  ",
        "\\n",
        "\\n\\n",
        "\\t",
        "'",
        "\\\"",
        "\\\\",
        "é",
        "\\u2028",
        "#",
        " #",
        ": ",
        ":",
        "- ",
        "?",
        "{",
        "[",
        ",",
        "0123456789012345678901234567890123456789",
        "http://example.com/",
        "\\0",
        "\\x85",
        "%",
        "@",
        "...",
        "---",
    ];
    let words: String = (0..random.below(40)).map(|_| random.pick(WORDS)).collect();
    let (before, after) = random.pick::<(&str, &str)>(&[
        &("", "\n"),
        &("k: ", "\n"),
        &("- ", "\n"),
        &("a: {b: {c: ", "}}\n"),
        &("- - - ", "\n"),
        &("", ": v\n"),
        &("? ", "\n: v\n"),
        &("k: [", ", x]\n"),
    ]);
    format!("{before}\"{words}\"{after}")
}

/// Keys and values of all types, for the order and layout of the output.
fn table(random: &mut Random) -> String {
    const KEYS: &[&str] = &[
        "a",
        "b",
        "B",
        "é",
        "1",
        "2",
        "10",
        "1.5",
        "yes",
        "~",
        "2001-01-01",
        "'1'",
        "' '",
        "a b",
        "''",
        "2001-01-01 1:00:00Z",
    ];
    let mixed = random.below(2) == 0;
    let keys = if mixed { KEYS } else { &KEYS[..4] };
    let entries: Vec<String> = (0..random.below(6))
        .map(|_| {
            let value = random.pick(&[
                "1",
                "[]",
                "{}",
                "[1, [2, {a: b}], []]",
                "{x: [y], z: {w: v}}",
                "!!binary aGVsbG8=",
                "1.0e+20",
                "x",
            ]);
            format!("? {}\n: {value}\n", random.pick(keys))
        })
        .collect();
    entries.concat()
}

/// The documents of a run: all traps, all scalars in all places or a sample of them, then random ones.
pub fn documents(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random(seed | 1);
    let mut documents: Vec<Vec<u8>> = TRAPS.iter().map(|trap| trap.as_bytes().to_vec()).collect();
    documents.extend(SCALARS.iter().flat_map(|scalar| {
        ["", "k: ", "- "].iter().map(move |before| format!("{before}{scalar}\n").into_bytes())
    }));
    for trap in TRAPS.iter().filter(|trap| trap.len() < 40).step_by(5) {
        let units = || std::iter::once(0xfeff).chain(trap.encode_utf16());
        documents.push(units().flat_map(u16::to_le_bytes).collect());
        documents.push(units().flat_map(u16::to_be_bytes).collect());
    }
    for bytes in [
        &b"a: \xff\n"[..],
        b"\xff\xfea",
        b"\xff\xfe\x00\xd8",
        b"\xfe\xff\xd8\x00\x00a",
        b"\xc3",
        b"a\xed\xa0\x80",
        b"\xff\xfe",
    ] {
        documents.push(bytes.to_vec());
    }
    let long = |n: usize| "x".repeat(n);
    for length in [1020, 1023, 1024, 1025, 1030] {
        documents.push(format!("{}: a\n", long(length)).into_bytes());
        documents.push(format!("{{{}: a}}\n", long(length)).into_bytes());
        documents.push(format!("\"{}\": a\n", long(length)).into_bytes());
        documents.push(format!("[{}]: a\n", long(length)).into_bytes());
        documents.push(format!("? {}\n: a\n", long(length)).into_bytes());
    }
    for length in 110..130 {
        documents.push(format!("{}: a\n", long(length)).into_bytes());
        documents.push(format!("'{} y': a\n", long(length)).into_bytes());
    }
    while documents.len() < count {
        let document = match random.below(12) {
            0..=2 => placed(&mut random),
            3..=5 => soup(&mut random),
            6 | 7 => {
                let mut document = "k:".to_owned();
                let depth = 1 + random.below(3);
                structure(&mut random, depth, 0, &mut document);
                if random.below(3) == 0 { mutated(&mut random, &document) } else { document }
            }
            8 => {
                let trap = random.pick(TRAPS);
                mutated(&mut random, trap)
            }
            9 | 10 => text(&mut random),
            _ => table(&mut random),
        };
        documents.push(document.into_bytes());
    }
    documents
}
