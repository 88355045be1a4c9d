//! Clouds: each is a case of tests/oracle/sources, whose firmware, addresses and documents a machine boots with.
//!
//! `clouds.json` has what the machine then is; the scenario is the same for all: a first boot, and one at which the
//! metadata service has gone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::command;
use crate::scenario::{Scenario, Tier};
use crate::{Error, file};

const TABLE: &str = include_str!("../clouds.json");
const LAY: &str = include_str!("../guest/cloud.sh");

/// A row of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cloud {
    /// The case; by default that of the same name.
    case: Option<String>,
    /// The source's class in result.json.
    class: String,
    instance_id: String,
    /// The kernel's host name; without it the cloud has none.
    hostname: Option<String>,
    /// The default user.
    #[serde(default = "debian")]
    user: String,
    /// A line of that user's authorized keys.
    key: Option<String>,
    /// The line that user-data prints, once.
    prints: Option<String>,
    /// Exit codes of `cloud-init status` with and without the service: 2 where the source warns of itself, or has no
    /// other evidence that the instance is the same.
    #[serde(default)]
    exits: [i32; 2],
    /// The virtualization in systemd's words; `kvm` by default.
    virt: Option<String>,
    /// Settings of the image: how long to wait for a service that has gone, mostly.
    config: Option<Value>,
    /// Why the original does not keep the instance without the service.
    original_fails: Option<String>,
    /// Whether a virtual machine with this firmware boots as well.
    #[serde(default)]
    firmware: bool,
}

fn debian() -> String {
    "debian".to_owned()
}

/// Where the cases are.
fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../oracle/sources")
}

/// A cloud-config with each key on a line of its own, as ds-identify reads `datasource_list`.
pub fn lines(config: &Value) -> String {
    let entries = config.as_object().into_iter().flatten();
    entries.fold(String::new(), |text, (key, value)| text + key + ": " + &value.to_string() + "\n")
}

/// All clouds' scenarios: `cloud-NAME` in a container, `smbios-NAME` in a virtual machine.
pub fn scenarios() -> Result<Vec<Scenario>, Error> {
    let failed = |source| Error::Scenario { path: "clouds.json".into(), source };
    let table: BTreeMap<String, Cloud> = serde_json::from_str(TABLE).map_err(failed)?;
    let mut scenarios = Vec::new();
    for (name, cloud) in &table {
        scenarios.push(cloud.scenario(name, Tier::Nspawn).map_err(failed)?);
        if cloud.firmware {
            scenarios.push(cloud.scenario(name, Tier::Qemu).map_err(failed)?);
        }
    }
    Ok(scenarios)
}

impl Cloud {
    fn scenario(&self, name: &str, tier: Tier) -> Result<Scenario, serde_json::Error> {
        let case = cases().join(self.case.as_deref().unwrap_or(name));
        let tree = case.join("service");
        let service = tree.exists().then(|| json!({"tree": tree}));
        let mut boots = vec![json!({"service": service, "expect": self.expect(self.exits[0], "changed")})];
        let (word, about) = match tier {
            Tier::Nspawn => {
                boots.push(json!({"expect": self.expect(self.exits[1], "kept")}));
                ("cloud", "by its DMI and its service, then without the service")
            }
            Tier::Qemu => ("smbios", "by its SMBIOS and its service"),
        };
        let tier = if tier == Tier::Qemu { "qemu" } else { "nspawn" };
        let about = format!("{name} {about}");
        let original_fails = self.original_fails.as_ref().filter(|_| tier == "nspawn");
        let mut scenario: Scenario = serde_json::from_value(json!({
            "about": about, "tier": tier, "link": true, "original_fails": original_fails, "boots": boots,
        }))?;
        scenario.name = format!("{word}-{name}");
        scenario.cloud = Some(case);
        scenario.config.clone_from(&self.config);
        scenario.virt.clone_from(&self.virt);
        Ok(scenario)
    }

    fn expect(&self, exit: i32, keys: &str) -> Value {
        let id = json!({"content": format!("{}\n", self.instance_id)});
        let mut files = json!({"/var/lib/cloud/data/instance-id": id});
        if let Some(key) = &self.key {
            let home = if self.user == "root" { "/root".to_owned() } else { format!("/home/{}", self.user) };
            files[format!("{home}/.ssh/authorized_keys")] = json!({"has": [key]});
        }
        let mut expect = json!({
            "exit": exit,
            "status": {"/status": "done", "/errors": []},
            "result_file": {"/v1/datasource": self.class},
            "hostname": self.hostname,
            "files": files,
            "host_keys": {"types": ["ecdsa", "ed25519", "rsa"], "compared": keys},
        });
        if let Some(line) = &self.prints {
            let count = format!("grep -c '^{line}$' /var/log/cloud-init-output.log");
            expect["probes"] = json!({"user-data": {"command": count, "prints": "1"}});
        }
        expect
    }
}

/// What a cloud asks for outside its root.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Laid {
    /// Files of `/sys/class/dmi/id`.
    pub dmi: BTreeMap<String, String>,
    /// Addresses of the host beside 192.0.2.1.
    pub addresses: Vec<String>,
    /// Where its service listens.
    pub listen: Vec<String>,
    /// Options of dnsmasq.
    pub dhcp: Vec<String>,
}

impl Laid {
    /// Lays a case's files into a root.
    pub fn new(case: &Path, root: &Path) -> Result<Self, Error> {
        let case = std::fs::canonicalize(case).map_err(file(case.display().to_string()))?;
        let printed = command::run(command::command(&["sh", "-c", LAY, "sh"]).arg(root).arg(case))?;
        Ok(Self::read(&printed))
    }

    fn read(printed: &str) -> Self {
        let mut laid = Self::default();
        for line in printed.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "dmi" => {
                    let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                    laid.dmi.insert(name.to_owned(), value.to_owned());
                }
                // The host has it anyway.
                "address" if rest == "192.0.2.1" => {}
                "address" => laid.addresses.push(rest.to_owned()),
                "listen" => {
                    let (address, port) = rest.split_once(' ').unwrap_or((rest, "80"));
                    laid.listen.push(if address.contains(':') {
                        format!("[{address}%host0]:{port}")
                    } else {
                        format!("{address}:{port}")
                    });
                }
                "dhcp" => laid.dhcp.push(rest.to_owned()),
                _ => {}
            }
        }
        laid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_scenario_of_a_case() {
        let scenarios = scenarios().expect("readable");
        let containers = scenarios.iter().filter(|scenario| scenario.tier == Tier::Nspawn).count();
        assert!(containers >= 12, "{containers}");
        for scenario in &scenarios {
            let case = scenario.cloud.as_ref().expect("a case");
            assert!(case.join("machine.sh").exists(), "{}", case.display());
        }
    }

    #[test]
    fn a_case_tells_its_firmware_and_its_network() {
        let printed = "dmi sys_vendor Acme Cloud\naddress 169.254.169.254\nlisten 169.254.169.254 80\n\
            listen 169.254.169.254 8080\naddress fe80::1\nlisten fe80::1 80\naddress 192.0.2.1\ndhcp --x=1\n";
        let laid = Laid::read(printed);
        assert_eq!(laid.dmi["sys_vendor"], "Acme Cloud");
        assert_eq!(laid.addresses, ["169.254.169.254", "fe80::1"]);
        assert_eq!(laid.listen, ["169.254.169.254:80", "169.254.169.254:8080", "[fe80::1%host0]:80"]);
        assert_eq!(laid.dhcp, ["--x=1"]);
    }
}
