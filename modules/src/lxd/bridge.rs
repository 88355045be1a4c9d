//! LXD's bridge: by debconf for the package of old releases, else by `lxc network`.

use std::path::Path;

use model::effects::{Command, CommandError};
use model::module::Report;
use model::{Context, ModuleError, Node};

use super::invalid;
use crate::installers;

/// The network that `lxd init --auto` makes.
const DEFAULT_NAME: &str = "lxdbr0";
/// The configuration of LXD's Debian package.
const PACKAGED: &str = "/etc/default/lxd-bridge";
const PROFILE: &str = "default";
const NIC: &str = "eth0";

/// Sets up the bridge.
pub(super) fn set_up(
    context: &Context<'_>,
    bridge: &Node,
    initialized: bool,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let packaged = Path::new(PACKAGED);
    if context.system.files.exists(packaged)
        && context.system.commands.which("debconf-communicate").is_some()
    {
        let lines: Vec<String> =
            answers(bridge)?.into_iter().map(|(name, value)| format!("set {name} {value}\n")).collect();
        tracing::debug!("Setting lxd debconf via debconf-communicate");
        let communicate = Command::new("debconf-communicate").stdin(lines.concat());
        if let Err(error) = context.system.commands.run(&communicate) {
            report.warn(None, format!("Failed to run 'debconf-communicate' for lxd with: {error}"));
        }
        // It is generated again.
        context.system.files.remove(packaged)?;
        let reconfigure = ["dpkg-reconfigure", "lxd", "--frontend=noninteractive"];
        context.system.commands.run(&Command::line(reconfigure))?;
        return Ok(());
    }
    let lxc = Lxc { context };
    let name = text(bridge, "name")?.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let mode = mode(bridge)?;
    let create = (mode == Mode::New).then(|| creation(bridge, &name)).transpose()?;
    if name == DEFAULT_NAME && initialized {
        lxc.clean_up(&name, mode)?;
    }
    if let Some(create) = create {
        lxc.run(&create)?;
    }
    if mode != Mode::None {
        lxc.run(&["network", "attach-profile", &name, PROFILE, NIC].map(str::to_owned))?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    None,
    Existing,
    New,
}

fn mode(bridge: &Node) -> Result<Mode, ModuleError> {
    let node = bridge.get("mode");
    match node.and_then(Node::as_str) {
        Some("none") => Ok(Mode::None),
        Some("existing") => Ok(Mode::Existing),
        Some("new") => Ok(Mode::New),
        _ => {
            let found = node.and_then(Node::scalar_text).unwrap_or_else(|| "None".to_owned());
            let message = format!("invalid bridge mode \"{found}\"; expected none, existing or new");
            Err(invalid(node.unwrap_or(bridge), message))
        }
    }
}

/// The text of a key, if it is set.
fn text(bridge: &Node, key: &str) -> Result<Option<String>, ModuleError> {
    let Some(node) = bridge.get(key) else { return Ok(None) };
    let found = || invalid(node, format!("lxd.bridge.{key}: expected text, found {}", node.value.a_kind()));
    node.scalar_text().map(Some).ok_or_else(found)
}

/// The text of a key, if it is set to something.
fn filled(bridge: &Node, key: &str) -> Result<Option<String>, ModuleError> {
    if bridge.get(key).is_some_and(Node::is_truthy) { text(bridge, key) } else { Ok(None) }
}

/// Whether to translate addresses: a boolean, or the text `true`.
fn translates(bridge: &Node, key: &str, default: bool) -> bool {
    bridge.get(key).map_or(default, |node| node.as_bool().unwrap_or_else(|| node.as_str() == Some("true")))
}

/// The answers for debconf, in order.
fn answers(bridge: &Node) -> Result<Vec<(String, String)>, ModuleError> {
    let mut answers: Vec<(String, String)> = Vec::new();
    let mut set = |name: &str, value: String| answers.push((format!("lxd/{name}"), value));
    // Python's text for a missing value, as upstream passes it.
    let or_none = |key: &str| Ok::<_, ModuleError>(text(bridge, key)?.unwrap_or_else(|| "None".to_owned()));
    match mode(bridge)? {
        Mode::None => {
            set("setup-bridge", "false".into());
            set("bridge-name", String::new());
        }
        Mode::Existing => {
            set("setup-bridge", "false".into());
            set("use-existing-bridge", "true".into());
            set("bridge-name", or_none("name")?);
        }
        Mode::New => {
            set("setup-bridge", "true".into());
            if let Some(name) = filled(bridge, "name")? {
                set("bridge-name", name);
            }
            let ipv4 = ["address", "netmask", "dhcp-first", "dhcp-last", "dhcp-leases"].as_slice();
            for (family, keys, nat) in [("ipv4", ipv4, true), ("ipv6", &ipv4[..2], false)] {
                if filled(bridge, &format!("{family}_address"))?.is_none() {
                    continue;
                }
                set(&format!("bridge-{family}"), "true".into());
                for key in keys {
                    let value = or_none(&format!("{family}_{}", key.replace('-', "_")))?;
                    set(&format!("bridge-{family}-{key}"), value);
                }
                let nat = translates(bridge, &format!("{family}_nat"), nat);
                set(&format!("bridge-{family}-nat"), nat.to_string());
            }
            if let Some(domain) = filled(bridge, "domain")? {
                set("bridge-domain", domain);
            }
        }
    }
    Ok(answers)
}

/// The arguments of lxc that create the network.
fn creation(bridge: &Node, name: &str) -> Result<Vec<String>, ModuleError> {
    let mut words = vec!["network".to_owned(), "create".to_owned(), name.to_owned()];
    for (family, nat) in [("ipv4", true), ("ipv6", false)] {
        let of = |key: &str| filled(bridge, &format!("{family}_{key}"));
        let (Some(address), Some(length)) = (of("address")?, of("netmask")?) else {
            words.push(format!("{family}.address=none"));
            continue;
        };
        words.push(format!("{family}.address={address}/{length}"));
        if translates(bridge, &format!("{family}_nat"), nat) {
            words.push(format!("{family}.nat=true"));
        }
        if family == "ipv4"
            && let (Some(first), Some(last)) = (of("dhcp_first")?, of("dhcp_last")?)
        {
            words.push(format!("ipv4.dhcp.ranges={first}-{last}"));
        }
    }
    words.extend(filled(bridge, "domain")?.map(|domain| format!("dns.domain={domain}")));
    // -1 is LXD's own default.
    words.extend(text(bridge, "mtu")?.filter(|mtu| mtu != "-1").map(|mtu| format!("bridge.mtu={mtu}")));
    Ok(words)
}

/// lxc with the local server.
struct Lxc<'a> {
    context: &'a Context<'a>,
}

