//! Which names of mirrors resolve.

use std::cell::OnceCell;

use model::Context;
use model::effects::Command;

/// Names that no honest name server resolves, the last one in the search list of resolv.conf(5). Some providers answer
/// every question with the address of a server of their own.
const NOWHERE: &[&str] =
    &["does-not-exist.example.com.", "example.invalid.", "__cloud_init_expected_not_found__"];

/// The resolver of the system.
pub(super) struct Resolver<'a> {
    context: &'a Context<'a>,
    redirects: OnceCell<Vec<String>>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self { context, redirects: OnceCell::new() }
    }

    /// The first URL whose host name resolves. A plan assumes that it is the first one.
    pub(super) fn first(&self, candidates: &[String]) -> Option<String> {
        tracing::debug!("search for mirror in candidates: {}", candidates.len());
        let first = candidates.first()?;
        let found = candidates.iter().find(|url| host(url).is_some_and(|name| self.resolves(&name)));
        let note = "of the candidate mirrors, the first one whose name resolves is used; the plan assumes that all do";
        found.or_else(|| self.context.system.journal.note(note).then_some(first)).cloned()
    }

    fn resolves(&self, name: &str) -> bool {
        if name.parse::<std::net::IpAddr>().is_ok() {
            return true;
        }
        // An option is no name.
        if name.starts_with('-') {
            return false;
        }
        let Some(address) = self.addresses(name).into_iter().next() else { return false };
        let redirects =
            self.redirects.get_or_init(|| NOWHERE.iter().flat_map(|name| self.addresses(name)).collect());
        !redirects.contains(&address)
    }

    fn addresses(&self, name: &str) -> Vec<String> {
        let output = self.context.system.commands.run(&Command::line(["getent", "ahosts", name]));
        let text = output.map(|output| output.text()).unwrap_or_default();
        text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    }
}

/// The host in a URL, in lower case, without user, port and the brackets of IPv6.
pub(super) fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let name = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!name.is_empty()).then(|| name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_url() {
        for (url, expected) in [
            ("http://Mirror.example.org/debian", Some("mirror.example.org")),
            ("http://user:secret@m:3142/x", Some("m")),
            ("http://[fe80::1]:80/x", Some("fe80::1")),
            ("http:///x", None),
            ("mirror", None),
        ] {
            assert_eq!(host(url).as_deref(), expected, "{url}");
        }
    }
}
