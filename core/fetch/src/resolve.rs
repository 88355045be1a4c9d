//! Resolves host names with resolv.conf and hosts, without the C library.

use std::net::SocketAddr;
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
            let build = || {
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
