//! Which addresses a connection may have. Checked when the configuration is read, before anything is sent.
//!
//! Private ranges are legal: that is where SAP and MES live. What a name resolves to is checked again by the resolver.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// A setting that is not acceptable, in a form that a start-up message or a form can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Name of the setting.
    pub field: String,
    /// Its value; never a secret.
    pub value: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
}

/// Whether plain HTTP may leave this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpRule {
    /// Only to this machine.
    #[default]
    LoopbackOnly,
    /// Also elsewhere: somebody decided so in the configuration.
    Everywhere,
}

/// Checks the address of a connection. `None` when it is acceptable.
#[must_use]
pub fn check_endpoint(field: &str, endpoint: &Url, rule: HttpRule) -> Option<ConfigProblem> {
    let problem = |problem: &str, remedy: &str| {
        let mut shown = endpoint.clone();
        // A password pasted into the address must not reach a message.
        let _ = shown.set_password(None);
        Some(ConfigProblem {
            field: field.to_owned(),
            value: shown.to_string(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        })
    };
    if !endpoint.username().is_empty() || endpoint.password().is_some() {
        return problem(
            "has credentials in the address",
            "Give the user as its own setting; the secret goes to the keyring.",
        );
    }
    if endpoint.query().is_some() || endpoint.fragment().is_some() {
        return problem("has a query or fragment", "Give the address without ? and #.");
    }
    let Some(host) = endpoint.host() else {
        return problem("has no host", "Give an address such as https://sap.example.org.");
    };
    if let Some(reason) = forbidden_host(&host) {
        return problem(reason, "Give the address of the system itself.");
    }
    match endpoint.scheme() {
        "https" => None,
        "http" if is_loopback_host(&host) || rule == HttpRule::Everywhere => None,
        "http" => problem(
            "is plain http to another machine, so the password would be readable on the network",
            "Use https; a certificate of your own authority can be added with a CA file.",
        ),
        _ => problem("is neither https nor http", "Use https."),
    }
}

fn forbidden_host(host: &Host<&str>) -> Option<&'static str> {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            matches!(
                name.as_str(),
                "metadata" | "metadata.google.internal" | "instance-data"
            )
            .then_some("is a cloud metadata service")
        }
        Host::Ipv4(address) => forbidden_address(IpAddr::V4(*address)),
        Host::Ipv6(address) => forbidden_address(IpAddr::V6(*address)),
    }
}

/// Whether the host is this machine by its spelling.
#[must_use]
pub(super) fn is_loopback_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Why no connection may go to this address, whatever the configuration says.
#[must_use]
pub(super) fn forbidden_address(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => forbidden_v4(v4),
        IpAddr::V6(v6) => forbidden_v6(v6).or_else(|| embedded_v4(v6).and_then(forbidden_v4)),
    }
}

/// The older address that a newer one stands for: mapped, or translated on the way (NAT64, 6to4).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

fn forbidden_v4(address: Ipv4Addr) -> Option<&'static str> {
    if address.octets()[0] == 0 {
        Some("is the unspecified address")
    } else if address.is_link_local() {
        Some("is a link-local or metadata address")
    } else if address == Ipv4Addr::new(100, 100, 100, 200) {
        Some("is a cloud metadata service")
    } else if address.is_multicast() || address.is_broadcast() {
        Some("is a group address")
    } else {
        None
    }
}

fn forbidden_v6(address: Ipv6Addr) -> Option<&'static str> {
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if address.is_unspecified() {
        Some("is the unspecified address")
    } else if address.is_unicast_link_local() {
        Some("is a link-local address")
    } else if address == METADATA {
        Some("is a cloud metadata service")
    } else if address.is_multicast() {
        Some("is a group address")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Option<ConfigProblem> {
        check_endpoint("endpoint", &text.parse().unwrap(), HttpRule::LoopbackOnly)
    }

    #[test]
    fn https_and_loopback_http_are_acceptable() {
        for address in [
            "https://sap.example.org/sap",
            "https://10.1.2.3:44300",
            "http://127.0.0.1:9",
            "http://[::1]:9",
            "http://localhost",
        ] {
            assert_eq!(check(address), None, "{address}");
        }
    }

    #[test]
    fn plain_http_elsewhere_needs_a_decision() {
        assert!(check("http://10.1.2.3").unwrap().problem.contains("plain http"));
        let endpoint = "http://10.1.2.3".parse().unwrap();
        assert_eq!(check_endpoint("endpoint", &endpoint, HttpRule::Everywhere), None);
    }

    #[test]
    fn unspecified_link_local_and_metadata_addresses_are_refused() {
        for address in [
            "http://0.0.0.0",
            "https://169.254.169.254",
            "https://[fe80::1]",
            "https://[::ffff:169.254.169.254]",
            "https://metadata.google.internal",
            "https://[fd00:ec2::254]",
            "https://[::]",
            "https://[64:ff9b::169.254.169.254]",
            "https://[2002:a9fe:a9fe::1]",
            "https://0x7f.1@evil/",
            "ftp://x",
            // Another spelling of 169.254.169.254; the URL parser turns it into the address.
            "https://2852039166",
        ] {
            assert!(check(address).is_some(), "{address}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let problem = check("https://user:hunter2@sap.example.org").unwrap();
        assert!(!problem.value.contains("hunter2"));
    }
}
