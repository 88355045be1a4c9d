//! Puts changes behind switches: `a < b` becomes `(if on(1) { a == b } else if on(2) { a > b } else { a < b })`, so that one
//! build has all of them.

use std::collections::HashMap;

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::list::Change;

/// A file with switches.
#[derive(Debug, Default)]
pub struct Switched {
    /// Its text.
    pub text: String,
    /// Which bytes of the text belong to which change.
    pub parts: Vec<Part>,
}

/// The bytes of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The number of the change.
    pub id: u32,
    /// Its first byte.
    pub begin: usize,
    /// The byte after its last.
    pub end: usize,
}

/// Puts the changes of a file behind switches. What cannot be switched, such as a constant, is left out.
///
/// # Errors
///
/// If the file is not Rust.
pub fn switch(source: &str, changes: &[(u32, &Change)]) -> Result<Switched, syn::Error> {
    let parsed = syn::parse_file(source)?;
    let mut places: HashMap<_, Vec<_>> = HashMap::new();
    for &(id, change) in changes {
        places
            .entry((change.genre.as_str(), change.start()))
            .or_default()
            .push((id, change.replacement.as_str()));
    }
    let mut visitor = Visitor { source, places, edits: Vec::new() };
    visitor.visit_file(&parsed);
    Ok(apply(source, visitor.edits))
}

/// Where an edit is inserted.
enum Place {
    /// Before what ends at this byte.
    Open(usize),
    /// After what begins at this byte.
    Close(usize),
}

/// Text to insert.
struct Edit {
    at: usize,
    place: Place,
    text: Switched,
}

/// Applies the edits.
fn apply(source: &str, edits: Vec<Edit>) -> Switched {
    let mut edits: Vec<(usize, Edit)> = edits.into_iter().enumerate().collect();
    edits.sort_by_key(|(index, edit)| match edit.place {
        // At the same byte, inner ones close first, and outer ones open first.
        Place::Close(begin) => (edit.at, false, usize::MAX - begin, usize::MAX - index),
        Place::Open(end) => (edit.at, true, usize::MAX - end, *index),
    });
    let (mut result, mut done) = (Switched::default(), 0);
    for (_, edit) in edits {
        result.text.push_str(&source[done..edit.at]);
        done = edit.at;
        result.append(&edit.text);
    }
    result.text.push_str(&source[done..]);
    result
}

impl Switched {
    fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), parts: Vec::new() }
    }

    fn append(&mut self, other: &Self) {
        let begin = self.text.len();
        self.text.push_str(&other.text);
        self.parts.extend(other.parts.iter().map(|part| Part {
            begin: begin + part.begin,
            end: begin + part.end,
            ..*part
        }));
    }

    /// Appends the text of a change.
    fn change(&mut self, id: u32, text: &str) {
        let begin = self.text.len();
        self.text.push_str(text);
        self.parts.push(Part { id, begin, end: self.text.len() });
    }
}

/// The condition of a change.
fn on(id: u32) -> String {
    format!("crate::switched::on({id})")
}

/// Kind, line and column of changes.
type Key<'a> = (&'a str, (usize, usize));

struct Visitor<'a> {
    source: &'a str,
    /// The numbers of the changes and their new texts.
    places: HashMap<Key<'a>, Vec<(u32, &'a str)>>,
    edits: Vec<Edit>,
}

impl<'a> Visitor<'a> {
    fn changes(&self, genre: &'a str, span: Span) -> Vec<(u32, &'a str)> {
        let start = span.start();
        self.places.get(&(genre, (start.line, start.column + 1))).cloned().unwrap_or_default()
    }

