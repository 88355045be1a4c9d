//! A file of old Ubuntu images that conflicts with the rendered configuration.

use std::path::Path;

use model::distro::{DescribedNetwork, Network};
use model::network::Rendered;
use model::{DistroError, NetworkConfig, System};

const LEGACY: &str = "/etc/network/interfaces.d/eth0.cfg";

/// A network that removes eth0.cfg before rendering, if it has the images' content.
pub(crate) struct WithoutEth0<N> {
    pub(crate) system: System,
    pub(crate) inner: N,
}

impl<N> WithoutEth0<N> {
    fn remove_legacy(&self) -> Result<(), DistroError> {
        let path = Path::new(LEGACY);
        let Some(text) = self.system.files.text(path) else { return Ok(()) };
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).map(str::trim).collect();
        if lines == ["auto eth0", "iface eth0 inet dhcp"] {
            self.system.files.remove(path)?;
            tracing::warn!("removed {LEGACY} with known contents");
        } else {
            tracing::warn!(
                "Dynamic networking config may not apply. '{LEGACY}' exists with user configured content."
            );
        }
        Ok(())
    }
}

impl<N: Network> Network for WithoutEth0<N> {
    fn read(&self, config: &NetworkConfig) -> Result<Box<dyn DescribedNetwork + '_>, DistroError> {
        Ok(Box::new(Described { network: self, inner: self.inner.read(config)? }))
    }

    fn bring_up_link(&self, name: &str) -> Result<(), DistroError> {
        self.inner.bring_up_link(name)
    }

    fn wait_online(&self) -> Result<(), DistroError> {
        self.inner.wait_online()
    }
}

/// A configuration that removes the file before rendering.
struct Described<'n, N> {
    network: &'n WithoutEth0<N>,
    inner: Box<dyn DescribedNetwork + 'n>,
}

impl<N> DescribedNetwork for Described<'_, N> {
    fn wait_for_links(&mut self) -> Result<(), DistroError> {
        self.inner.wait_for_links()
    }

    fn rename_links(&mut self) -> Result<(), DistroError> {
        self.inner.rename_links()
    }

    fn render(&mut self) -> Result<Rendered, DistroError> {
        self.network.remove_legacy()?;
        self.inner.render()
    }

    fn activate(&mut self) -> Result<(), DistroError> {
        self.inner.activate()
    }
}
