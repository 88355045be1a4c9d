//! What a type says beside its shape: that a spelling is old, since when, and what to write in its place.
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

/// It works still and is to go: since which release, and what to write.
pub fn deprecated(version: &'static str, advice: &'static str) -> impl FnMut(&mut Schema) {
    note("deprecated", version, advice)
}

/// Its meaning or its type is another since a release.
pub fn changed(version: &'static str, advice: &'static str) -> impl FnMut(&mut Schema) {
    note("changed", version, advice)
}

/// For a form that stands beside others below one `type`, and repeats it no more.
pub fn untyped(schema: &mut Schema) {
    schema.remove("type");
}
