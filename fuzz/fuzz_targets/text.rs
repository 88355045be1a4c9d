#![no_main]
//! Every document that can be read is written back byte for byte.

use libfuzzer_sys::fuzz_target;
use etc_files::{accounts, authorized_keys, fstab, hostname, hosts, lease, resolv, sshd, sudoers};

fuzz_target!(|data: &[u8]| {
    assert_eq!(hosts::Hosts::parse(data).write(), data);
    assert_eq!(resolv::ResolvConf::parse(data).write(), data);
    assert_eq!(fstab::Fstab::parse(data).write(), data);
    assert_eq!(accounts::Passwd::parse(data).write(), data);
    assert_eq!(accounts::Shadow::parse(data).write(), data);
    if let Ok(hostname) = hostname::Hostname::parse(data) {
        assert_eq!(hostname.write(), data);
    }
    let mut config = sshd::SshdConfig::parse(data);
    assert_eq!(config.write(), data);
    if config.update(&[("UsePAM", "yes")]).is_ok() {
        assert_eq!(sshd::SshdConfig::parse(&config.write()).get("usepam"), Some("yes"));
    }
    let mut keys = authorized_keys::AuthorizedKeys::parse(data);
    assert_eq!(keys.write(), data);
    keys.update(&[authorized_keys::KeyLine::parse("ssh-rsa AAAA x", "")]);
    let _ = lease::parse_leases(data);
    let _ = lease::classless_routes(&String::from_utf8_lossy(data));
    let _ = sudoers::included_directories(data);
});