    fn text(&self, span: Span) -> &'a str {
        &self.source[span.byte_range()]
    }

    fn open(&mut self, at: usize, end: usize, text: Switched) {
        self.edits.push(Edit { at, place: Place::Open(end), text });
    }

    fn close(&mut self, at: usize, begin: usize, text: Switched) {
        self.edits.push(Edit { at, place: Place::Close(begin), text });
    }

    /// Wraps an expression: the changed ones, each if its switch is on, else the original with the switches in it.
    fn wrap(&mut self, span: Span, changed: &[(u32, String)]) {
        if changed.is_empty() {
            return;
        }
        let mut text = Switched::of("(");
        for (id, replacement) in changed {
            text.text.push_str(&format!("if {} {{ ", on(*id)));
            text.change(*id, replacement);
            text.text.push_str(" } else ");
        }
        text.text.push_str("{ ");
        let range = span.byte_range();
        self.open(range.start, range.end, text);
        self.close(range.end, range.start, Switched::of(" })"));
    }

    /// Lets a function return at once. Returns whether its body can have switches: that of a constant function cannot.
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) -> bool {
        if signature.constness.is_some() {
            return false;
        }
        let Some(first) = block.stmts.first() else { return true };
        let mut text = Switched::default();
        for (id, value) in self.changes("FnValue", first.span()) {
            text.text.push_str(&format!("if {} {{ return ", on(id)));
            text.change(id, value);
            text.text.push_str("; } ");
        }
        self.open(first.span().byte_range().start, usize::MAX, text);
        true
    }

    /// The condition under which an arm is there at all.
    fn presence(&self, arm: &syn::Arm) -> Switched {
        let mut condition = Switched::default();
        for (id, _) in self.changes("MatchArm", arm.span()) {
            if !condition.text.is_empty() {
                condition.text.push_str(" && ");
            }
            condition.change(id, &format!("!{}", on(id)));
        }
        condition
    }

    fn guard(&mut self, mut condition: Switched, guard: &syn::Expr) {
        let changes = self.changes("MatchArmGuard", guard.span());
        if condition.text.is_empty() && changes.is_empty() {
            return;
        }
        if !condition.text.is_empty() {
            condition.text.push_str(" && ");
        }
        let closing = ")".repeat(changes.len() + 1);
        for (id, value) in changes {
            let (not, operator) = if value == "true" { ("", "||") } else { ("!", "&&") };
            condition.text.push('(');
            condition.change(id, &format!("{not}{}", on(id)));
            condition.text.push_str(&format!(" {operator} "));
        }
        condition.text.push('(');
        let range = guard.span().byte_range();
        self.open(range.start, range.end, condition);
        self.close(range.end, range.start, Switched::of(closing));
    }
}

/// Whether an expression is a chain with `let`, of which no part can be wrapped but the others' insides.
fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

