//! Advice: misspelled keys of a network-config that its schema accepts, because it allows unknown keys there.

use std::borrow::Cow;

use model::nearest;
use serde_json::Value;

use super::{v1_schema, v2_schema, version};
use crate::finding::{Finding, Severity};
use crate::instance::{Instance, Map, Name, Step, View, dotted};
use crate::validate::Schema;
use crate::words::short;

/// Keys of netplan that the schema does not describe: they are no misspellings of those it does.
const NETPLAN: &[&str] = &[
    "accept-ra",
    "activation-mode",
    "auth",
    "critical",
    "delay-virtual-functions-rebind",
    "dhcp-identifier",
    "embedded-switch-mode",
    "emit-lldp",
    "generic-receive-offload",
    "generic-segmentation-offload",
    "ignore-carrier",
    "infiniband-mode",
    "ipv6-address-generation",
    "ipv6-address-token",
    "ipv6-mtu",
    "ipv6-privacy",
    "large-receive-offload",
    "link",
    "local",
    "networkmanager",
    "openvswitch",
    "optional-addresses",
    "ra-overrides",
    "receive-checksum-offload",
    "regulatory-domain",
    "remote",
    "tcp-segmentation-offload",
    "tcp6-segmentation-offload",
    "transmit-checksum-offload",
    "virtual-function-count",
];

/// Unknown keys that are probably misspelled, in document order. They change neither the verdict nor the exit code.
pub fn advise<'d>(config: impl Into<Instance<'d>>) -> Vec<Finding> {
    let config = config.into();
    let document = match version(config) {
        Some(1) => v1_schema(),
        Some(2) => v2_schema(),
        _ => return Vec::new(),
    };
    let mut search = Search { schema: Schema::new(&document), found: Vec::new(), path: Vec::new() };
    search.look(&[&document], config);
    search.found
}

struct Search<'s, 'd> {
    schema: Schema<'s>,
    found: Vec<Finding>,
    path: Vec<Step<'d>>,
}

impl<'s, 'd> Search<'s, 'd> {
    /// The schemas that `allOf`, `oneOf`, `anyOf` and references combine. These schemas are not recursive.
    fn forms(&self, schema: &'s Value, forms: &mut Vec<&'s Value>) {
        forms.push(schema);
        let referred = schema.get("$ref").and_then(Value::as_str).and_then(|to| self.schema.referred(to));
        let combined = ["allOf", "oneOf", "anyOf"].iter().filter_map(|word| schema.get(*word)?.as_array());
        for inner in referred.into_iter().chain(combined.flatten()) {
            self.forms(inner, forms);
        }
    }

