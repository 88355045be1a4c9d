//! Any packet is read or refused, and a message that is read stays the same when it is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|packet: &[u8]| {
    for checksum in [dhcp::Checksum::Verify, dhcp::Checksum::Pending] {
        let _ = dhcp::payload(packet, checksum);
    }
    if let Ok(message) = dhcp::Message::parse(packet) {
        let routes = message.options.get(dhcp::code::CLASSLESS_ROUTES);
        let _ = routes.map(dhcp::classless_routes);
        let _ = message.options.get(dhcp::code::DOMAIN_SEARCH).map(dhcp::domains);
        assert_eq!(dhcp::Message::parse(&message.write()), Ok(message));
    }
});
