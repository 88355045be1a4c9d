//! Which mirrors this machine uses.

use std::path::Path;

use indexmap::IndexMap;
use model::hostname::host_name;
use model::module::Report;
use model::{Context, ModuleError, Node};

use super::names::{Resolver, host};
use super::{Apt, Mirror, Mirrors};

/// The mirrors by name: PRIMARY, SECURITY, MIRROR, and those of the image under their own names.
pub(super) struct Chosen(pub(super) IndexMap<String, String>);

impl Chosen {
    /// Those of user-data, else of the image, else of the distribution.
    pub(super) fn new(context: &Context<'_>, apt: &Apt, arch: &str) -> Result<Self, ModuleError> {
        let resolver = Resolver::new(context);
        let primary = configured(context, &resolver, apt.primary.as_ref(), arch, "mirror");
        let security = configured(context, &resolver, apt.security.as_ref(), arch, "security-mirror");
        let mut found = match primary {
            Some(primary) => pair(&primary, security.as_deref().unwrap_or(&primary)),
            None => match of_image(context, &resolver, arch)? {
                Some(found) => found,
                None => default(context, arch).ok_or_else(|| {
                    ModuleError::Failed(format!("No default mirror known for arch {arch}"))
                })?,
            },
        };
        let primary = found["PRIMARY"].clone();
        found.insert("MIRROR".to_owned(), primary);
        tracing::debug!("Apt Mirror info: {} names", found.len());
        Ok(Self(found))
    }
}

fn pair(primary: &str, security: &str) -> IndexMap<String, String> {
    [("PRIMARY", primary), ("SECURITY", security)].map(|(name, url)| (name.to_owned(), url.to_owned())).into()
}

/// The archives of Ubuntu, which has two of them.
fn ubuntu(arch: &str) -> Option<IndexMap<String, String>> {
    const PORTS: &str = "http://ports.ubuntu.com/ubuntu-ports";
    match arch {
        "amd64" | "i386" => Some(pair("http://archive.ubuntu.com/ubuntu/", "http://security.ubuntu.com/ubuntu/")),
        "s390x" | "arm64" | "armhf" | "powerpc" | "ppc64el" | "riscv64" => Some(pair(PORTS, PORTS)),
        _ => None,
    }
}

/// The distribution's own archive.
fn default(context: &Context<'_>, arch: &str) -> Option<IndexMap<String, String>> {
    if context.distro.info().name == "debian" {
        return Some(pair("https://deb.debian.org/debian", "https://deb.debian.org/debian-security"));
    }
    ubuntu(arch)
}

/// The mirror of user-data: its URL, else the first candidate that resolves, else a name in DNS.
fn configured(
    context: &Context<'_>,
    resolver: &Resolver<'_>,
    mirrors: Option<&Mirrors>,
    arch: &str,
    name: &str,
) -> Option<String> {
    let mirror = of_arch(mirrors?, arch)?;
    if let Some(uri) = &mirror.uri {
        return Some(uri.0.clone());
    }
    let candidates: Vec<String> = mirror.search.iter().flatten().map(|address| address.0.0.clone()).collect();
    resolver.first(&candidates).or_else(|| {
        let by_dns = mirror.search_dns.unwrap_or_default().0;
        by_dns.then(|| resolver.first(&names_in_dns(context, name)))?
    })
}

/// The entry for an architecture, else the last one for `default`.
fn of_arch<'a>(mirrors: &'a Mirrors, arch: &str) -> Option<&'a Mirror> {
    let serves = |mirror: &&Mirror, name: &str| mirror.arches.iter().any(|arch| arch.0 == name);
    let exact = mirrors.0.iter().find(|mirror| serves(mirror, arch));
    exact.or_else(|| mirrors.0.iter().rev().find(|mirror| serves(mirror, "default")))
}

/// In this machine's domain, in localdomain, and in the domains of resolv.conf(5).
fn names_in_dns(context: &Context<'_>, name: &str) -> Vec<String> {
    let distro = &context.distro.info().name;
    let fqdn = host_name(context.system, context.config, context.instance).fqdn;
    let own = fqdn.split_once('.').map(|(_, domain)| format!(".{domain}")).filter(|domain| domain.len() > 1);
    let domains = own.into_iter().chain([".localdomain".to_owned(), String::new()]);
    domains.map(|domain| format!("http://{distro}-{name}{domain}/{distro}")).collect()
}

