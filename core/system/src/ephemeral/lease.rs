//! Parses the leases of DHCP clients.

use std::net::Ipv4Addr;

use model::effects::Lease;

/// `dhcpcd --dumplease`: `name='value'` lines.
pub(super) fn dhcpcd(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('\'').to_owned()))
        .map(|(name, value)| (name.trim_start_matches("new_").to_owned(), value))
        .collect()
}

/// The last `lease { … }` of dhclient.leases(5).
pub(super) fn dhclient(text: &str) -> Vec<(String, String)> {
    let Some((_, last)) = text.rsplit_once("lease {") else { return Vec::new() };
    let block = last.split_once('}').map_or(last, |(block, _)| block);
    block
        .split(';')
        .filter_map(|statement| {
            let statement = statement.trim();
            let statement = statement.strip_prefix("option ").unwrap_or(statement);
            let (name, value) = statement.split_once(char::is_whitespace)?;
            Some((name.to_owned(), value.trim().trim_matches('"').to_owned()))
        })
        .collect()
}

/// The environment of udhcpc's script.
pub(super) fn udhcpc(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Converts the options of any client to a lease; `None` without an address.
pub(super) fn from_options(interface: &str, options: Vec<(String, String)>) -> Option<Lease> {
    let find = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| options.iter().find(|(key, _)| key == name))
            .map(|(_, value)| value.as_str())
    };
    let first = |names: &[&str]| {
        find(names).and_then(|value| value.split([' ', ',']).find(|word| !word.is_empty())?.parse().ok())
    };
    let address: Ipv4Addr = first(&["ip_address", "fixed-address", "ip"])?;
    let mask: Option<Ipv4Addr> = first(&["subnet_mask", "subnet-mask", "subnet"]);
    let prefix = find(&["subnet_cidr"])
        .and_then(|bits| bits.parse().ok())
        .or_else(|| mask.and_then(|mask| u8::try_from(mask.to_bits().leading_ones()).ok()))
        .unwrap_or(24);
    let static_routes = find(&["rfc3442-classless-static-routes", "classless_static_routes", "staticroutes"])
        .map(routes)
        .unwrap_or_default();
    Some(Lease {
        interface: interface.to_owned(),
        address,
        prefix,
        router: first(&["routers", "router"]),
        static_routes,
        server: first(&["dhcp_server_identifier", "dhcp-server-identifier", "serverid"]),
        mtu: find(&["interface_mtu", "interface-mtu", "mtu"]).and_then(|mtu| mtu.parse().ok()),
        option_245: find(&["unknown-245", "azureendpoint", "opt245"]).map(|value| value.as_bytes().to_vec()),
        options,
    })
}