impl<'a> Visit<'a> for Visitor<'a> {
    // What is evaluated by the compiler has no switches.
    fn visit_item_const(&mut self, _: &'a syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'a syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'a syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'a syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'a syn::ExprConst) {}
    fn visit_variant(&mut self, _: &'a syn::Variant) {}
    fn visit_type(&mut self, _: &'a syn::Type) {}
    fn visit_generic_argument(&mut self, _: &'a syn::GenericArgument) {}
    fn visit_pat(&mut self, _: &'a syn::Pat) {}
    fn visit_attribute(&mut self, _: &'a syn::Attribute) {}

    fn visit_expr_repeat(&mut self, repeat: &'a syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        if self.function(&item.sig, &item.block) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        if self.function(&item.sig, &item.block) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        if item.default.as_ref().is_none_or(|block| self.function(&item.sig, block)) {
            visit::visit_trait_item_fn(self, item);
        }
    }

    fn visit_expr_binary(&mut self, binary: &'a syn::ExprBinary) {
        if !has_let(&binary.left) && !has_let(&binary.right) {
            let (whole, operator) = (binary.span().byte_range(), binary.op.span().byte_range());
            let (left, right) =
                (&self.source[whole.start..operator.start], &self.source[operator.end..whole.end]);
            let changed: Vec<_> = self
                .changes("BinaryOperator", binary.op.span())
                .into_iter()
                .map(|(id, operator)| (id, format!("{left}{operator}{right}")))
                .collect();
            self.wrap(binary.span(), &changed);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'a syn::ExprUnary) {
        let operand = self.text(unary.expr.span());
        let changes = self.changes("UnaryOperator", unary.op.span());
        let changed: Vec<_> = changes.into_iter().map(|(id, _)| (id, operand.to_owned())).collect();
        self.wrap(unary.span(), &changed);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        let condition = self.presence(arm);
        match &arm.guard {
            Some((_, guard)) if !has_let(guard) => self.guard(condition, guard),
            None if !condition.text.is_empty() => {
                let mut text = Switched::of(" if ");
                text.append(&condition);
                self.close(arm.pat.span().byte_range().end, 0, text);
            }
            _ => {}
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, item: &'a syn::ExprStruct) {
        let Some(rest) = &item.rest else { return visit::visit_expr_struct(self, item) };
        let base = match self.text(rest.span()) {
            "Default::default()" => format!("{}::default()", self.text(item.path.span())),
            base => base.to_owned(),
        };
        for field in &item.fields {
            let (changes, syn::Member::Named(name)) =
                (self.changes("StructField", field.span()), &field.member)
            else {
                continue;
            };
            if field.colon_token.is_none() && !changes.is_empty() {
                self.open(field.span().byte_range().start, usize::MAX, Switched::of(format!("{name}: ")));
            }
            let changed: Vec<_> =
                changes.into_iter().map(|(id, _)| (id, format!("({base}).{name}"))).collect();
            self.wrap(field.expr.span(), &changed);
        }
        visit::visit_expr_struct(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Switches the changes `GENRE LINE:COLUMN REPLACEMENT` in a file; switches are written `1?`.
    fn switched(source: &str, changes: &[&str]) -> String {
        let changes: Vec<Change> = changes
            .iter()
            .map(|line| {
                let mut words = line.splitn(3, ' ');
                let (genre, place) = (words.next().expect("a kind"), words.next().expect("a place"));
                let (line, column) = place.split_once(':').expect("line and column");
                let number = |text: &str| text.parse::<usize>().expect("a number");
                let value = serde_json::json!({
                    "name": "", "file": "", "genre": genre, "replacement": words.next().unwrap_or_default(),
                    "span": {"start": {"line": number(line), "column": number(column)}}, "function": null,
                });
                serde_json::from_value(value).expect("a change")
            })
            .collect();
        let numbered: Vec<(u32, &Change)> = (1..).zip(&changes).collect();
        let switched = switch(source, &numbered).expect("Rust");
        for part in &switched.parts {
            assert!(switched.text.get(part.begin..part.end).is_some());
        }
        switched
            .text
            .replace("crate::switched::on(", "")
            .replace("1)", "1?")
            .replace("2)", "2?")
            .replace("3)", "3?")
    }

    #[test]
    fn each_kind_of_change_gets_its_switch() {
        for (source, changes, wanted) in [
            (
                "fn f() -> u8 { a }",
                &["FnValue 1:16 0", "FnValue 1:16 7"][..],
                "fn f() -> u8 { if 1? { return 0; } if 2? { return 7; } a }",
            ),
            ("const fn f() -> u8 { a }", &["FnValue 1:22 0"], "const fn f() -> u8 { a }"),
            ("const A: u8 = B + C;", &["BinaryOperator 1:17 -"], "const A: u8 = B + C;"),
            (
                "fn f() { g(a < b && c) }",
                &["BinaryOperator 1:14 >", "BinaryOperator 1:18 ||"],
                "fn f() { g((if 2? { a < b || c } else { (if 1? { a > b } else { a < b }) && c })) }",
            ),
            (
                "fn f() { if let A = a && b == c {} }",
                &["BinaryOperator 1:23 ||", "BinaryOperator 1:28 !="],
                "fn f() { if let A = a && (if 2? { b != c } else { b == c }) {} }",
            ),
            ("fn f() { g(!a) }", &["UnaryOperator 1:12 "], "fn f() { g((if 1? { a } else { !a })) }"),
            (
                "fn f() { match a { 1 => b, 2 if c => d, _ => e } }",
                &["MatchArm 1:20 ", "MatchArmGuard 1:33 true", "MatchArmGuard 1:33 false"],
                "fn f() { match a { 1 if !1? => b, 2 if (2? || (!3? && (c))) => d, _ => e } }",
            ),
            (
                "fn f() { A { a: b, c, ..Default::default() } }",
                &["StructField 1:14 ", "StructField 1:20 "],
                "fn f() { A { a: (if 1? { (A::default()).a } else { b }), c: (if 2? { (A::default()).c } else { c }), \
                 ..Default::default() } }",
            ),
        ] {
            assert_eq!(switched(source, changes), wanted);
        }
    }

    #[test]
    fn the_bytes_of_a_change_are_known() {
        let change = |column: usize| -> Change {
            serde_json::from_value(serde_json::json!({
                "name": "", "file": "", "genre": "BinaryOperator", "replacement": "-",
                "span": {"start": {"line": 1, "column": column}}, "function": null,
            }))
            .expect("a change")
        };
        let (one, two) = (change(13), change(17));
        let switched = switch("fn f() { (a + b + c) }", &[(7, &one), (8, &two)]).expect("Rust");
        let found: Vec<(u32, &str)> =
            switched.parts.iter().map(|part| (part.id, &switched.text[part.begin..part.end])).collect();
        assert_eq!(found, [(8, "a + b - c"), (7, "a - b")]);
    }
}
