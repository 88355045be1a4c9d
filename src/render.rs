//! Renders templates to text, and network configurations to the files of a network manager.

/// A template or network configuration that cannot be rendered, with the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// An invalid template.
    #[error(transparent)]
    Template(#[from] model::module::TemplateError),
    /// A network configuration that is not valid YAML.
    #[cfg(feature = "net-tools")]
    #[error("{0}")]
    Yaml(String),
    /// A network configuration that is invalid or that the network manager cannot express.
    #[cfg(feature = "net-tools")]
    #[error("{0}")]
    Network(String),
}

/// Renders user-data that begins with `## template: jinja`, with a machine's instance data as variables, like a boot
/// does. `name` appears in errors. Text without that first line is returned unchanged, unless the line names another
/// engine.
///
/// ```
/// let text = "## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }}\n";
/// let data = serde_json::json!({"v1": {"local_hostname": "web1"}});
/// assert_eq!(cloud_init::render::template("x", text, &data)?, "#cloud-config\nhostname: web1\n");
/// # Ok::<(), cloud_init::render::RenderError>(())
/// ```
///
/// # Errors
///
/// A template with an error; the message gives the line.
pub fn template(name: &str, text: &str, instance_data: &serde_json::Value) -> Result<String, RenderError> {
    Ok(engine::template::render_instance_template(
        system::Host::sandbox().as_ref(),
        name,
        text,
        instance_data,
    )?)
}

/// A file of a network manager.
#[cfg(feature = "net-tools")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// The path.
    pub path: std::path::PathBuf,
    /// The content.
    pub content: String,
    /// The permission bits.
    pub mode: u32,
}

/// A network configuration rendered for a network manager.
#[cfg(feature = "net-tools")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Network {
    /// The files.
    pub files: Vec<File>,
    /// Settings that the network manager cannot express, each with its place.
    pub unexpressed: Vec<String>,
}

/// Renders a network-config of version 1 or 2 for a network manager (`netplan`, `networkd`, `network-manager`,
/// `sysconfig`, `eni`, …). `distro` is the distribution whose paths and headers are used; `links` gives the names and
/// MAC addresses of the machine's network devices, for configurations that match by one of them.
///
/// ```
/// let text = "version: 2\nethernets: {eth0: {dhcp4: true}}\n";
/// let network = cloud_init::render::network("net.yaml", text, "networkd", "debian", &[])?;
/// let files = network.files;
/// assert!(files[0].path.ends_with("10-cloud-init-eth0.network"));
/// assert!(files[0].content.contains("DHCP=ipv4"));
/// # Ok::<(), cloud_init::render::RenderError>(())
/// ```
///
/// # Errors
///
/// A network configuration that is invalid or cannot be rendered, or a network manager that is not built in.
#[cfg(feature = "net-tools")]
pub fn network(
    name: &str,
    text: &str,
    manager: &str,
    distro: &str,
    links: &[(&str, &str)],
) -> Result<Network, RenderError> {
    let node = model::Node::from_yaml(name, text.as_bytes())
        .map_err(|error| RenderError::Yaml(error.without_text()))?;
    let node = node.ok_or_else(|| RenderError::Yaml(format!("{name}: the document is empty")))?;
    let links: Vec<model::effects::Link> = links
        .iter()
        .map(|(name, mac)| model::effects::Link {
            name: (*name).to_owned(),
            mac: mac.to_lowercase(),
            hardware_type: 1,
            ..model::effects::Link::default()
        })
        .collect();
    let converted = network_managers::convert::convert(
        &model::NetworkConfig::new(node),
        &links,
        manager,
        &network_managers::Settings::of(distro),
        &system::Scratch::new(),
    );
    let converted = converted.map_err(|error| RenderError::Network(error.to_string()))?;
    let file = |file: network_managers::RenderedFile| File {
        path: file.path,
        content: file.content,
        mode: file.mode,
    };
    Ok(Network {
        files: converted.files.into_iter().map(file).collect(),
        unexpressed: converted
            .unexpressed
            .iter()
            .map(|lost| format!("{}: {}", lost.origin, lost.message()))
            .collect(),
    })
}
