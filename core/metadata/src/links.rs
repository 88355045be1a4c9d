//! The network devices of this machine, for metadata that names them by MAC address.

use indexmap::IndexMap;
use model::System;
use model::datasource::SourceError;

/// The names of the devices by MAC address; `place` is for errors.
pub fn by_mac(system: &System, place: &str) -> Result<IndexMap<String, String>, SourceError> {
    let links = system.links.links()?;
    netconfig::links::by_mac(&links)
        .map_err(|error| SourceError::Broken { place: place.to_owned(), reason: error.to_string() })
}

/// The name of the device that the metadata at `place` means; an error if this machine has none.
pub fn name<'n>(named: &'n IndexMap<String, String>, mac: &str, place: &str) -> Result<&'n str, SourceError> {
    named.get(mac).map(String::as_str).ok_or_else(|| SourceError::Broken {
        place: place.to_owned(),
        reason: format!("no network device of this machine has the MAC address {mac}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    #[test]
    fn a_device_is_named_by_its_address() {
        let net = "/sys/class/net/ens3";
        let machine = Scratch::new()
            .file(&format!("{net}/address"), "52:54:00:12:34:56\n")
            .file(&format!("{net}/type"), "1\n")
            .file(&format!("{net}/device/vendor"), "");
        let (system, _) = machine.system();
        let named = by_mac(&system, "http://h/").expect("one device");
        assert_eq!(name(&named, "52:54:00:12:34:56", "http://h/").expect("it exists"), "ens3");
        let error = name(&named, "02:00:00:00:00:01", "http://h/").expect_err("no such device").to_string();
        assert_eq!(
            error,
            "http://h/: no network device of this machine has the MAC address 02:00:00:00:00:01"
        );
    }
}
