//! Network configuration for all distributions.

use std::path::Path;

use etc_files::accounts::{Groups, Passwd};
use model::distro::{DescribedNetwork, Network};
use model::effects::{Attributes, Link, Owner};
use model::network::Rendered;
use model::{DistroError, NetworkConfig, System};
use netconfig::{NetworkState, physical};

use crate::convert::{self, ConvertError};
use crate::manager::{self, Activator, Surroundings, Writer};
use crate::{NetworkError, RenderError, RenderedFile, Settings, rename, stale};

/// Renders for the first available network manager, and brings the network up.
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

    /// The network of a distribution by its name, with the orders in `system_info.network`, if set.
    pub fn of(
        system: &System,
        distro: &str,
        renderers: Option<&[String]>,
        activators: Option<&[String]>,
    ) -> Self {
        let own = |order: Option<&[String]>| order.map(<[String]>::to_vec);
        let settings =
            Settings { renderers: own(renderers), activators: own(activators), ..Settings::of(distro) };
        Self::new(system.clone(), settings)
    }

    /// The renderer to use, by its name in cloud.cfg.
    ///
    /// # Errors
    ///
    /// An unknown name in `system_info.network.renderers`, or no renderer available.
    pub fn renderer(&self) -> Result<&'static str, DistroError> {
        self.select_renderer().map(|(name, _)| name)
    }

    fn select_renderer(&self) -> Result<(&'static str, &'static Writer), DistroError> {
        let wanted = self.settings.renderers.as_deref();
        let found = manager::select("renderer", convert::writes, wanted, &self.system, &self.settings)?;
        let writer = found.and_then(|manager| Some((manager.name, manager.writer.as_ref()?)));
        writer.ok_or_else(|| {
            let usual = || manager::names(convert::writes).into_iter().map(str::to_owned).collect::<Vec<_>>();
            let searched = wanted.map_or_else(usual, <[String]>::to_vec).join(", ");
            NetworkError::NoRenderer { searched }.into()
        })
    }

    fn select_activator(&self) -> Result<Option<(&'static str, &'static Activator)>, DistroError> {
        let wanted = self.settings.activators.as_deref();
        let found = manager::select("activator", convert::activates, wanted, &self.system, &self.settings)?;
        Ok(found.and_then(|manager| Some((manager.name, manager.activator.as_ref()?))))
    }

    /// The files of a state; settings that they do not express are logged.
    fn files(
        &self,
        state: &NetworkState,
        links: &[Link],
        name: &'static str,
        writer: &Writer,
    ) -> Result<Vec<RenderedFile>, DistroError> {
        let surroundings = Surroundings {
            links,
            files: self.system.files.as_ref(),
            iproute: &|| self.system.commands.which("ip").is_some(),
            #[cfg(feature = "netplan")]
            ipv6_mtu: &|| crate::netplan::features(&self.system).iter().any(|feature| feature == "ipv6-mtu"),
            #[cfg(not(feature = "netplan"))]
            ipv6_mtu: &|| false,
        };
        let files = convert::files(state, writer, &self.settings, &surroundings);
        let files = files.map_err(|error| match error {
            ConvertError::Render(error) => error.into(),
            ConvertError::Description(error) => rename::invalid(error),
            ConvertError::File(error) => error.into(),
            error @ ConvertError::NoRenderer { .. } => NetworkError::from(error).into(),
        })?;
        let lost = convert::unexpressed(&state.config, name, writer, &self.settings, &surroundings, &files);
        for key in lost {
            // Nobody can fix a platform's configuration; a user's own deserves a warning.
            if key.origin.line == 0 { tracing::info!("{key}") } else { tracing::warn!("{key}") }
        }
        Ok(files)
    }

    fn owner(&self, name: &str) -> Owner {
        let read = |path: &str| self.system.files.read(Path::new(path)).unwrap_or_default();
        let uid = Passwd::parse(&read("/etc/passwd")).get(name).map(|user| user.uid);
        let gid = Groups::parse(&read("/etc/group")).get(name).map(|group| group.gid);
        if uid.is_none() || gid.is_none() {
            tracing::warn!("user and group '{name}' do not exist: its files are owned by root");
        }
        Owner { uid, gid }
    }

    fn write(&self, file: &RenderedFile) -> Result<(), DistroError> {
        let attributes = Attributes {
            mode: (!file.keeps_mode).then_some(file.mode),
            owner: file.owner.map_or_else(Owner::default, |name| self.owner(name)),
            // Access points and 802.1x are the only places for passwords in a network configuration.
            secret: file.mode.trailing_zeros() >= 6
                && ["password", "psk="].iter().any(|word| file.content.contains(word)),
            fleeting: false,
        };
        self.system.files.write(&file.path, file.content.as_bytes(), &attributes)?;
        Ok(())
    }
}

