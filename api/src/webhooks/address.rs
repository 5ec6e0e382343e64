//! Where messages may go: an owner names the address, so it must not lead into our own network.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Finds only addresses on the public internet. What is found is what is connected to, so nothing
/// changes in between.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                let why = "no address on the public internet";
                return Err(Error::new(ErrorKind::PermissionDenied, why).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether a host may be one of the public internet: a name may, as far as can be told before it is
/// looked up.
pub(super) fn may_be_public(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    address.map_or(true, is_public)
}

/// Whether an address is one of the public internet (IANA's special-purpose registries, RFC 6890
/// and what followed it). What embeds an IPv4 address counts as that one.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || matches!((a, b, c), (0 | 240.., ..) | (100, 64..=127, _) | (198, 18 | 19, _))
        || matches!((a, b, c), (192, 0, 0) | (192, 88, 99));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64 leads to the IPv4 address at its end, behind this prefix of 96 bits only (RFC 6052);
        // 64:ff9b:1::/48 is for a network's own (RFC 8215).
        [0x64, 0xff9b, 0, 0, 0, 0, y, z] => {
            is_public_v4(Ipv4Addr::from((u32::from(y) << 16) | u32::from(z)))
        }
        // 6to4 and Teredo are tunnels to IPv4, 2001:db8 is for examples.
        [0x2002, ..] | [0x2001, 0 | 0xdb8, ..] => false,
        // All that was ever given out.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_reached() {
        for public in ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            // These embed no address at their end, whatever stands there.
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:1:fffe::8.8.8.8",
            "64:ff9b:0:0:0:1:808:808",
            "64:ff9b:2::8.8.8.8",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "::127.0.0.1",
            "100::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn an_address_is_known_however_it_is_spelt() {
        let may = |url: &str| may_be_public(&Url::parse(url).unwrap());
        assert!(
            may("https://example.com/") && may("https://8.8.8.8/") && may("https://[2606::1]/")
        );
        for url in [
            "https://127.1:8443/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://127.0.0.1./",
            "https://0xa9fea9fe/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
        ] {
            assert!(!may(url), "{url}");
        }
    }
}
