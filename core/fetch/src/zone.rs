//! URLs with a zone (`http://[fe80::a9fe:a9fe%25eth0]/`, RFC 6874), which URL libraries do not support.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::Path;

/// The name that replaces the address in the library.
pub(crate) const NAME: &str = "link-local.invalid";

/// An address on a certain device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Zone {
    address: Ipv6Addr,
    link: String,
    port: u16,
}

impl Zone {
    /// The address with the device's index.
    pub(crate) fn address(&self) -> Result<SocketAddr, String> {
        let path = Path::new("/sys/class/net").join(&self.link).join("ifindex");
        let index = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
        let index = index.ok_or_else(|| format!("no network device {}", self.link))?;
        Ok(SocketAddrV6::new(self.address, self.port, 0, index).into())
    }

    /// The Host header for the service.
    pub(crate) fn host(&self) -> String {
        if self.port == 80 {
            format!("[{}]", self.address)
        } else {
            format!("[{}]:{}", self.address, self.port)
        }
    }
}

/// The target of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The URL for the library.
    pub(crate) url: String,
    /// The zone in it.
    pub(crate) zone: Option<Zone>,
}

impl Target {
    pub(crate) fn read(url: &str) -> Result<Self, String> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err("only http:// and https:// are supported".into());
        }
        let plain = Self { url: url.to_owned(), zone: None };
        let Some((scheme, rest)) = url.split_once("://[") else { return Ok(plain) };
        let Some((inside, after)) = rest.split_once(']') else { return Ok(plain) };
        let Some((address, link)) = inside.split_once('%') else { return Ok(plain) };
        let link = link.strip_prefix("25").unwrap_or(link).to_owned();
        let valid = !link.is_empty() && !link.contains('/') && link != "..";
        let address: Ipv6Addr = address.parse().map_err(|_| format!("'{address}' is not an IPv6 address"))?;
        if !valid {
            return Err(format!("'{link}' is not a network device"));
        }
        let path = after.find('/').map_or("/", |at| &after[at..]);
        let port = after.strip_prefix(':').map(|rest| rest.split('/').next().unwrap_or(rest));
        let port = match port {
            Some(port) => port.parse().map_err(|_| format!("'{port}' is not a port"))?,
            None if scheme == "https" => 443,
            None => 80,
        };
        let zone = Zone { address, link, port };
        Ok(Self { url: format!("{scheme}://{NAME}:{port}{path}"), zone: Some(zone) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_taken_out_of_the_address() {
        let target = Target::read("http://[fe80::a9fe:a9fe%25eth0]/openstack/").expect("valid");
        assert_eq!(target.url, "http://link-local.invalid:80/openstack/");
        assert_eq!(target.zone.expect("there").host(), "[fe80::a9fe:a9fe]");
        assert_eq!(Target::read("http://[fd00:ec2::254]/x").expect("valid").zone, None);
        assert!(Target::read("http://[fe80::1%25../x]/").is_err());
        assert!(Target::read("ftp://x/").is_err());
    }
}
