//! Options of operation: how the server stops, and where its metrics are.

use clap::Args;
use socketio::engineio::Tag;
use std::net::SocketAddr;

/// Options of operation.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Operation")]
pub struct OperationOptions {
    /// Separate address for /metrics, which is then not served at --listen
    #[arg(long, env = "STOA_METRICS_LISTEN", value_parser = listen_address)]
    pub metrics_listen: Option<SocketAddr>,
    /// Seconds for which a stopping server goes on answering while /readyz says "not ready", so that load balancers turn away from
    /// it
    #[arg(long, env = "STOA_DRAIN_NOTICE_SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=300))]
    pub drain_notice_seconds: u64,
    /// Name of this node among several, one to four letters from a to z: the ids of Socket.IO sessions begin with it, so that a load
    /// balancer can send their polls to the right node
    #[arg(long, env = "STOA_NODE_TAG", value_name = "LETTERS")]
    pub node_tag: Option<Tag>,
}

/// An address to listen on.
pub(super) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let port = text.rsplit(':').next().unwrap_or_default();
    let port = port
        .parse::<u16>()
        .map_or("8080".to_owned(), |port| port.to_string());
    Err(format!(
        "an IP address and a port belong here: 127.0.0.1:{port} for this machine alone, 0.0.0.0:{port} or [::]:{port} for all"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_answered_with_one() {
        assert!(listen_address("127.0.0.1:0").is_ok() && listen_address("[::]:80").is_ok());
        for (wrong, told) in [
            ("8122", "127.0.0.1:8122"),
            ("localhost:8122", "127.0.0.1:8122"),
            ("127.0.0.1", "127.0.0.1:8080"),
            ("nowhere", "127.0.0.1:8080"),
            ("", "127.0.0.1:8080"),
            ("::1:99999", "127.0.0.1:8080"),
        ] {
            let said = listen_address(wrong).unwrap_err();
            assert!(said.contains(told), "{wrong}: {said}");
        }
    }
}
