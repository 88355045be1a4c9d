//! Plans how devices get their configured names.

use crate::physical::Device;

/// The current state of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Its name.
    pub name: String,
    /// Its MAC address, lower case.
    pub mac: String,
    /// Its driver.
    pub driver: Option<String>,
    /// Its ID on its bus.
    pub device_id: Option<String>,
    /// Whether it is up.
    pub up: bool,
    /// Whether it may be brought down: it is down, or has only addresses it assigned itself.
    pub downable: bool,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Brings a device down.
    Down(String),
    /// Renames a device.
    Rename {
        /// The current name.
        from: String,
        /// The new name.
        to: String,
    },
    /// Brings a device up.
    Up(String),
}

/// The steps, and the problems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps in order.
    pub steps: Vec<Step>,
    /// What prevents a rename, one message each.
    pub problems: Vec<String>,
}

fn matches(link: &Current, device: &Device) -> bool {
    let same = |wanted: &Option<String>, is: &Option<String>| wanted == is;
    match (&device.driver, &device.device_id) {
        (Some(_), Some(_)) => {
            link.mac == device.mac
                && same(&device.driver, &link.driver)
                && same(&device.device_id, &link.device_id)
        }
        (Some(_), None) => link.mac == device.mac && same(&device.driver, &link.driver),
        (None, _) => link.mac == device.mac,
    }
}

