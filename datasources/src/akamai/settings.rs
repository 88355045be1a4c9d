//! The settings: those of the platform in the firmware, then the configuration, then defaults.

use model::datasource::SourceStage;
use model::{Node, Platform};

/// What the source may do, and where the service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    local_stage: bool,
    init_stage: bool,
    /// Whether a temporary address may be leased.
    pub dhcp: bool,
    pub ipv4: bool,
    pub ipv6: bool,
    /// MAC addresses of preferred devices begin like this.
    pub mac_prefixes: Vec<String>,
    pub ipv4_base: String,
    pub ipv6_base: String,
    pub token_path: String,
    pub metadata_path: String,
    pub user_data_path: String,
}

impl Settings {
    /// Reads the flags in the board's serial number, and `datasource.Akamai`.
    pub(super) fn read(platform: &Platform<'_>, config: &Node) -> Self {
        let firmware = platform.dmi("board_serial").unwrap_or_default();
        let flag = |short: &str, key: &str| match flag_text(&firmware, short) {
            Some(value) => value != "0" && !value.is_empty(),
            None => config.get(key).is_none_or(Node::is_truthy),
        };
        let text = |keys: &[&str], usual: &str| {
            config.at(keys).and_then(Node::scalar_text).unwrap_or_else(|| usual.to_owned())
        };
        let prefixes = match flag_text(&firmware, "pmp") {
            Some(list) => list.split(',').map(str::to_owned).collect(),
            None => match config.get("preferred_mac_prefixes").and_then(Node::as_list) {
                Some(list) => list.iter().filter_map(Node::scalar_text).collect(),
                None => vec!["f2:3".to_owned()],
            },
        };
        Self {
            local_stage: flag("als", "allow_local_stage"),
            init_stage: flag("ais", "allow_init_stage"),
            dhcp: flag("dhcp", "allow_dhcp"),
            ipv4: flag("v4", "allow_ipv4"),
            ipv6: flag("v6", "allow_ipv6"),
            mac_prefixes: prefixes,
            ipv4_base: text(&["base_urls", "ipv4"], "http://169.254.169.254"),
            ipv6_base: text(&["base_urls", "ipv6"], "http://[fd00:a9fe:a9fe::1]"),
            token_path: text(&["paths", "token"], "/v1/token"),
            metadata_path: text(&["paths", "metadata"], "/v1/instance"),
            user_data_path: text(&["paths", "userdata"], "/v1/user-data"),
        }
    }

    /// Whether the service may never be queried.
    pub(super) fn forbids_everything(&self) -> bool {
        (!self.ipv4 && !self.ipv6) || (!self.local_stage && !self.init_stage)
    }

    /// Whether it may be queried in a stage; the local stage needs a temporary address.
    pub(super) fn allows(&self, stage: SourceStage) -> bool {
        match stage {
            SourceStage::Local => self.local_stage && (self.dhcp || self.ipv6),
            SourceStage::Network => self.init_stage,
        }
    }
}

/// The value of a flag in `KEY=VALUE;KEY=VALUE`.
fn flag_text<'f>(firmware: &'f str, key: &str) -> Option<&'f str> {
    let found = metadata::pairs::read(firmware, ';').filter(|(name, _)| *name == key);
    found.last().map(|(_, value)| value.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use system::{Scratch, TreeHttp};

    use super::*;
    use crate::testing::Machine;

    fn read(serial: &str, config: &str) -> Settings {
        let scratch = Scratch::new().file("/sys/class/dmi/id/board_serial", serial);
        let machine = Machine::with_http(scratch, Arc::new(TreeHttp::new(Arc::new(Scratch::new()), None)));
        let node = Node::from_yaml("t", config.as_bytes()).expect("YAML").unwrap_or_default();
        Settings::read(&machine.platform(), &node)
    }

    #[test]
    fn the_firmware_wins_over_the_configuration() {
        let usual = read("", "");
        assert!(usual.allows(SourceStage::Local) && usual.allows(SourceStage::Network));
        assert_eq!(usual.mac_prefixes, ["f2:3"]);
        let set = read("als=0;v6=1;dhcp=0;pmp=22:00,33", "{allow_local_stage: true, allow_ipv6: false}");
        assert!(!set.allows(SourceStage::Local) && set.allows(SourceStage::Network));
        assert!(set.ipv6 && !set.dhcp);
        assert_eq!(set.mac_prefixes, ["22:00", "33"]);
        let set = read("", "{allow_ipv6: false, allow_dhcp: false, base_urls: {ipv4: 'http://h'}}");
        assert!(!set.allows(SourceStage::Local), "there is no way to get an address");
        assert_eq!((set.ipv4_base.as_str(), set.ipv6_base.as_str()), ("http://h", usual.ipv6_base.as_str()));
        assert!(read("als=0;ais=0", "").forbids_everything());
        assert!(read("v4=0", "{allow_ipv6: false}").forbids_everything());
    }

    /// The original's settings: als and ais allow the stages, dhcp and v6 are the ways of the local stage.
    #[test]
    fn stages_and_ways() {
        for (firmware, local, network, nothing) in [
            ("als=1;ais=1;dhcp=1;v4=1;v6=1", true, true, false),
            ("als=1;ais=1;dhcp=0;v4=1;v6=1", true, true, false),
            ("als=1;ais=1;dhcp=1;v4=1;v6=0", true, true, false),
            ("als=1;ais=1;dhcp=0;v4=1;v6=0", false, true, false),
            ("als=0;ais=1;dhcp=1;v4=1;v6=1", false, true, false),
            ("als=1;ais=0;dhcp=1;v4=1;v6=1", true, false, false),
            ("als=0;ais=0;dhcp=1;v4=1;v6=1", false, false, true),
            ("als=1;ais=1;dhcp=1;v4=0;v6=0", true, true, true),
            ("als=1;ais=1;dhcp=1;v4=0;v6=1", true, true, false),
        ] {
            let set = read(firmware, "");
            assert_eq!(set.allows(SourceStage::Local), local, "{firmware}");
            assert_eq!(set.allows(SourceStage::Network), network, "{firmware}");
            assert_eq!(set.forbids_everything(), nothing, "{firmware}");
        }
    }
}
