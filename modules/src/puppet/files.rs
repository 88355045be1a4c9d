//! puppet.conf, the server's certificate and csr_attributes.yaml.

use std::path::Path;

use model::effects::Attributes;
use model::{Context, ModuleError, Node};
use yaml::write::{Style, dump};

use super::agent::{Agent, Paths};
use super::ini::Ini;

/// Merges sections into puppet.conf, whose previous content is kept in puppet.conf.old.
pub(super) fn configure(agent: &Agent<'_>, paths: &Paths, conf: &Node) -> Result<(), ModuleError> {
    let context = agent.context;
    let files = &context.system.files;
    let text = match files.read_optional(&paths.conf)? {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None if context.system.journal.note("the package's puppet.conf is not known: an empty one is assumed") => {
            String::new()
        }
        None => return Err(ModuleError::File(files.read(&paths.conf).err().unwrap_or_else(|| missing(&paths.conf)))),
    };
    let bad = |(line, what): (usize, String)| {
        ModuleError::Failed(format!("{}:{line}: {what}", paths.conf.display()))
    };
    let mut ini = Ini::parse(&text).map_err(bad)?;
    let Some(sections) = conf.as_map() else { return Err(wrong(conf, "a mapping of sections")) };
    for (name, section) in sections {
        let name = name.to_string();
        if name == "ca_cert" {
            let certificate = section.scalar_text().ok_or_else(|| wrong(section, "text"))?;
            write_certificate(agent, paths, &certificate)?;
            continue;
        }
        let options = section.as_map().ok_or_else(|| wrong(section, "a mapping of options"))?;
        for (option, value) in options {
            let option = option.to_string();
            let text = value.scalar_text().unwrap_or_else(|| value.to_json().to_string());
            let text = if option == "certname" { certname(context, &text) } else { text };
            ini.set(&name, &option, &text);
        }
    }
    if sections.is_empty() {
        return Ok(());
    }
    if files.exists(&paths.conf) {
        let mut kept = paths.conf.clone().into_os_string();
        kept.push(".old");
        files.rename(&paths.conf, Path::new(&kept))?;
    }
    Ok(files.write(&paths.conf, ini.to_string().as_bytes(), &Attributes::mode(0o644))?)
}

fn missing(path: &Path) -> model::effects::FileError {
    model::effects::FileError::new("read", path, std::io::ErrorKind::NotFound.into())
}

fn wrong(node: &Node, expected: &str) -> ModuleError {
    let message = format!("expected {expected}, found {}", node.value.a_kind());
    ModuleError::Invalid { origin: node.origin.clone(), message }
}

/// The certificate's name: `%f` is the FQDN, `%i` the instance ID; in lower case.
fn certname(context: &Context<'_>, text: &str) -> String {
    let text = text.replace("%f", &fqdn(context)).replace("%i", context.instance.instance_id.as_str());
    text.to_lowercase()
}

/// The first name with a domain on the host's line of /etc/hosts, else the host name.
fn fqdn(context: &Context<'_>) -> String {
    let name = context.system.environment.uname().node;
    let hosts = context.system.files.text(Path::new("/etc/hosts")).unwrap_or_default();
    let line = hosts.lines().find_map(|line| {
        let names: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().skip(1).collect();
        names.contains(&name.as_str()).then(|| names.into_iter().find(|name| name.contains('.')).map(str::to_owned))
    });
    line.flatten().unwrap_or(name)
}

fn write_certificate(agent: &Agent<'_>, paths: &Paths, certificate: &str) -> Result<(), ModuleError> {
    let context = agent.context;
    let files = &context.system.files;
    let owner = match context.distro.users().owner(agent.owner()) {
        Err(_) if context.system.journal.note("the package creates the user puppet, who owns the certificate") => {
            model::effects::Owner::ROOT
        }
        found => found?,
    };
    let directory = paths.ssl.join("certs");
    files.create_dir(&paths.ssl, Some(0o771))?;
    files.set_owner(&paths.ssl, owner)?;
    files.create_dir(&directory, None)?;
    files.set_owner(&directory, owner)?;
    let attributes = Attributes::mode(0o644).owned_by(owner);
    Ok(files.write(&directory.join("ca.pem"), certificate.as_bytes(), &attributes)?)
}

/// Writes the attributes of the signing request, which may contain a password for it.
pub(super) fn write_attributes(
    context: &Context<'_>,
    paths: &Paths,
    attributes: &Node,
) -> Result<(), ModuleError> {
    let style = Style { indent: 2, explicit_start: false, explicit_end: false, ..Style::default() };
    let text = dump(&attributes.to_yaml().value, &style);
    let attributes = Attributes { secret: true, ..Attributes::mode(0o644) };
    Ok(context.system.files.write(&paths.attributes, text.as_bytes(), &attributes)?)
}
