//! Annotations of types in a schema: a form is deprecated, since when, and what replaces it.
//!
//! Used as `#[schemars(transform = deprecated("24.2", "Use lock_passwd."))]` on a field or a type.

use schemars::Schema;

fn note(kind: &'static str, version: &'static str, advice: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| {
        schema.insert(kind.to_owned(), true.into());
        schema.insert(format!("{kind}_version"), version.into());
        schema.insert(format!("{kind}_description"), advice.into());
    }
}

/// It still works but will be removed: since which release, and what to use instead.
pub fn deprecated(version: &'static str, advice: &'static str) -> impl FnMut(&mut Schema) {
    note("deprecated", version, advice)
}

/// Its meaning or type changed in a release.
pub fn changed(version: &'static str, advice: &'static str) -> impl FnMut(&mut Schema) {
    note("changed", version, advice)
}

/// For a form combined with others under one `type`, which it does not repeat.
pub fn untyped(schema: &mut Schema) {
    schema.remove("type");
}
