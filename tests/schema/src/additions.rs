//! What our schema of version 2 allows beyond the original's. Each place is named with its reason in additions.json; the
//! rest of the schema, and every verdict without them, is held to the original's.

use oracle::Error::Usage;
use serde::Deserialize;
use serde_json::Value;

use crate::original::Error;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addition {
    /// A JSON pointer into our schema.
    at: String,
    /// What the original has there; nothing where it has not the key.
    theirs: Option<Value>,
    /// The reason.
    why: String,
}

/// Sections of our schema of a cloud-config whose keys the original does not have.
const SECTIONS: &[(&str, &str)] = &[("timeouts_config", "timeouts")];

/// Our schema of a cloud-config without the sections of our own. One that the original has by now is an error.
pub fn without_own_sections(mut ours: Value, original: &Value) -> Result<Value, Error> {
    for (section, key) in SECTIONS {
        let stale = || Error::from(Usage(format!("additions.rs: {section}: there is no such addition")));
        if original.pointer(&format!("/properties/{key}")).is_some() {
            return Err(stale());
        }
        let reference = serde_json::json!({"$ref": format!("#/$defs/{section}")});
        let all = ours.get_mut("allOf").and_then(Value::as_array_mut).ok_or_else(stale)?;
        all.retain(|part| *part != reference);
        for (place, name) in [("$defs", section), ("properties", key)] {
            let map = ours.get_mut(place).and_then(Value::as_object_mut).ok_or_else(stale)?;
            map.remove(*name).ok_or_else(stale)?;
        }
    }
    Ok(ours)
}

/// Our schema as the original's would be. An addition that is not there, or is the original's by now, is an error: the
/// list is as short as it can be.
pub fn taken_back(mut ours: Value, original: &Value) -> Result<Value, Error> {
    let additions: Vec<Addition> =
        serde_json::from_str(include_str!("../additions.json")).map_err(Error::Answer)?;
    for Addition { at, theirs, why } in additions {
        let stale = || Error::from(Usage(format!("additions.json: {at} ({why}): there is no such addition")));
        if original.pointer(&at) == ours.pointer(&at) {
            return Err(stale());
        }
        let (above, key) = at.rsplit_once('/').ok_or_else(stale)?;
        let above = ours.pointer_mut(above).and_then(Value::as_object_mut).ok_or_else(stale)?;
        let known = match theirs {
            Some(theirs) => above.insert(key.to_owned(), theirs),
            None => above.remove(key),
        };
        known.ok_or_else(stale)?;
    }
    Ok(ours)
}
