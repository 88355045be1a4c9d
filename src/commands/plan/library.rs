//! A plan of data in memory, for the library.

use std::path::Path;

use super::{PlanError, Planned, Source, boot, inputs, source_list};

/// The content of a NoCloud seed.
#[derive(Clone, Default)]
#[allow(clippy::struct_field_names, reason = "the field's own names")]
pub(crate) struct Data {
    pub(crate) user_data: Option<Vec<u8>>,
    pub(crate) meta_data: Option<Vec<u8>>,
    pub(crate) vendor_data: Option<Vec<u8>>,
    pub(crate) network_config: Option<Vec<u8>>,
}

/// Plans a first boot of a built-in root with that seed.
pub(crate) fn of_data(distro: &str, data: &Data) -> Result<Planned, PlanError> {
    let source = Source { distro: Some(distro.to_owned()), ..Source::default() };
    let mut inputs = inputs(&source)?;
    let seed = Path::new("/var/lib/cloud/seed/nocloud");
    let given = [
        ("user-data", data.user_data.clone().unwrap_or_default()),
        ("meta-data", data.meta_data.clone().unwrap_or_else(|| b"instance-id: planned\n".to_vec())),
    ];
    let optional = [("vendor-data", &data.vendor_data), ("network-config", &data.network_config)];
    let optional = optional.into_iter().filter_map(|(name, bytes)| Some((name, bytes.clone()?)));
    inputs.files.extend(given.into_iter().chain(optional).map(|(name, bytes)| (seed.join(name), bytes)));
    inputs.files.push(source_list("NoCloud"));
    let named = [
        ("user-data", data.user_data.is_some()),
        ("meta-data", data.meta_data.is_some()),
        ("vendor-data", data.vendor_data.is_some()),
        ("network-config", data.network_config.is_some()),
    ];
    let names = named.iter().filter(|(_, given)| *given).map(|(name, _)| (*name).to_owned()).collect();
    boot(&inputs, None, names)
}
