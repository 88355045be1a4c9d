//! A packet socket (packet(7)): the only way to receive responses without an address.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::time::Instant;

use dhcp::Checksum;

use super::Wire;
use crate::netlink::readable;

/// The EtherType of IPv4, in network byte order.
#[expect(clippy::cast_possible_truncation, reason = "0x0800")]
const IPV4: u16 = (libc::ETH_P_IP as u16).to_be();
/// The maximum length of a hardware address (MAX_ADDR_LEN).
const LONGEST_ADDRESS: usize = 32;
/// Larger than any frame on devices that machines boot from.
const LONGEST_PACKET: usize = 65_536;
/// linux/if_packet.h: TP_STATUS_CSUMNOTREADY, the checksum is left to hardware that does not exist.
const CHECKSUM_PENDING: u32 = 1 << 3;

/// linux/if_packet.h: struct sockaddr_ll, with room for InfiniBand's addresses.
#[repr(C)]
struct Destination {
    link: libc::sockaddr_ll,
    rest: [u8; LONGEST_ADDRESS],
}

/// Receives UDP packets for the client's port on one device, and broadcasts packets.
pub(crate) struct PacketSocket {
    socket: OwnedFd,
    index: i32,
    broadcast: Vec<u8>,
}

/// linux/filter.h: accepts IPv4 packets with UDP to port 68 that are not later fragments.
fn filter() -> [libc::sock_filter; 8] {
    let step = |code: u16, jt: u8, jf: u8, k: u32| libc::sock_filter { code, jt, jf, k };
    [
        step(0x30, 0, 0, 9),      // ldb [9]
        step(0x15, 0, 5, 17),     // jeq udp
        step(0x28, 0, 0, 6),      // ldh [6]
        step(0x45, 3, 0, 0x1fff), // jset offset of a fragment
        step(0xb1, 0, 0, 0),      // ldxb 4*([0]&0xf)
        step(0x48, 0, 0, 2),      // ldh [x+2]
        step(0x15, 1, 0, 68),     // jeq port 68
        step(0x06, 0, 0, 0),      // ret 0
    ]
}

/// The length of a structure that the kernel reads.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the kernel's structures have a few hundred bytes at most"
)]
const fn length<T>() -> libc::socklen_t {
    size_of::<T>() as libc::socklen_t
}

fn option<T>(socket: &OwnedFd, level: i32, name: i32, value: &T) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of a live value of the type that the option takes.
    #[allow(unsafe_code, reason = "rustix has no packet sockets")]
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, std::ptr::from_ref(value).cast(), length::<T>())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl PacketSocket {
    /// Opens a socket on a device by index; `broadcast` is its broadcast hardware address.
    pub(crate) fn open(index: u32, broadcast: Vec<u8>) -> io::Result<Self> {
        if broadcast.is_empty() || broadcast.len() > LONGEST_ADDRESS {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the network device has no broadcast address",
            ));
        }
        let index = i32::try_from(index).map_err(|_| io::ErrorKind::InvalidInput)?;
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
        // SAFETY: no pointers; a descriptor that is not negative is new and ours.
        #[allow(unsafe_code, reason = "rustix has no packet sockets")]
        let socket = unsafe {
            // Nothing is received before the filter is set and the socket bound.
            let number = libc::socket(libc::AF_PACKET, kind, 0);
            if number < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(number)
        };
        let mut steps = filter().to_vec();
        // The target of the jump on a matching port.
        steps.push(libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: 0xffff_ffff });
        let count = u16::try_from(steps.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let program = libc::sock_fprog { len: count, filter: steps.as_mut_ptr() };
        option(&socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)?;
        option(&socket, libc::SOL_PACKET, libc::PACKET_AUXDATA, &1_i32)?;
        let own = Self { socket, index, broadcast };
        let address = own.destination(&[]);
        // SAFETY: the address is a whole sockaddr_ll.
        #[allow(unsafe_code, reason = "rustix has no packet sockets")]
        let bound = unsafe {
            libc::bind(
                own.socket.as_raw_fd(),
                std::ptr::from_ref(&address.link).cast(),
                length::<libc::sockaddr_ll>(),
            )
        };
        if bound == 0 { Ok(own) } else { Err(io::Error::last_os_error()) }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "AF_PACKET is 17, and an address has LONGEST_ADDRESS bytes at most"
    )]
    fn destination(&self, address: &[u8]) -> Destination {
        // SAFETY: both parts are plain numbers, for which zeros are valid.
        #[allow(unsafe_code, reason = "the structure has padding that libc does not name")]
        let mut to: Destination = unsafe { zeroed() };
        to.link.sll_family = libc::AF_PACKET as u16;
        to.link.sll_protocol = IPV4;
        to.link.sll_ifindex = self.index;
        to.link.sll_halen = address.len() as u8;
        let (first, rest) = address.split_at(address.len().min(to.link.sll_addr.len()));
        to.link.sll_addr[..first.len()].copy_from_slice(first);
        to.rest[..rest.len()].copy_from_slice(rest);
        to
    }
}

impl Wire for PacketSocket {
    fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        let to = self.destination(&self.broadcast);
        let more = self.broadcast.len().saturating_sub(to.link.sll_addr.len());
        let more = libc::socklen_t::try_from(more).map_err(|_| io::ErrorKind::InvalidInput)?;
        let length = length::<libc::sockaddr_ll>() + more;
        // SAFETY: the packet and the first `length` bytes of the address live through the call; sockaddr_ll ends with
        // its address, so that the rest follows without a gap.
        #[allow(unsafe_code, reason = "rustix has no packet sockets")]
        let sent = unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                packet.as_ptr().cast(),
                packet.len(),
                0,
                std::ptr::from_ref(&to).cast(),
                length,
            )
        };
        if sent >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<(Vec<u8>, Checksum)>> {
        if !readable(&self.socket, deadline)? {
            return Ok(None);
        }
        let mut packet = vec![0_u8; LONGEST_PACKET];
        let mut part = libc::iovec { iov_base: packet.as_mut_ptr().cast(), iov_len: packet.len() };
        // Aligned as control messages have to be, with room for one struct tpacket_auxdata.
        let mut control = [0_u64; 16];
        // SAFETY: zeros are a valid msghdr; its pointers are those of the live buffers above, with their lengths. The
        // control message is read only where the kernel says that it is whole.
        #[allow(unsafe_code, reason = "rustix has no control messages of packet sockets")]
        let (length, checksum) = unsafe {
            let mut message: libc::msghdr = zeroed();
            message.msg_iov = &raw mut part;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&control);
            let length = libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, libc::MSG_DONTWAIT);
            let Ok(length) = usize::try_from(length) else {
                let error = io::Error::last_os_error();
                return match error.kind() {
                    // A device that goes down temporarily reports that once.
                    io::ErrorKind::NetworkDown | io::ErrorKind::WouldBlock => {
                        Ok(Some((Vec::new(), Checksum::Verify)))
                    }
                    _ => Err(error),
                };
            };
            let mut checksum = Checksum::Verify;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            if !header.is_null()
                && (*header).cmsg_level == libc::SOL_PACKET
                && (*header).cmsg_type == libc::PACKET_AUXDATA
                && (*header).cmsg_len >= libc::CMSG_LEN(4) as usize
            {
                let status = libc::CMSG_DATA(header).cast::<u32>().read_unaligned();
                if status & CHECKSUM_PENDING != 0 {
                    checksum = Checksum::Pending;
                }
            }
            (length, checksum)
        };
        packet.truncate(length);
        Ok(Some((packet, checksum)))
    }
}