impl Lxc<'_> {
    fn run(&self, words: &[String]) -> Result<(), CommandError> {
        let own = |name: &str, default: &str| {
            self.context.system.environment.var(name).unwrap_or_else(|| default.to_owned())
        };
        let command = Command::new("lxc").args(words.iter().cloned()).arg("--force-local");
        let command =
            command.env("LC_ALL", "C").env("HOME", own("HOME", "/root")).env("USER", own("USER", "root"));
        installers::run_installed(self.context, &command).map(|_| ())
    }

    /// Runs it; returns false if what it removes does not exist.
    fn removed(&self, words: &[&str]) -> Result<bool, CommandError> {
        match self.run(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()) {
            Ok(()) => Ok(true),
            Err(CommandError::Failed { output, .. }) if output.code == 1 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the network of `lxd init --auto` and its device, which would be in the way.
    fn clean_up(&self, name: &str, mode: Mode) -> Result<(), CommandError> {
        if mode == Mode::New && self.removed(&["network", "detach-profile", name, PROFILE])? {
            self.run(&["network", "delete", name].map(str::to_owned))?;
        }
        if mode != Mode::None {
            self.removed(&["profile", "device", "remove", PROFILE, NIC])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(yaml: &str) -> Vec<String> {
        let node = Node::from_yaml("bridge", yaml.as_bytes()).expect("valid").expect("there");
        let answers = answers(&node).expect("answers");
        answers.into_iter().map(|(name, value)| format!("{name} {value}")).collect()
    }

    /// Expectations: upstream's tests/unittests/config/test_cc_lxd.py, TestLxd.test_lxd_debconf_*.
    #[test]
    fn debconf_is_asked_what_the_mode_needs() {
        let full = "{mode: new, name: testbr0, ipv4_address: 10.0.8.1, ipv4_netmask: '24', ipv4_dhcp_first: 10.0.8.2, \
                    ipv4_dhcp_last: 10.0.8.254, ipv4_dhcp_leases: '250', ipv4_nat: 'true', \
                    ipv6_address: 'fd98:9e0:3744::1', ipv6_netmask: '64', ipv6_nat: 'true', domain: lxd}";
        let ipv6 = [
            "lxd/bridge-ipv6 true",
            "lxd/bridge-ipv6-address fd98:9e0:3744::1",
            "lxd/bridge-ipv6-netmask 64",
            "lxd/bridge-ipv6-nat true",
        ];
        let ipv4 = [
            "lxd/setup-bridge true",
            "lxd/bridge-name testbr0",
            "lxd/bridge-ipv4 true",
            "lxd/bridge-ipv4-address 10.0.8.1",
            "lxd/bridge-ipv4-netmask 24",
            "lxd/bridge-ipv4-dhcp-first 10.0.8.2",
            "lxd/bridge-ipv4-dhcp-last 10.0.8.254",
            "lxd/bridge-ipv4-dhcp-leases 250",
            "lxd/bridge-ipv4-nat true",
        ];
        assert_eq!(asked(full), [&ipv4[..], &ipv6, &["lxd/bridge-domain lxd"]].concat());
        let partial = "{mode: new, ipv6_address: 'fd98:9e0:3744::1', ipv6_netmask: '64', ipv6_nat: 'true'}";
        assert_eq!(asked(partial), [&ipv4[..1], &ipv6].concat());
        assert_eq!(
            asked("{mode: existing, name: testbr0}"),
            ["lxd/setup-bridge false", "lxd/use-existing-bridge true", "lxd/bridge-name testbr0"]
        );
        assert_eq!(asked("{mode: none}"), ["lxd/setup-bridge false", "lxd/bridge-name "]);
        let untranslated = asked("{mode: new, ipv4_address: 10.0.8.1, ipv6_address: 'fd98::1', ipv4_nat: false}");
        assert!(untranslated.contains(&"lxd/bridge-ipv4-nat false".to_owned()), "{untranslated:?}");
        assert!(untranslated.contains(&"lxd/bridge-ipv6-nat false".to_owned()), "{untranslated:?}");
    }

    /// Expectations: upstream's TestLxd.test_lxd_cmd_new_full and test_lxd_cmd_new_partial.
    #[test]
    fn lxc_creates_what_is_configured() {
        let words = |yaml: &str, name: &str| {
            let node = Node::from_yaml("bridge", yaml.as_bytes()).expect("valid").expect("there");
            creation(&node, name).expect("words").join(" ")
        };
        assert_eq!(
            words(
                "{mode: new, ipv4_address: 10.0.8.1, ipv4_netmask: '24', ipv4_dhcp_first: 10.0.8.2, ipv4_dhcp_last: \
                 10.0.8.254, ipv4_nat: 'true', ipv6_address: 'fd98:9e0:3744::1', ipv6_netmask: '64', ipv6_nat: 'true', \
                 domain: lxd, mtu: 9000}",
                "testbr0"
            ),
            "network create testbr0 ipv4.address=10.0.8.1/24 ipv4.nat=true ipv4.dhcp.ranges=10.0.8.2-10.0.8.254 \
             ipv6.address=fd98:9e0:3744::1/64 ipv6.nat=true dns.domain=lxd bridge.mtu=9000"
        );
        assert_eq!(
            words(
                "{mode: new, ipv6_address: 'fd98:9e0:3744::1', ipv6_netmask: '64', ipv6_nat: 'true', mtu: -1}",
                "lxdbr0"
            ),
            "network create lxdbr0 ipv4.address=none ipv6.address=fd98:9e0:3744::1/64 ipv6.nat=true"
        );
    }
}
