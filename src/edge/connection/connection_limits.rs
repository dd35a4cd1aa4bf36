//! How many connections there may be, in all and from one address: none can keep the others out.

use dashmap::DashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::Config;
use crate::domain::network::AddressBlock;

/// Connections beyond `--max-connections` sockets: for REST, and for refusing those too many with a reason.
const SPARE: usize = 1_024;
/// Permits beyond the bound of all, for addresses that hold few connections: so that `/healthz` answers when all others are taken.
const RESERVE: usize = 256;
/// What an address may hold to be given one of those.
const FEW: usize = 8;
/// Refused connections that get the reason at the same time; beyond them they are closed without an answer.
const TOLD: usize = 64;
/// Files that the server needs for itself: the database's connections, listeners, runtimes.
const OWN_FILES: usize = 128;

/// The bounds, and what is open.
#[derive(Debug)]
pub struct ConnectionLimits {
    all: usize,
    /// `None` where it is lifted.
    each_address: Option<usize>,
    open: AtomicUsize,
    told: AtomicUsize,
    addresses: DashMap<AddressBlock, usize>,
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowded {
    /// Its address has as many as it may.
    Address,
    /// There are as many as there may be.
    Everywhere,
}

impl Crowded {
    /// The sentence for the client that is refused.
    pub fn message(self) -> &'static str {
        match self {
            Self::Address => "Too many connections from this address",
            Self::Everywhere => "Too many connections",
        }
    }
}

/// A permit of an address, given back when it is dropped.
#[derive(Debug)]
pub struct AddressPermit {
    limits: Arc<ConnectionLimits>,
    block: AddressBlock,
    /// How many its address had with it.
    held: usize,
}

impl AddressPermit {
    fn is_one_of_few(&self) -> bool {
        self.held <= FEW
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let addresses = &self.limits.addresses;
        if let Some(mut count) = addresses.get_mut(&self.block) {
            *count = count.saturating_sub(1);
        }
        addresses.remove_if(&self.block, |_, count| *count == 0);
    }
}

/// A connection's permit, given back when it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    limits: Arc<ConnectionLimits>,
    address: Option<AddressPermit>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limits.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The permit to send a refused connection the reason, given back when it is dropped.
#[derive(Debug)]
pub struct RefusalPermit(Arc<ConnectionLimits>);

