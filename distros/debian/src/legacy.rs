//! A file of old Ubuntu images that would stand against what is rendered.

use std::path::Path;

use model::distro::Network;
use model::network::Rendered;
use model::{DistroError, NetworkConfig, System};

const LEGACY: &str = "/etc/network/interfaces.d/eth0.cfg";

/// A network whose rendering first removes eth0.cfg, when it holds what the images shipped.
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
    fn render(&self, config: &NetworkConfig) -> Result<Rendered, DistroError> {
        self.remove_legacy()?;
        self.inner.render(config)
    }

    fn activate(&self, config: &NetworkConfig) -> Result<(), DistroError> {
        self.inner.activate(config)
    }

    fn bring_up_link(&self, name: &str) -> Result<(), DistroError> {
        self.inner.bring_up_link(name)
    }

    fn wait_for_links(&self, config: &NetworkConfig) -> Result<(), DistroError> {
        self.inner.wait_for_links(config)
    }

    fn rename_links(&self, config: &NetworkConfig) -> Result<(), DistroError> {
        self.inner.rename_links(config)
    }

    fn wait_online(&self) -> Result<(), DistroError> {
        self.inner.wait_online()
    }
}
