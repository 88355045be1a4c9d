//! Finds the data source of this machine.

use std::panic::{AssertUnwindSafe, catch_unwind};

use model::datasource::SourceStage;
use model::effects::INTERNAL_ERROR;
use model::{Crawl, DataSource, Identified, Instance, Node, Platform, Settled, SourceError, Stage};

use super::Boot;
use crate::Registry;
use crate::os::OsRelease;

/// The result of each configured source, in order. Used by ds-identify and the stages.
pub fn identify_all<'r>(
    registry: &'r Registry,
    platform: &Platform<'_>,
) -> Vec<(&'r dyn DataSource, Identified)> {
    let names = platform.source_names();
    let sources = names.iter().filter_map(|name| registry.source(name));
    sources.map(|source| (source, identified(source, platform))).collect()
}

/// The result of a source; one that the administrator selected is accepted without detection. After a panic of one
/// source the others are still asked.
fn identified(source: &dyn DataSource, platform: &Platform<'_>) -> Identified {
    let name = source.about().name;
    if platform.is_named(name) {
        return Identified::Found;
    }
    platform.system.journal.part(&format!("data source {name}"));
    catch_unwind(AssertUnwindSafe(|| source.identify(platform))).unwrap_or_else(|_| {
        tracing::warn!("Getting data from {name} failed: {INTERNAL_ERROR}");
        Identified::No
    })
}

/// Crawls; a panic becomes an error of that source.
fn guarded(source: &dyn DataSource, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
    catch_unwind(AssertUnwindSafe(|| source.crawl(crawl))).unwrap_or_else(|_| {
        Err(SourceError::Broken { place: source.about().name.to_owned(), reason: INTERNAL_ERROR.to_owned() })
    })
}

/// The result of a search.
pub(super) enum Search {
    /// An instance.
    Found(Box<Instance>),
    /// No instance; these present sources could not be read.
    Nothing(Vec<String>),
}

impl Boot<'_> {
    /// Queries each possible source of a stage in order, until one answers.
    pub(super) fn search(&self, stage: Stage) -> Search {
        let wanted = super::source_stage(stage);
        let platform = self.platform();
        let mut failed = Vec::new();
        let candidates = identify_all(self.registry, &platform);
        for (source, identified) in
            candidates.into_iter().filter(|(source, _)| source.about().is_asked_in(wanted))
        {
            let name = source.about().name;
            if identified == Identified::No && !source.is_configured(&platform) {
                tracing::debug!("{name}: not on this machine");
                continue;
            }
            let which = if wanted == SourceStage::Local { "local" } else { "network" };
            let class = source.about().class(wanted).unwrap_or(name);
            let step = self.reporter.start(
                &format!("search-{}", class.replace("DataSource", "")),
                &format!("searching for {which} data from {class}"),
            );
            if identified == Identified::Found {
                tracing::debug!(target: "__init__.py", "Detected {class}");
            }
            match self.crawl(source, &platform, wanted) {
                Ok(Some(instance)) => {
                    step.finish(true, Some(&format!("found {which} data from {class}")));
                    return Search::Found(Box::new(instance));
                }
                Ok(None) => {
                    step.finish(true, Some(&format!("no {which} data found from {class}")));
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

    /// Reports a search that found nothing, or the last resort only: what was looked for, and seeds that nothing has read.
    pub(super) fn tell_nothing(&self) {
        let platform = self.platform();
        let names = platform.source_names();
        let (built, absent): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| self.registry.source(name).is_some());
        let absent = if absent.is_empty() {
            String::new()
        } else {
            format!("; not in this build: {}", absent.join(", "))
        };
        let looked = format!("no data source found; looked for {}{absent}", built.join(", "));
        let directory = self.paths.cloud_dir.join("seed");
        let seeds: Vec<String> = self.system.files.list(&directory).unwrap_or_default();
        let unused: Vec<String> = seeds
            .iter()
            .map(|name| directory.join(name))
            .filter(|seed| self.system.files.list(seed).is_ok_and(|files| !files.is_empty()))
            .map(|seed| seed.display().to_string())
            .collect();
        if unused.is_empty() {
            tracing::info!("{looked}");
        } else {
            tracing::warn!("{looked}; unused seeds: {}", unused.join(", "));
        }
    }

    /// Queries one source.
    pub(super) fn crawl(
        &self,
        source: &dyn DataSource,
        platform: &Platform<'_>,
        stage: SourceStage,
    ) -> Result<Option<Instance>, SourceError> {
        let crawl = Crawl {
            platform,
            stage,
            known: self.instance.as_ref(),
            fallback_link: self.fallback_link(),
            dhcp_clients: self.dhcp_clients(),
            version: self.registry.version.to_owned(),
            variant: &|| OsRelease::read(self.system).variant().to_ascii_lowercase(),
        };
        self.system.journal.part(&format!("data source {}", source.about().name));
        let crawled = guarded(source, &crawl);
        self.system.journal.part(&format!("stage {}", self.stage));
        crawled
    }

    /// Whether the cached instance's source may still be present, so that an unavailable metadata service does not make
    /// this another instance.
    pub(super) fn cache_is_plausible(&self, cached: &Instance) -> bool {
        let platform = self.platform();
        let source = self.registry.source(&cached.source);
        source.is_some_and(|source| {
            identified(source, &platform) != Identified::No || source.is_configured(&platform)
        })
    }

    /// Calls a hook of the instance's source; a failure does not stop the boot.
    pub(super) fn with_source(
        &self,
        act: impl FnOnce(&dyn DataSource, &Settled<'_>) -> Result<(), SourceError>,
    ) {
        let Some(instance) = &self.instance else { return };
        let Some(source) = self.registry.source(&instance.source) else { return };
        let platform = self.platform();
        let settled = Settled { platform: &platform, instance, new: self.is_first_boot() };
        let outcome = catch_unwind(AssertUnwindSafe(|| act(source, &settled)));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("{}: {error}", instance.source),
            Err(_) => tracing::warn!("{}: {INTERNAL_ERROR}", instance.source),
        }
    }

    /// The priority of DHCP clients.
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
