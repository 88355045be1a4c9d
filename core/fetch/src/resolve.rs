//! Resolves host names with resolv.conf and hosts, without the C library.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use hickory_resolver::TokioResolver;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Reads the machine's configuration at the first lookup: requests to an address do not need it.
#[derive(Clone, Default)]
pub(crate) struct Resolver {
    inner: std::sync::Arc<OnceLock<Result<TokioResolver, String>>>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let shared = self.inner.clone();
        Box::pin(async move {
            let known = std::fs::read_to_string("/etc/hosts").map(|text| of_hosts(&text, name.as_str()));
            if let Some(known) = known.ok().filter(|known| !known.is_empty()) {
                return Ok(Box::new(known.into_iter()) as Addrs);
            }
            let build = || {
                // The resolver's random numbers wait for /dev/random in a static program, which may be ready only once
                // getrandom(2) has made the kernel gather what it lacks.
                let _ = rustix::rand::getrandom(&mut [0_u8; 1], rustix::rand::GetRandomFlags::empty());
                let builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
                builder.build().map_err(|error| error.to_string())
            };
            let resolver = shared.get_or_init(build).as_ref().map_err(Clone::clone)?;
            let found = resolver.lookup_ip(name.as_str()).await?;
            let addresses: Vec<SocketAddr> =
                found.iter().map(|address| SocketAddr::new(address, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name in hosts(5). The resolver would also query the name servers for the family that the file does
/// not have, which takes long where there are none, as in the local stage.
fn of_hosts(text: &str, name: &str) -> Vec<SocketAddr> {
    let name = name.trim_end_matches('.');
    let of_line = |line: &str| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let address: IpAddr = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then(|| SocketAddr::new(address, 0))
    };
    text.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_looked_up_by_every_name() {
        let text =
            "127.0.0.1 localhost\n# 192.0.2.9 a\n192.0.2.1 A.example a # b\n2001:db8::1\ta\nbroken a\n";
        let found =
            |name: &str| of_hosts(text, name).iter().map(|at| at.ip().to_string()).collect::<Vec<_>>();
        assert_eq!(found("a"), ["192.0.2.1", "2001:db8::1"]);
        assert_eq!(found("a.EXAMPLE."), ["192.0.2.1"]);
        assert!(found("b").is_empty());
    }
}
