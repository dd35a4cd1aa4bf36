//! The real HAProxy and nginx in front of nodes, with the files in `deploy` as they stand.

use std::fs::{copy, create_dir_all, read_to_string, write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::drive::Failure;
use crate::drive::polling::poll_blocking;
use crate::drive::process::free_address;

use super::process::{Process, program};

const START_LIMIT: Duration = Duration::from_secs(20);

/// Which balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Haproxy,
    Nginx,
}

/// A running balancer. Dropping it kills it.
pub struct Balancer {
    pub address: String,
    _process: Process,
}

fn deploy(file: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("deploy").join(file)
}

impl Balancer {
    /// Starts one in front of these nodes; what it writes goes into a folder of its own in this one.
    pub fn start(
        kind: Kind,
        nodes: &[(&'static str, String)],
        folder: &Path,
    ) -> Result<Self, Failure> {
        let address = free_address()?;
        let folder = folder.join(format!("{kind:?}").to_lowercase());
        create_dir_all(&folder)?;
        let mut command = match kind {
            Kind::Haproxy => haproxy(&address, nodes)?,
            Kind::Nginx => nginx(&address, nodes, &folder)?,
        };
        let log = folder.join("log");
        let mut process = Process::start(&mut command, &log)?;
        poll_blocking("the balancer to listen", START_LIMIT, || {
            match process.must_run() {
                Err(ended) => Ok(Err(format!(
                    "{ended}: {}",
                    read_to_string(&log).unwrap_or_default()
                ))),
                Ok(()) => TcpStream::connect(&address).map(|_| Ok(())),
            }
        })??;
        Ok(Self {
            address,
            _process: process,
        })
    }
}

fn haproxy(address: &str, nodes: &[(&'static str, String)]) -> Result<Command, Failure> {
    let mut command = Command::new(program("haproxy")?);
    // In the foreground.
    command.arg("-db").arg("-f").arg(deploy("haproxy.cfg"));
    command.env("STOA_BALANCER", address);
    for (tag, address) in nodes {
        command.env(format!("STOA_NODE_{}", tag.to_uppercase()), address);
    }
    Ok(command)
}

fn nginx(
    address: &str,
    nodes: &[(&'static str, String)],
    folder: &Path,
) -> Result<Command, Failure> {
    copy(deploy("nginx/nginx.conf"), folder.join("nginx.conf"))?;
    write(folder.join("listen.conf"), format!("listen {address};\n"))?;
    write(folder.join("nodes.conf"), nodes_of(nodes, folder)?)?;
    let mut command = Command::new(program("nginx")?);
    command.arg("-p").arg(folder).arg("-c");
    command.arg(folder.join("nginx.conf"));
    let settings = "daemon off; pid nginx.pid; error_log error.log warn;";
    command.arg("-g").arg(settings);
    Ok(command)
}

/// `deploy/nginx/nodes.conf` with other addresses, and with the folders that nginx may otherwise not write to.
fn nodes_of(nodes: &[(&'static str, String)], folder: &Path) -> Result<String, Failure> {
    let mut text = read_to_string(deploy("nginx/nodes.conf"))?;
    for ((_, address), written) in nodes.iter().zip(8081..) {
        let written = format!("127.0.0.1:{written}");
        if !text.contains(&written) {
            return Err(format!("deploy/nginx/nodes.conf does not name {written}").into());
        }
        text = text.replace(&written, address);
    }
    let own = |name: &str| format!("{name}_temp_path {};\n", folder.join(name).display());
    text.push_str("access_log off;\n");
    text.extend(["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(own));
    Ok(text)
}
