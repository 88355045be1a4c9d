//! `hostname` and `fqdn`: the name of a new instance.

use model::effects::Attributes;
use model::hostname::host_name;
use model::module::Report;
use model::{Context, Frequency, Module, ModuleError};

use crate::hostname_keys::Config;

/// Sets the host name when it is another than was set before.
pub struct SetHostname;

impl Module for SetHostname {
    const NAME: &'static str = "set_hostname";
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn run(&self, context: &Context<'_>, config: Config) -> Result<Report, ModuleError> {
        if config.preserve_hostname.0 {
            return Ok(Report::skipped("preserve_hostname is set"));
        }
        let name = host_name(context.system, context.config, context.instance);
        // Written in this form and place by the original too: both names, sorted, indented by one.
        let artifact = context.paths.data("set-hostname");
        let known = serde_json::json!({"fqdn": name.fqdn, "hostname": name.hostname});
        let before = context.system.files.text(&artifact).and_then(|text| serde_json::from_str(&text).ok());
        if before == Some(known) {
            return Ok(Report::skipped("the host name has not changed"));
        }
        if name.default && name.hostname == "localhost" {
            return Ok(Report::skipped("the host name is localhost: other services choose one"));
        }
        let hostname = context.distro.hostname();
        let prefer_fqdn = config.prefer_fqdn_over_hostname.map(|flag| flag.0);
        let chosen = hostname.choose(&name.hostname, &name.fqdn, prefer_fqdn);
        if config.create_hostname_file.0 || context.system.files.exists(&hostname.file()) {
            hostname.apply(&chosen)?;
        } else {
            hostname.apply_transient(&chosen)?;
        }
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let text = format!(
            "{{\n \"fqdn\": {},\n \"hostname\": {}\n}}\n",
            quoted(&name.fqdn),
            quoted(&name.hostname)
        );
        context.system.files.write(&artifact, text.as_bytes(), &Attributes::mode(0o644))?;
        Ok(Report::default())
    }
}