    /// Depth is bounded by the parser's limit.
    fn look(&mut self, schemas: &[&'s Value], instance: Instance<'d>) {
        let mut forms = Vec::new();
        for schema in schemas {
            self.forms(schema, &mut forms);
        }
        match instance.view() {
            View::Map(map) => self.keys(&forms, map),
            View::List(list) => {
                let items: Vec<&Value> = forms.iter().filter_map(|form| form.get("items")).collect();
                for (index, item) in list.iter().enumerate() {
                    self.path.push(Step::Item(index));
                    self.look(&items, item);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn keys(&mut self, forms: &[&'s Value], map: Map<'d>) {
        let known = || forms.iter().filter_map(|form| form.get("properties")?.as_object());
        // Where unknown keys are forbidden, validation reports them; where names are free, there are none.
        let is_open = forms.iter().all(|form| {
            form.get("additionalProperties").is_none_or(|rest| rest == &Value::Bool(true))
                && form.get("patternProperties").is_none()
        });
        for (entry, (name, item)) in map.iter().enumerate() {
            let Name::Text(name) = name else { continue };
            let mut below: Vec<&Value> = known().filter_map(|keys| keys.get(name)).collect();
            if below.is_empty() {
                let near = nearest(name, known().flat_map(|keys| keys.keys()).map(String::as_str));
                if let (true, Some(near)) = (is_open && !NETPLAN.contains(&name), near) {
                    self.give(name, entry, item, near);
                }
                below = forms.iter().flat_map(|form| of_any_name(form)).collect();
            }
            self.path.push(Step::Key { name: Cow::Borrowed(name), entry });
            self.look(&below, item);
            self.path.pop();
        }
    }

    fn give(&mut self, name: &str, entry: usize, item: Instance<'d>, near: &str) {
        let place: Vec<Step<'static>> = self.path.iter().cloned().map(Step::into_owned).collect();
        let message = format!("unknown key '{}'", short(name));
        self.found.push(Finding {
            severity: Severity::Advice,
            path: dotted(&place),
            place,
            key: Some(Step::Key { name: Cow::Owned(name.to_owned()), entry }),
            detailed: message.clone(),
            message,
            hint: Some(format!("did you mean '{near}'?")),
            module: None,
            summary: false,
            origin: item.key_origin(),
        });
    }
}

/// The schemas of a form for values under names that the user chooses.
fn of_any_name(form: &Value) -> impl Iterator<Item = &Value> {
    let patterns = form.get("patternProperties").and_then(Value::as_object);
    let rest = form.get("additionalProperties").filter(|rest| rest.is_object());
    patterns.into_iter().flat_map(|patterns| patterns.values()).chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn parsed(text: &str) -> yaml::Node {
        yaml::parse("x", text.as_bytes(), &yaml::Limits::default()).expect("valid").expect("there")
    }

    fn advice(text: &str) -> Vec<String> {
        advise(&parsed(text)).iter().map(Finding::public).collect()
    }

    #[test]
    fn a_misspelled_key_of_version_2_is_advice() {
        let text =
            "version: 2\nethernets:\n  eth0: {adresses: [10.0.0.1/8], nameserver: {addresses: [1.1.1.1]}}\n";
        let expected = [
            "ethernets.eth0.adresses: unknown key 'adresses'; did you mean 'addresses'?",
            "ethernets.eth0.nameserver: unknown key 'nameserver'; did you mean 'nameservers'?",
        ];
        assert_eq!(advice(text), expected);
        let network = format!("network:\n  {}", text.trim_end().replace('\n', "\n  "));
        assert_eq!(advice(&network), expected.map(|message| format!("network.{message}")));
        // Like upstream's, the schema accepts them.
        let schema = v2_schema();
        assert!(check(&Schema::new(&schema), &parsed(text)).is_empty());
    }

    #[test]
    fn nested_keys_of_version_2_are_checked() {
        for (device, place) in [
            ("bonds: {b: {parameters: {mod: 802.3ad}}}", "bonds.b.parameters.mod: unknown key 'mod'"),
            ("vlans: {v: {id: 3, lnik: eth0}}", "vlans.v.lnik: unknown key 'lnik'; did you mean 'link'?"),
        ] {
            let found = advice(&format!("version: 2\n{device}\n"));
            assert!(found.len() == 1 && found[0].starts_with(place), "{device}: {found:?}");
        }
    }

    #[test]
    fn validation_reports_a_misspelled_key_of_version_1() {
        let text = "version: 1\nconfig: [{type: physical, name: eth0, mac_adress: '00:11:22:33:44:55'}]\n";
        assert_eq!(advice(text), Vec::<String>::new());
        let schema = v1_schema();
        let found = check(&Schema::new(&schema), &parsed(text));
        assert!(
            found.iter().any(|finding| finding.public()
                == "config.0.mac_adress: unknown key 'mac_adress'; did you mean 'mac_address'?"),
            "{found:?}"
        );
    }

    #[test]
    fn valid_keys_get_no_advice() {
        for text in [
            "version: 2\nethernets: {adresses: {addresses: [10.0.0.1/8], ipv6-mtu: 1400, critical: true}}\n",
            "version: 2\nwifis: {wl0: {access-points: {adresses: {password: x}}}}\n",
            "version: 2\nvlans: {v: {id: 3, link: eth0, entirely-different: 1}}\n",
            "version: 1\nconfig: [{type: physical, name: eth0, subnets: [{type: dhcp}]}]\n",
            "version: 3\nadresses: []\n",
        ] {
            assert_eq!(advice(text), Vec::<String>::new(), "{text}");
        }
    }
}
