//! Network-config: which schema judges it.

use serde_json::Value;

use crate::compare::is_equal;
use crate::instance::Instance;

/// The version that a network-config says, 1 or 2; `None` for any other.
pub fn version<'d>(config: impl Into<Instance<'d>>) -> Option<u8> {
    let config: Instance<'d> = config.into();
    let inner = config.as_map()?.get("network").unwrap_or(config);
    let version = inner.as_map()?.get("version")?;
    [1_u8, 2].into_iter().find(|number| is_equal(version, &Value::from(*number)))
}
