//! The network of every distribution.

use std::path::Path;

use etc_files::accounts::{Groups, Passwd};
use model::distro::Network;
use model::effects::{Attributes, Owner};
use model::network::Rendered;
use model::{DistroError, NetworkConfig, System};

use crate::convert::{self, ConvertError};
use crate::probe::{self, ACTIVATORS, Backend, RENDERERS};
use crate::{RenderError, RenderedFile, Settings, activate, rename, stale};

/// Writes for the first network manager that a system has, and brings it up.
#[derive(Clone, Debug)]
pub struct NetworkTools {
    system: System,
    settings: Settings,
}

impl From<RenderError> for DistroError {
    fn from(error: RenderError) -> Self {
        let RenderError::Unsupported { origin, renderer, what } = error;
        Self::Invalid { origin, message: format!("{renderer} cannot express {what}") }
    }
}

impl NetworkTools {
    /// The network of a distribution.
    pub fn new(system: System, settings: Settings) -> Self {
        Self { system, settings }
    }

    /// The renderer that writes, by its name in cloud.cfg.
    ///
    /// # Errors
    ///
    /// A name in `system_info.network.renderers` that is none, or no renderer that this system has.
    pub fn renderer(&self) -> Result<&'static str, DistroError> {
        self.select_renderer().map(|(name, _)| name)
    }

    fn select_renderer(&self) -> Result<(&'static str, Backend), DistroError> {
        let wanted = self.settings.renderers.as_deref();
        let available =
            |manager| probe::built_in(manager) && probe::available(&self.system, &self.settings, manager);
        let found = probe::select("renderer", &RENDERERS, wanted, available).map_err(DistroError::Failed)?;
        found.ok_or_else(|| {
            let usual = || RENDERERS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
            let searched = wanted.map_or_else(usual, <[String]>::to_vec).join(", ");
            DistroError::Failed(format!(
                "No available network renderers found. Searched through list: {searched}"
            ))
        })
    }

    fn select_activator(&self) -> Result<Option<(&'static str, Backend)>, DistroError> {
        let available = |manager| probe::available(&self.system, &self.settings, manager);
        probe::select("activator", &ACTIVATORS, self.settings.activators.as_deref(), available)
            .map_err(DistroError::Failed)
    }

    fn files(&self, config: &NetworkConfig, renderer: Backend) -> Result<Vec<RenderedFile>, DistroError> {
        let links = self.system.links.links()?;
        let state = convert::state(config, &links, renderer).map_err(rename::invalid)?;
        let surroundings = convert::Surroundings {
            links: &links,
            files: self.system.files.as_ref(),
            iproute: &|| self.system.commands.which("ip").is_some(),
            #[cfg(feature = "netplan")]
            ipv6_mtu: &|| crate::netplan::features(&self.system).iter().any(|feature| feature == "ipv6-mtu"),
            #[cfg(not(feature = "netplan"))]
            ipv6_mtu: &|| false,
        };
        convert::files(&state, renderer, &self.settings, &surroundings).map_err(|error| match error {
            ConvertError::Render(error) => error.into(),
            ConvertError::Description(error) => rename::invalid(error),
            ConvertError::File(error) => error.into(),
            error @ ConvertError::NoRenderer { .. } => DistroError::Failed(error.to_string()),
        })
    }

    fn owner(&self, name: &str) -> Owner {
        let read = |path: &str| self.system.files.read(Path::new(path)).unwrap_or_default();
        let uid = Passwd::parse(&read("/etc/passwd")).get(name).map(|user| user.uid);
        let gid = Groups::parse(&read("/etc/group")).get(name).map(|group| group.gid);
        if uid.is_none() || gid.is_none() {
            tracing::warn!("there is no user and group '{name}': its files stay root's");
        }
        Owner { uid, gid }
    }

    fn write(&self, file: &RenderedFile) -> Result<(), DistroError> {
        let attributes = Attributes {
            mode: (!file.keeps_mode).then_some(file.mode),
            owner: file.owner.map_or_else(Owner::default, |name| self.owner(name)),
            // Access points and 802.1x are the one place of a network description that holds passwords.
            secret: file.mode.trailing_zeros() >= 6 && file.content.contains("password"),
        };
        self.system.files.write(&file.path, file.content.as_bytes(), &attributes)?;
        Ok(())
    }
}

impl Network for NetworkTools {
    fn render(&self, config: &NetworkConfig) -> Result<Rendered, DistroError> {
        let (name, manager) = self.select_renderer()?;
        tracing::debug!("Selected renderer '{name}'");
        #[allow(unused_mut, reason = "only netplan looks at what is there")]
        let mut files = self.files(config, manager)?;
        #[cfg(feature = "netplan")]
        if manager == Backend::Netplan {
            let changed = crate::netplan::prepare(&self.system, &mut files)?;
            files.iter().try_for_each(|file| self.write(file))?;
            crate::netplan::finish(&self.system, &self.settings.netplan, changed)?;
            return Ok(Rendered { renderer: name, files: files.into_iter().map(|file| file.path).collect() });
        }
        files.iter().try_for_each(|file| self.write(file))?;
        let files = files.into_iter().map(|file| file.path).collect::<Vec<_>>();
        // After the new ones are there: a cut in between leaves too much, never too little.
        stale::remove(&self.system, manager, &self.settings, &files);
        Ok(Rendered { renderer: name, files })
    }

    fn activate(&self, config: &NetworkConfig) -> Result<(), DistroError> {
        let (_, renderer) = self.select_renderer()?;
        let Some((name, activator)) = self.select_activator()? else {
            tracing::warn!("No network activator found, not bringing up network interfaces");
            return Ok(());
        };
        tracing::debug!("Using selected activator: {name}");
        let state = convert::state(config, &self.system.links.links()?, renderer).map_err(rename::invalid)?;
        let names: Vec<String> = state.interfaces.values().map(|link| link.name.clone()).collect();
        activate::bring_up(&self.system, activator, &names)
    }

    fn bring_up_link(&self, name: &str) -> Result<(), DistroError> {
        let (_, activator) = self
            .select_activator()?
            .ok_or_else(|| DistroError::Failed(format!("no network activator is here to bring up {name}")))?;
        activate::bring_up_one(&self.system, activator, name)
    }

    fn wait_for_links(&self, config: &NetworkConfig) -> Result<(), DistroError> {
        rename::wait_for_links(&self.system, config)
    }

    fn rename_links(&self, config: &NetworkConfig) -> Result<(), DistroError> {
        rename::rename_links(&self.system, config)
    }

    fn wait_online(&self) -> Result<(), DistroError> {
        if !self.settings.waits_for_network {
            return Ok(());
        }
        match self.select_activator()? {
            Some((_, activator)) => activate::wait_online(&self.system, activator),
            None => {
                tracing::error!("Failed to wait for network. No network activator found");
                Ok(())
            }
        }
    }
}