impl Drop for RefusalPermit {
    fn drop(&mut self) {
        self.0.told.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ConnectionLimits {
    /// The bounds that the options ask for, as far as so many open files allow them.
    pub fn new(config: &Config, files: u64) -> Arc<Self> {
        let wanted = config.sockets.max_connections;
        let each_address = config.connections_per_address();
        let all = wanted.saturating_add(SPARE.max(each_address.unwrap_or(0)));
        let all = all.min(by_files(files));
        Arc::new(Self {
            all,
            each_address: each_address.map(|most| most.min(all - all / 4)),
            open: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            addresses: DashMap::new(),
        })
    }

    /// Connections that exist at the same time, at most, in whatever state.
    pub fn most(&self) -> usize {
        let beyond = self.reserve() + self.told_at_once();
        self.all.saturating_add(beyond)
    }

    fn reserve(&self) -> usize {
        RESERVE.min(self.all / 4)
    }

    fn told_at_once(&self) -> usize {
        TOLD.min(self.all / 8)
    }

    /// A permit for a connection. Without an address (that of a trusted proxy, which connects for others) only the bound of all counts.
    pub fn admit(self: &Arc<Self>, address: Option<IpAddr>) -> Result<ConnectionPermit, Crowded> {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        let mut permit = ConnectionPermit {
            limits: Arc::clone(self),
            address: None,
        };
        if let Some(address) = address {
            permit.address = self.forwarded(address)?;
        }
        let holds_few = permit
            .address
            .as_ref()
            .is_some_and(AddressPermit::is_one_of_few);
        let most = match holds_few {
            true => self.all.saturating_add(self.reserve()),
            false => self.all,
        };
        match open > most {
            true => Err(Crowded::Everywhere),
            false => Ok(permit),
        }
    }

    /// A permit for what a proxy forwards for an address. `None` where the bound is lifted.
    pub fn forwarded(self: &Arc<Self>, address: IpAddr) -> Result<Option<AddressPermit>, Crowded> {
        let Some(most) = self.each_address else {
            return Ok(None);
        };
        let block = AddressBlock::from(address);
        let mut count = self.addresses.entry(block).or_insert(0);
        *count += 1;
        let held = *count;
        drop(count);
        let limits = Arc::clone(self);
        let permit = AddressPermit {
            limits,
            block,
            held,
        };
        match held > most {
            true => Err(Crowded::Address),
            false => Ok(Some(permit)),
        }
    }

    /// The permit to send a refused connection the reason, if not too many are getting theirs.
    pub fn tell(self: &Arc<Self>) -> Option<RefusalPermit> {
        let told = self.told.fetch_add(1, Ordering::Relaxed);
        let telling = RefusalPermit(Arc::clone(self));
        (told < self.told_at_once()).then_some(telling)
    }
}

/// Connections for which so many open files are enough, with those beyond the bound of all.
fn by_files(files: u64) -> usize {
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    let free = files.saturating_sub(OWN_FILES);
    let few = (free / 11).saturating_mul(8);
    free.saturating_sub(RESERVE + TOLD).max(few).max(16)
}

/// What is wrong where `--max-connections` cannot be reached with so many open files.
pub fn file_warning(config: &Config, files: u64) -> Option<String> {
    let (wanted, possible) = (config.sockets.max_connections, by_files(files));
    (wanted > possible).then(|| {
        format!(
            "--max-connections is {wanted}, but with {files} open files there is room for {possible} connections: \
             raise the limit (ulimit -n, or LimitNOFILE= of systemd) or lower --max-connections"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn limits(all: usize, each_address: Option<usize>) -> Arc<ConnectionLimits> {
        Arc::new(ConnectionLimits {
            all,
            each_address,
            open: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            addresses: DashMap::new(),
        })
    }

    fn address(number: u32) -> Option<IpAddr> {
        Some(Ipv4Addr::from_bits(0x7f00_0001 + number).into())
    }

    #[test]
    fn an_address_has_its_bound_and_gets_back_what_it_lets_go() {
        let limits = limits(100, Some(3));
        let mut held: Vec<ConnectionPermit> =
            (0..3).map(|_| limits.admit(address(0)).unwrap()).collect();
        assert_eq!(limits.admit(address(0)).unwrap_err(), Crowded::Address);
        assert_eq!(
            limits.forwarded(address(0).unwrap()).unwrap_err(),
            Crowded::Address
        );
        assert!(limits.admit(address(1)).is_ok());
        held.pop();
        assert!(limits.admit(address(0)).is_ok());
        drop(held);
        assert_eq!(limits.open.load(Ordering::Relaxed), 0);
        assert!(
            limits.addresses.is_empty(),
            "nothing is kept of who has gone"
        );
    }

    #[test]
    fn when_all_places_are_taken_an_address_with_few_still_gets_one() {
        let limits = limits(2_000, Some(1_200));
        let mut held = Vec::new();
        for number in 0..2 {
            held.extend((0..1_000).map(|_| limits.admit(address(number)).unwrap()));
        }
        assert_eq!(limits.admit(address(0)).unwrap_err(), Crowded::Everywhere);
        held.extend((0..FEW).map(|_| limits.admit(address(2)).unwrap()));
        assert_eq!(limits.admit(address(2)).unwrap_err(), Crowded::Everywhere);
        let others = (3..).map_while(|number| limits.admit(address(number)).ok());
        held.extend(others.take(10 * RESERVE).collect::<Vec<_>>());
        assert_eq!(held.len(), 2_000 + RESERVE);
    }

    #[test]
    fn lifted_only_the_bound_of_all_is_left() {
        let limits = limits(100, None);
        let held: Vec<ConnectionPermit> = (0..100)
            .map(|_| limits.admit(address(0)).unwrap())
            .collect();
        assert_eq!(limits.admit(address(1)).unwrap_err(), Crowded::Everywhere);
        assert!(limits.forwarded(address(0).unwrap()).unwrap().is_none());
        drop(held);
    }

    #[test]
    fn only_so_many_are_told_at_once() {
        let limits = limits(8 * TOLD, None);
        let telling: Vec<_> = (0..TOLD).map(|_| limits.tell().unwrap()).collect();
        assert!(limits.tell().is_none());
        drop(telling);
        assert!(limits.tell().is_some());
    }

    #[test]
    fn files_bound_what_the_options_ask_for() {
        assert_eq!(by_files(20_000), 20_000 - OWN_FILES - RESERVE - TOLD);
        for files in 200..3_000 {
            let limits = limits(by_files(files), None);
            let needed = limits.most() + OWN_FILES;
            assert!(needed as u64 <= files, "{needed} with {files}");
        }
    }
}
