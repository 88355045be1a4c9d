//! Name servers: resolv.conf, and the NetworkManager setting to not manage it.

use etc_files::resolv::ResolvConf;
use netconfig::NetworkState;

use super::NAME;
use super::file::header;
use crate::RenderError;

/// Whether any name server or search domain is configured.
pub(super) fn is_described(state: &NetworkState) -> bool {
    let of_links = state.interfaces.values().any(|link| {
        link.subnets.iter().any(|subnet| subnet.dns_nameservers.is_some() || subnet.dns_search.is_some())
            || link.dns.as_ref().is_some_and(|dns| !dns.nameservers.is_empty() || !dns.search.is_empty())
    });
    of_links || !state.dns.nameservers.is_empty() || !state.dns.search.is_empty()
}

fn add_new(all: &mut Vec<String>, more: &[String]) {
    for item in more {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
}

/// resolv.conf with all name servers and domains; `None` if there are none.
pub(super) fn resolv_conf(
    state: &NetworkState,
    existing: Option<&[u8]>,
) -> Result<Option<String>, RenderError> {
    let (mut servers, mut domains) = (Vec::new(), Vec::new());
    for link in state.interfaces.values() {
        for subnet in &link.subnets {
            add_new(&mut servers, subnet.dns_nameservers.as_deref().unwrap_or_default());
            add_new(&mut domains, subnet.dns_search.as_deref().unwrap_or_default());
        }
        if let Some(dns) = &link.dns {
            add_new(&mut servers, &dns.nameservers);
            add_new(&mut domains, &dns.search);
        }
    }
    add_new(&mut servers, &state.dns.nameservers);
    add_new(&mut domains, &state.dns.search);
    if servers.is_empty() && domains.is_empty() {
        return Ok(None);
    }
    let mut file = ResolvConf::parse(existing.unwrap_or_default());
    let refused =
        |error: etc_files::Error| RenderError::new(NAME, &state.config.node().origin, error.to_string());
    for server in &servers {
        file.add_nameserver(server).map_err(refused)?;
    }
    for domain in &domains {
        file.add_search_domain(domain).map_err(refused)?;
    }
    let content = String::from_utf8_lossy(&file.write()).into_owned();
    let header = header(';');
    Ok(Some(if content.starts_with(&header) { content } else { format!("{header}\n{content}") }))
}
