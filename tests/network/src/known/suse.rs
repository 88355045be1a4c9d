//! SUSE's files.

use super::Known;

pub(super) const ROUTES: Known = Known {
    name: "suse-routes",
    reason: "no route is written, default routes included",
    outputs: &["sysconfig-suse"],
    patterns: &["gateway", "route", "route of no link"],
    differences: |case| {
        let description = case.description;
        for link in case.links() {
            let path = case.file(link).replace("/ifcfg-", "/ifroute-");
            let name = &link.name;
            for subnet in &link.subnets {
                for gateway in &subnet.gateways {
                    case.new_file("gateway", &path, "");
                    case.ours("gateway", &path, "", format!("default {gateway} - {name}"));
                }
            }
            let of_no_link = description
                .routes
                .iter()
                .filter(|route| description.home(route).is_some_and(|(home, _)| home.name == *name));
            let own = link.routes().map(|route| ("route", route));
            for (pattern, route) in own.chain(of_no_link.map(|route| ("route of no link", route))) {
                case.new_file(pattern, &path, "");
                let to = if route.is_default() { "default".to_owned() } else { route.cidr() };
                let mut options = String::new();
                for (word, value) in [("metric", &route.metric), ("table", &route.table), ("mtu", &route.mtu)]
                {
                    options.extend(value.iter().map(|value| format!(" {word} {value}")));
                }
                let kind = if options.is_empty() { "" } else { " unicast" };
                case.ours(pattern, &path, "", format!("{to} {} - {name}{kind}{options}", route.via));
            }
        }
    },
};
