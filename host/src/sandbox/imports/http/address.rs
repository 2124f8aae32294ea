//! Which addresses are out in the public internet: the special-purpose registries of IANA (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::sandbox::Reach;

/// Whether a request may go there.
pub(super) fn is_allowed(address: IpAddr, reach: Reach) -> bool {
    match reach {
        Reach::PublicOnly => is_public(address),
        // A single peer, on whatever network.
        Reach::PrivateToo => !address.is_unspecified() && !address.is_multicast(),
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    /// Each a network and the bits that name it.
    const SPECIAL: [(Ipv4Addr, u32); 15] = [
        (Ipv4Addr::new(0, 0, 0, 0), 8),
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        // Shared by carriers (CGNAT).
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::new(127, 0, 0, 0), 8),
        // Link-local; clouds keep their metadata, credentials included, at 169.254.169.254.
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 0, 0, 0), 24),
        (Ipv4Addr::new(192, 0, 2, 0), 24),
        (Ipv4Addr::new(192, 88, 99, 0), 24),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        (Ipv4Addr::new(198, 18, 0, 0), 15),
        (Ipv4Addr::new(198, 51, 100, 0), 24),
        (Ipv4Addr::new(203, 0, 113, 0), 24),
        // Multicast.
        (Ipv4Addr::new(224, 0, 0, 0), 4),
        // Reserved, and broadcast.
        (Ipv4Addr::new(240, 0, 0, 0), 4),
    ];
    let bits = address.to_bits();
    !SPECIAL.into_iter().any(|(network, length)| (bits ^ network.to_bits()) >> (32 - length) == 0)
}

/// Global unicast is 2000::/3 without its special parts. Where an IPv4 address is embedded, that one decides.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match (a, b) {
        // IPv4-mapped.
        (0, 0) => (c, d, e, f) == (0, 0, 0, 0xffff) && embedded(g, h),
        // NAT64.
        (0x64, 0xff9b) => (c, d, e, f) == (0, 0, 0, 0) && embedded(g, h),
        // 6to4.
        (0x2002, _) => embedded(b, c),
        // Protocol assignments, Teredo among them; documentation.
        (0x2001, 0..0x200 | 0xdb8) | (0x3fff, 0..0x1000) => false,
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_refused() {
        let refused = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 \
            172.31.255.255 192.0.0.8 192.168.1.1 198.19.0.1 224.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 \
            ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1:: fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 \
            2001::1 2001:db8::1 3fff::1 100::1 ::ffff:0:127.0.0.1";
        for text in refused.split_whitespace() {
            assert!(!is_public(text.parse().expect(text)), "{text}");
        }
    }

    #[test]
    fn what_is_public_is_allowed() {
        let allowed = "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 169.253.1.1 192.0.1.1 223.255.255.255 \
            2606:4700::1111 2a00:1450:4001::1 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1 3fff:1000::1";
        for text in allowed.split_whitespace() {
            assert!(is_public(text.parse().expect(text)), "{text}");
        }
    }

    #[test]
    fn a_grant_may_reach_private_ones() {
        let allowed = |text: &str| is_allowed(text.parse().expect(text), Reach::PrivateToo);
        assert!(allowed("127.0.0.1") && allowed("10.0.0.1") && allowed("fd00::1"));
        assert!(!allowed("0.0.0.0") && !allowed("224.0.0.1") && !allowed("ff02::1"));
    }
}