/// Parses classless routes (RFC 3442) in the clients' formats: `10.0.0.0/8 10.0.0.1 …`, or decimal bytes,
/// `8,10,10,0,0,1,…`, where the network has as many bytes as its prefix needs.
fn routes(text: &str) -> Vec<(Ipv4Addr, u8, Ipv4Addr)> {
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| word.contains('.')) {
        return words
            .chunks_exact(2)
            .filter_map(|pair| {
                let (network, prefix) = pair[0].split_once('/').unwrap_or((pair[0], "32"));
                Some((network.parse().ok()?, prefix.parse().ok()?, pair[1].parse().ok()?))
            })
            .collect();
    }
    let bytes: Vec<u8> = words.iter().map_while(|word| word.parse().ok()).collect();
    let mut rest = bytes.as_slice();
    let mut found = Vec::new();
    while let Some((route, after)) = dhcp::classless_route(rest) {
        found.push(route);
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_gives_the_same_lease() {
        // Formats from dhcpcd(8), dhclient.leases(5) and busybox's udhcpc documentation.
        let dumped = "ip_address='10.0.0.5'\nsubnet_cidr='24'\nsubnet_mask='255.255.255.0'\nrouters='10.0.0.1'\n\
            dhcp_server_identifier='10.0.0.2'\ninterface_mtu='1400'\n\
            classless_static_routes='169.254.169.254/32 10.0.0.2 0.0.0.0/0 10.0.0.1'\n";
        let leases = "lease {\n  fixed-address 10.9.9.9;\n}\nlease {\n  interface \"eth0\";\n  fixed-address 10.0.0.5;\n  \
            option subnet-mask 255.255.255.0;\n  option routers 10.0.0.1;\n  option dhcp-server-identifier 10.0.0.2;\n  \
            option interface-mtu 1400;\n  \
            option rfc3442-classless-static-routes 32,169,254,169,254,10,0,0,2,0,10,0,0,1;\n}\n";
        let environment = "ip=10.0.0.5\nsubnet=255.255.255.0\nrouter=10.0.0.1\nserverid=10.0.0.2\nmtu=1400\n\
            staticroutes=169.254.169.254/32 10.0.0.2 0.0.0.0/0 10.0.0.1\n";
        for options in [dhcpcd(dumped), dhclient(leases), udhcpc(environment)] {
            let lease = from_options("eth0", options).expect("an address");
            assert_eq!(lease.address, Ipv4Addr::new(10, 0, 0, 5));
            assert_eq!(lease.prefix, 24);
            assert_eq!(lease.router, Some(Ipv4Addr::new(10, 0, 0, 1)));
            assert_eq!(lease.server, Some(Ipv4Addr::new(10, 0, 0, 2)));
            assert_eq!(lease.mtu, Some(1400));
            assert_eq!(
                lease.static_routes,
                [
                    (Ipv4Addr::new(169, 254, 169, 254), 32, Ipv4Addr::new(10, 0, 0, 2)),
                    (Ipv4Addr::UNSPECIFIED, 0, Ipv4Addr::new(10, 0, 0, 1)),
                ]
            );
        }
        assert_eq!(from_options("eth0", Vec::new()), None);
    }

    fn options(pairs: &[(&str, &str)]) -> Option<Lease> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        from_options("eth0", pairs.collect())
    }

    /// The names of each client; RFC 3442 for routes, in which a destination without a prefix is a host.
    #[test]
    fn a_lease_is_made_of_the_options_of_any_client() {
        let lease = options(&[
            ("new_ip_address", "no address without its prefix removed"),
            ("ip", "10.0.0.5"),
            ("subnet", "255.255.240.0"),
            ("router", " 10.0.0.1 10.0.0.2"),
            ("staticroutes", "10.1.0.0/16 10.0.0.3 10.2.0.1 10.0.0.4 half"),
            ("opt245", "a83f8110"),
        ]);
        let lease = lease.expect("an address");
        assert_eq!((lease.prefix, lease.router), (20, Some(Ipv4Addr::new(10, 0, 0, 1))));
        assert_eq!(lease.option_245.as_deref(), Some(b"a83f8110".as_slice()));
        assert_eq!(
            lease.static_routes,
            [
                (Ipv4Addr::new(10, 1, 0, 0), 16, Ipv4Addr::new(10, 0, 0, 3)),
                (Ipv4Addr::new(10, 2, 0, 1), 32, Ipv4Addr::new(10, 0, 0, 4)),
            ]
        );
        assert_eq!((lease.server, lease.mtu, lease.options.len()), (None, None, 6));
        let plain = options(&[("fixed-address", "10.0.0.5")]).expect("an address");
        assert_eq!((plain.prefix, plain.router, plain.static_routes), (24, None, Vec::new()));
        // The prefix takes precedence over the mask.
        let both = options(&[("ip", "10.0.0.5"), ("subnet_cidr", "25"), ("subnet", "255.0.0.0")]);
        assert_eq!(both.expect("an address").prefix, 25);
        assert_eq!(options(&[("ip", "nonsense")]), None);
    }

    #[test]
    fn lease_files_are_read_by_their_format() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            dhcpcd("new_routers='10.0.0.1'\nnonsense\n x = 'y'\n"),
            [pair("routers", "10.0.0.1"), pair("x", "y")]
        );
        assert_eq!(udhcpc("ip=1\nopt=a=b\nnone\n"), [pair("ip", "1"), pair("opt", "a=b")]);
        let leases = "lease {\n  interface \"eth0\";\n}\nlease {\n  option domain-name \"a b\";\n  bootp\n}\nrest x;\n";
        assert_eq!(dhclient(leases), [pair("domain-name", "a b")]);
        assert_eq!(dhclient("lease {\n fixed-address 10.0.0.1;"), [pair("fixed-address", "10.0.0.1")]);
        assert_eq!(dhclient("no lease"), []);
    }
}