impl Network for NetworkTools {
    fn read(&self, config: &NetworkConfig) -> Result<Box<dyn DescribedNetwork + '_>, DistroError> {
        let devices = physical::devices(config, &self.system.links.links()?).map_err(rename::invalid)?;
        Ok(Box::new(Described { tools: self, config: config.clone(), devices, state: None }))
    }

    fn bring_up_link(&self, name: &str) -> Result<(), DistroError> {
        let none = || NetworkError::NoActivator {
            link: name.to_owned(),
            known: manager::names(convert::activates).join(", "),
        };
        let (_, activator) = self.select_activator()?.ok_or_else(none)?;
        (activator.bring_up_one)(&self.system, name)
    }

    fn wait_online(&self) -> Result<(), DistroError> {
        if !self.settings.waits_for_network {
            return Ok(());
        }
        match self.select_activator()? {
            Some((name, activator)) => match activator.wait {
                Some(wait) => wait(&self.system),
                None => {
                    tracing::debug!("{name} has nothing to wait for");
                    Ok(())
                }
            },
            None => {
                tracing::error!("Failed to wait for network. No network activator found");
                Ok(())
            }
        }
    }
}

/// A parsed configuration.
struct Described<'t> {
    tools: &'t NetworkTools,
    config: NetworkConfig,
    /// The devices that it identifies by MAC.
    devices: Vec<physical::Device>,
    /// Its state with the devices at the time of first use: after they have appeared and been renamed.
    state: Option<NetworkState>,
}

impl Described<'_> {
    fn read(&mut self, links: &[Link], writer: &Writer) -> Result<&NetworkState, DistroError> {
        let state = match self.state.take() {
            Some(state) => state,
            None => convert::state(&self.config, links, writer).map_err(rename::invalid)?,
        };
        Ok(self.state.insert(state))
    }
}

impl DescribedNetwork for Described<'_> {
    fn wait_for_links(&mut self) -> Result<(), DistroError> {
        rename::wait_for_links(&self.tools.system, &self.devices)
    }

    fn rename_links(&mut self) -> Result<(), DistroError> {
        rename::rename_links(&self.tools.system, &self.devices)
    }

    fn render(&mut self) -> Result<Rendered, DistroError> {
        let tools = self.tools;
        let (name, writer) = tools.select_renderer()?;
        tracing::debug!("Selected renderer '{name}'");
        let links = tools.system.links.links()?;
        let mut files = tools.files(self.read(&links, writer)?, &links, name, writer)?;
        let changed =
            writer.around.as_ref().map(|around| (around.before)(&tools.system, &mut files)).transpose()?;
        files.iter().try_for_each(|file| tools.write(file))?;
        if let (Some(around), Some(changed)) = (&writer.around, changed) {
            (around.after)(&tools.system, &tools.settings, changed)?;
        }
        let files = files.into_iter().map(|file| file.path).collect::<Vec<_>>();
        // After writing the new ones: an interruption leaves too many files, never too few.
        if let Some(place) = (writer.stale)(&tools.settings) {
            stale::remove(&tools.system, &place, &files);
        }
        Ok(Rendered { renderer: name, files })
    }

    fn activate(&mut self) -> Result<(), DistroError> {
        let tools = self.tools;
        let (_, writer) = tools.select_renderer()?;
        let Some((name, activator)) = tools.select_activator()? else {
            tracing::warn!("No network activator found, not bringing up network interfaces");
            return Ok(());
        };
        tracing::debug!("Using selected activator: {name}");
        let links = tools.system.links.links()?;
        let state = self.read(&links, writer)?;
        let of = |state: &NetworkState| state.interfaces.values().map(|link| link.name.clone()).collect();
        let names: Vec<String> = if writer.by_name_only { of(&state.resolved(&links)) } else { of(state) };
        (activator.bring_up)(&tools.system, &names)
    }
}