/// `system_info.package_mirrors`; `None` if it has none for this architecture.
fn of_image(
    context: &Context<'_>,
    resolver: &Resolver<'_>,
    arch: &str,
) -> Result<Option<IndexMap<String, String>>, ModuleError> {
    let Some(node) = context.config.at(&["system_info", "package_mirrors"]) else { return Ok(None) };
    let items = node.as_list().unwrap_or_default();
    let serves = |item: &&Node, name: &str| {
        let arches = item.get("arches").and_then(Node::as_list).unwrap_or_default();
        arches.iter().any(|arch| arch.as_str() == Some(name))
    };
    let exact = items.iter().find(|item| serves(item, arch));
    let Some(item) = exact.or_else(|| items.iter().rev().find(|item| serves(item, "default"))) else {
        return Ok(None);
    };
    let entries = |key: &str| item.get(key).and_then(Node::as_map).into_iter().flatten();
    let mut found: IndexMap<String, String> = entries("failsafe")
        .filter_map(|(name, url)| Some((name.to_string(), url.scalar_text()?)))
        .collect();
    for (name, templates) in entries("search") {
        let templates = templates.as_list().unwrap_or_default().iter().filter_map(Node::as_str);
        let candidates: Vec<String> =
            templates.filter_map(|template| sanitized(&filled(context, template)?)).collect();
        if let Some(url) = resolver.first(&candidates) {
            found.insert(name.to_string(), url);
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    for (from, to) in [("primary", "PRIMARY"), ("security", "SECURITY")] {
        let url = found.get(from).cloned().ok_or_else(|| ModuleError::Invalid {
            origin: item.origin.clone(),
            message: format!("system_info.package_mirrors: no {from} mirror for {arch}"),
        })?;
        found.insert(to.to_owned(), url);
    }
    Ok(Some(found))
}

/// A template with `%(region)s`, `%(availability_zone)s` and `%(ec2_region)s` filled in; `None` if one is not known.
fn filled(context: &Context<'_>, template: &str) -> Option<String> {
    let instance = context.instance;
    let zone = instance.availability_zone.as_deref().filter(|zone| !zone.is_empty());
    let (mut out, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once("%(") {
        let (name, after) = after.split_once(")s")?;
        out.push_str(before);
        out.push_str(match name {
            "availability_zone" => zone?,
            "region" => instance.region.as_deref().filter(|region| !region.is_empty())?,
            "ec2_region" if instance.platform == "ec2" => zone.and_then(ec2_region)?,
            _ => return None,
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out.replace("%%", "%"))
}

/// The region of a zone of EC2: `us-east-1` of `us-east-1b`.
fn ec2_region(zone: &str) -> Option<&str> {
    let region = zone.strip_suffix(|letter: char| letter.is_ascii_lowercase())?;
    let mut parts: Vec<&str> = region.split('-').collect();
    let number = parts.pop()?;
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let valid = number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && parts.len() >= 2
        && parts[0].len() == 2
        && parts.iter().all(is_word);
    valid.then_some(region)
}

/// A URL whose host consists of letters, digits, hyphens and dots only: names of regions may contain anything. `None`
/// without a host.
fn sanitized(url: &str) -> Option<String> {
    let name = host(url)?;
    if name.parse::<std::net::IpAddr>().is_ok() {
        return Some(url.to_owned());
    }
    let valid = |letter: char| if letter.is_ascii_alphanumeric() || ".-".contains(letter) { letter } else { '-' };
    let name: String = name.chars().map(valid).collect();
    let name = name.split('.').map(|label| label.trim_matches('-')).collect::<Vec<_>>().join(".");
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{name}{port}{path}"))
}

const LISTS: &str = "/var/lib/apt/lists";

/// Renames the downloaded lists of the default mirrors, so that the new mirrors' need not be downloaded completely.
pub(super) fn rename_lists(context: &Context<'_>, chosen: &Chosen, arch: &str, report: &mut Report) {
    let files = &context.system.files;
    for (name, old) in ubuntu(arch).into_iter().flatten() {
        let Some(new) = chosen.0.get(&name) else { continue };
        let (old, new) = (prefix(&old), prefix(new));
        if old == new {
            continue;
        }
        for file in files.list(Path::new(LISTS)).unwrap_or_default() {
            let Some(rest) = file.strip_prefix(&old).filter(|rest| rest.starts_with('_')) else { continue };
            let directory = Path::new(LISTS);
            if let Err(error) = files.rename(&directory.join(&file), &directory.join(format!("{new}{rest}"))) {
                report.warn(None, format!("Failed to rename apt list: {error}"));
            }
        }
    }
}

/// How apt names the lists of a mirror.
fn prefix(url: &str) -> String {
    let url = url.strip_suffix('/').unwrap_or(url);
    url.split_once("://").map_or(url, |(_, rest)| rest).replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: tests/unittests/distros/test_generic.py and test_init.py of upstream.
    #[test]
    fn names_of_regions_become_names_of_hosts() {
        for (url, expected) in [
            ("http://fk-fake-1f.clouds/", Some("http://fk-fake-1f.clouds/")),
            ("http://my_zone.clouds:80/ubuntu/", Some("http://my-zone.clouds:80/ubuntu/")),
            ("http://-_a b_.clouds/", Some("http://a-b.clouds/")),
            ("http://10.0.0.1/x", Some("http://10.0.0.1/x")),
            ("file:///x", None),
        ] {
            assert_eq!(sanitized(url).as_deref(), expected, "{url}");
        }
        for (zone, region) in [
            ("us-east-1b", Some("us-east-1")),
            ("us-gov-west-1a", Some("us-gov-west-1")),
            ("us-east-1", None),
            ("use-east-1b", None),
            ("nova", None),
        ] {
            assert_eq!(ec2_region(zone), region, "{zone}");
        }
        assert_eq!(prefix("http://archive.ubuntu.com/ubuntu/"), "archive.ubuntu.com_ubuntu");
    }
}