/// Plans the renames. A name that another device has is freed with a temporary name; devices with addresses are not
/// renamed, which is reported as a problem.
pub fn plan(devices: &[Device], current: &[Current]) -> Plan {
    let mut links = current.to_vec();
    let mut plan = Plan::default();
    // Devices that were brought down; they are brought up under their final name.
    let mut downed: Vec<usize> = Vec::new();
    let mut temporary = 0_u32;
    for device in devices {
        let found: Vec<usize> = (0..links.len()).filter(|at| matches(&links[*at], device)).collect();
        let wanted = &device.name;
        let at = match found.as_slice() {
            [at] => *at,
            [] => {
                let message =
                    format!("[nic not present] Cannot rename mac={} to {wanted}, not available.", device.mac);
                plan.problems.push(message);
                continue;
            }
            several => {
                let names: Vec<&str> = several.iter().map(|at| links[*at].name.as_str()).collect();
                let message =
                    format!("mac={} means several links ({}): rename none", device.mac, names.join(", "));
                plan.problems.push(message);
                continue;
            }
        };
        let name = links[at].name.clone();
        if name == *wanted {
            continue;
        }
        let busy = |what: &str| format!("[{what}] Error renaming mac={} from {name} to {wanted}", device.mac);
        let (mut steps, mut taken) = (Vec::new(), Vec::new());
        if links[at].up {
            if !links[at].downable {
                plan.problems.push(busy("busy"));
                continue;
            }
            steps.push(Step::Down(name.clone()));
            taken.push(at);
        }
        if let Some(other) = links.iter().position(|link| link.name == *wanted) {
            if links[other].up && !links[other].downable {
                plan.problems.push(busy("busy-target"));
                continue;
            }
            if links[other].up {
                steps.push(Step::Down(wanted.clone()));
                links[other].up = false;
                taken.push(other);
            }
            let mut free = format!("cirename{temporary}");
            while links.iter().any(|link| link.name == free) {
                temporary += 1;
                free = format!("cirename{temporary}");
            }
            temporary += 1;
            steps.push(Step::Rename { from: wanted.clone(), to: free.clone() });
            links[other].name = free;
        }
        steps.push(Step::Rename { from: name.clone(), to: wanted.clone() });
        links[at].up = false;
        links[at].name.clone_from(wanted);
        plan.steps.append(&mut steps);
        downed.append(&mut taken);
    }
    plan.steps.extend(downed.into_iter().map(|at| Step::Up(links[at].name.clone())));
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(name: &str, mac: &str, up: bool, downable: bool) -> Current {
        Current { name: name.into(), mac: mac.into(), driver: None, device_id: None, up, downable }
    }

    fn device(mac: &str, name: &str) -> Device {
        Device { mac: mac.into(), name: name.into(), driver: None, device_id: None }
    }

    fn shown(plan: &Plan) -> Vec<String> {
        plan.steps
            .iter()
            .map(|step| match step {
                Step::Down(name) => format!("down {name}"),
                Step::Up(name) => format!("up {name}"),
                Step::Rename { from, to } => format!("{from}>{to}"),
            })
            .collect()
    }

    #[test]
    fn names_that_cross_go_through_a_temporary_one() {
        let links = [link("ens3", "a", false, true), link("ens5", "b", false, true)];
        let plan = plan(&[device("a", "ens5"), device("b", "ens3")], &links);
        assert_eq!(shown(&plan), ["ens5>cirename0", "ens3>ens5", "cirename0>ens3"]);
        assert!(plan.problems.is_empty());
    }

    #[test]
    fn a_link_that_is_up_without_addresses_is_taken_down_for_it() {
        let plan = plan(&[device("a", "wan0")], &[link("eth0", "a", true, true)]);
        assert_eq!(shown(&plan), ["down eth0", "eth0>wan0", "up wan0"]);
    }

    #[test]
    fn links_in_use_and_missing_ones_are_problems() {
        let links = [link("eth0", "a", true, false), link("eth1", "b", false, true)];
        let found = plan(&[device("a", "wan0"), device("c", "lan0"), device("b", "eth0")], &links);
        assert_eq!(shown(&found), [] as [&str; 0]);
        let starts: Vec<&str> =
            found.problems.iter().map(|text| text.split(']').next().expect("there")).collect();
        assert_eq!(starts, ["[busy", "[nic not present", "[busy-target"]);
    }

    #[test]
    fn the_driver_decides_between_links_of_one_mac() {
        let with = |name: &str, driver: &str| Current {
            driver: Some(driver.into()),
            ..link(name, "a", false, true)
        };
        let links = [with("eth0", "hv_netvsc"), with("eth1", "mlx5_core")];
        let wanted = Device { driver: Some("hv_netvsc".into()), ..device("a", "wan0") };
        assert_eq!(shown(&plan(&[wanted], &links)), ["eth0>wan0"]);
        assert_eq!(plan(&[device("a", "wan0")], &links).problems.len(), 1);
    }

    /// The original's `find_entry` (net/__init__.py): what the configuration names must be the same.
    #[test]
    fn a_device_is_identified_by_all_that_is_named() {
        let own = |driver: Option<&str>, id: Option<&str>| Current {
            driver: driver.map(str::to_owned),
            device_id: id.map(str::to_owned),
            ..link("a0", "a", false, true)
        };
        let named = |driver: Option<&str>, id: Option<&str>| Device {
            driver: driver.map(str::to_owned),
            device_id: id.map(str::to_owned),
            ..device("a", "b0")
        };
        for (current, wanted, same) in [
            (own(Some("x"), Some("1")), named(None, None), true),
            (own(Some("x"), Some("1")), named(None, Some("2")), true),
            (own(Some("x"), Some("1")), named(Some("x"), None), true),
            (own(Some("x"), Some("1")), named(Some("y"), None), false),
            (own(Some("x"), Some("1")), named(Some("x"), Some("1")), true),
            (own(Some("x"), Some("1")), named(Some("x"), Some("2")), false),
            (own(Some("x"), Some("1")), named(Some("y"), Some("1")), false),
            (own(None, None), named(Some("x"), None), false),
        ] {
            assert_eq!(matches(&current, &wanted), same, "{current:?} {wanted:?}");
            let elsewhere = Current { mac: "other".into(), ..current.clone() };
            assert!(!matches(&elsewhere, &wanted), "{elsewhere:?} {wanted:?}");
        }
    }

    /// Names in a circle need a temporary one each; one that a device already has is left to it.
    #[test]
    fn temporary_names_are_unused_ones() {
        let links = [
            link("e0", "a", false, true),
            link("e1", "b", false, true),
            link("e2", "c", false, true),
            link("cirename0", "d", false, true),
        ];
        let plan = plan(&[device("a", "e1"), device("b", "e2"), device("c", "e0")], &links);
        assert_eq!(shown(&plan), ["e1>cirename1", "e0>e1", "e2>cirename2", "cirename1>e2", "cirename2>e0"]);
    }
}
