//! Who may ask: which names this server answers to, and which pages of other origins may read the answers.

/// Names and origins that are allowed besides.
#[derive(Debug, Default)]
pub struct Guard {
    /// Names of this machine.
    pub names: Vec<String>,
    /// Origins, as a browser writes them; `*` for all.
    pub origins: Vec<String>,
}

impl Guard {
    /// Whether a `Host` header names this machine.
    pub fn is_own_name(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        is_own_name(host) || self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether a page of that origin may read.
    pub fn may_read(&self, origin: &str) -> bool {
        may_read(origin) || self.origins.iter().any(|own| own == "*" || own == origin)
    }
}

/// Whether a `Host` header names this machine. A page elsewhere can make a name of its own point here, and would then share
/// an origin with the data; an address or `localhost` it cannot have.
fn is_own_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok()
}

/// Whether a page of that origin may read: this machine's, and Cellucid's.
fn may_read(origin: &str) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    let host = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => rest,
    };
    match scheme {
        "https" if host == "cellucid.com" || host.ends_with(".cellucid.com") => true,
        "http" | "https" => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        for host in
            ["localhost", "localhost:8765", "127.0.0.1:1", "[::1]:8765", "192.168.1.2:80", "LOCALHOST"]
        {
            assert!(is_own_name(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:8765", "localhost.evil.example", "", "127.0.0.1.evil.example"]
        {
            assert!(!is_own_name(host), "{host}");
        }
    }

    #[test]
    fn origins_that_may_read() {
        for origin in
            ["http://localhost:3000", "https://127.0.0.1", "https://www.cellucid.com", "https://cellucid.com"]
        {
            assert!(may_read(origin), "{origin}");
        }
        for origin in [
            "null",
            "http://cellucid.com",
            "https://notcellucid.com",
            "https://evil.example",
            "file://",
            "https://localhost.evil.example",
        ] {
            assert!(!may_read(origin), "{origin}");
        }
    }
}
