//! Which data source this machine has.

use std::panic::{AssertUnwindSafe, catch_unwind};

use model::datasource::SourceStage;
use model::{Crawl, DataSource, Identified, Instance, Node, Platform, SourceError, Stage};

use super::Boot;
use crate::Registry;

/// The names of `datasource_list`.
fn names(config: &Node) -> Vec<String> {
    let list = config.get("datasource_list").and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(Node::as_str).map(str::to_owned).collect()
}

/// Whether a source is to be taken without detection: it is the only one in the list but for None, or the kernel
/// command line names it.
fn is_forced(platform: &Platform<'_>, names: &[String], name: &str) -> bool {
    let named = ["ci.ds", "ci.datasource", "ds"]
        .iter()
        .filter_map(|key| platform.cmdline_value(key))
        .any(|value| value.split(';').next().is_some_and(|word| word.eq_ignore_ascii_case(name)));
    let alone = match names {
        [only] => only == name,
        [first, last] => first == name && last == "None",
        _ => false,
    };
    named || alone
}

/// What each source of the list says of this machine, in the list's order. Serves ds-identify and the stages.
pub fn identify_all<'r>(
    registry: &'r Registry,
    platform: &Platform<'_>,
    config: &Node,
) -> Vec<(&'r dyn DataSource, Identified)> {
    let names = names(config);
    names
        .iter()
        .filter_map(|name| registry.source(name))
        .map(|source| {
            let found = if is_forced(platform, &names, source.name()) {
                Identified::Found
            } else {
                source.identify(platform)
            };
            (source, found)
        })
        .collect()
}

/// Crawls so that a fault of ours in one source is an error of that source only.
fn guarded(source: &dyn DataSource, crawl: &mut Crawl<'_>) -> Result<Option<Instance>, SourceError> {
    catch_unwind(AssertUnwindSafe(|| source.crawl(crawl))).unwrap_or_else(|_| {
        let reason = "it panicked, which is a fault of this program".to_owned();
        Err(SourceError::Broken { place: source.name().to_owned(), reason })
    })
}

/// What a search came to.
pub(super) enum Search {
    /// This instance.
    Found(Box<Instance>),
    /// Nothing, and these sources that are here could not be read.
    Nothing(Vec<String>),
}

impl Boot<'_> {
    /// Asks each source of a stage that may be here, in the list's order; the first that answers wins.
    pub(super) fn search(&self, stage: Stage) -> Search {
        let wanted = super::source_stage(stage);
        let platform = self.platform();
        let cached = self.cached();
        let mut failed = Vec::new();
        let candidates = identify_all(self.registry, &platform, &self.config);
        for (source, identified) in
            candidates.into_iter().filter(|(source, _)| source.stages().contains(&wanted))
        {
            let name = source.name();
            if identified == Identified::No {
                tracing::debug!("{name}: not on this machine");
                continue;
            }
            let which = if wanted == SourceStage::Local { "Local" } else { "Net" };
            let step = self
                .reporter
                .start(&format!("search-{name}"), &format!("searching for {which} data from {name}"));
            match self.crawl(source, &platform, wanted, cached.as_ref()) {
                Ok(Some(instance)) => {
                    step.finish(true, Some(&format!("found {} data from {name}", which.to_lowercase())));
                    return Search::Found(Box::new(instance));
                }
                Ok(None) => {
                    step.finish(true, Some(&format!("no {} data found from {name}", which.to_lowercase())));
                }
                Err(error) => {
                    step.finish(false, None);
                    tracing::warn!("Getting data from {name} failed: {error}");
                    failed.push(name.to_owned());
                }
            }
        }
        Search::Nothing(failed)
    }

    /// Asks one source.
    pub(super) fn crawl(
        &self,
        source: &dyn DataSource,
        platform: &Platform<'_>,
        stage: SourceStage,
        cached: Option<&Instance>,
    ) -> Result<Option<Instance>, SourceError> {
        let mut crawl = Crawl {
            platform,
            stage,
            fallback_link: self.fallback_link(),
            dhcp_clients: self.dhcp_clients(),
            cached,
        };
        guarded(source, &mut crawl)
    }

    /// Whether the cached instance's source may still be here, so that a silent metadata service is no reason to
    /// become another instance.
    pub(super) fn cache_is_plausible(&self, cached: &Instance) -> bool {
        let platform = self.platform();
        self.registry.source(&cached.source).is_some_and(|source| {
            is_forced(&platform, &names(&self.config), source.name())
                || source.identify(&platform) != Identified::No
        })
    }

    /// The order of the DHCP clients.
    fn dhcp_clients(&self) -> Vec<String> {
        let configured =
            self.config.at(&["system_info", "network", "dhcp_client_priority"]).and_then(Node::as_list);
        match configured {
            Some(list) => list.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
            None => vec!["internal".to_owned()],
        }
    }

    fn fallback_link(&self) -> Option<String> {
        self.system.links.links().ok().and_then(|links| netconfig::fallback::link(&links))
    }
}
