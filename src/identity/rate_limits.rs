//! Rate limits: sessions, users and addresses each have a bucket (governor's GCRA).

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::config::{RateOptions, Switch};
use crate::domain::ids::UserNo;
use crate::domain::network::AddressBlock;
use crate::domain::refusal::Refusal;

/// The bucket of one session.
pub type SessionRate = Option<DefaultDirectRateLimiter>;

/// How many polls count as one other request of an address: long polling makes a request for each event.
const POLLS: u32 = 50;
/// Searches of a user in a second.
const SEARCHES: u32 = 2;

/// The buckets of users and addresses; `None` if rate limits are off.
///
/// A bucket holds what two seconds allow, and fills at the rate.
///
/// ```
/// use stoa::config::{RateOptions, Switch};
/// use stoa::domain::ids::UserNo;
/// use stoa::domain::refusal::Refusal;
/// use stoa::identity::rate_limits::RateLimits;
///
/// let options = RateOptions {
///     rate_limits: Switch::On,
///     session_rate: 30,
///     user_rate: 1,
///     address_rate: 100,
///     trusted_proxies: Vec::new(),
/// };
/// let limits = RateLimits::new(&options);
/// assert!(limits.user(UserNo(1)).is_ok());
/// assert!(limits.user(UserNo(1)).is_ok());
/// let refused = limits.user(UserNo(1));
/// assert!(matches!(refused, Err(Refusal::RateLimited { retry_after: 1 })));
/// assert!(limits.user(UserNo(2)).is_ok());
/// ```
pub struct RateLimits {
    limits: Option<Limits>,
}

struct Limits {
    session: Quota,
    users: DefaultKeyedRateLimiter<UserNo>,
    addresses: DefaultKeyedRateLimiter<AddressBlock>,
    polls: DefaultKeyedRateLimiter<AddressBlock>,
    searches: DefaultKeyedRateLimiter<UserNo>,
    clock: DefaultClock,
}

fn quota(rate: u32) -> Quota {
    let rate = NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)))
}

impl RateLimits {
    /// The buckets for these options.
    pub fn new(options: &RateOptions) -> Self {
        let limits = || Limits {
            session: quota(options.session_rate),
            users: RateLimiter::keyed(quota(options.user_rate)),
            addresses: RateLimiter::keyed(quota(options.address_rate)),
            polls: RateLimiter::keyed(quota(options.address_rate.saturating_mul(POLLS))),
            searches: RateLimiter::keyed(quota(SEARCHES)),
            clock: DefaultClock::default(),
        };
        Self {
            limits: (options.rate_limits == Switch::On).then(limits),
        }
    }

    /// A bucket for a new session.
    pub fn session(&self) -> SessionRate {
        self.limits
            .as_ref()
            .map(|limits| RateLimiter::direct(limits.session))
    }

    /// Counts one frame of a session.
    pub fn frame(&self, session: &SessionRate, user: Option<UserNo>) -> Result<(), Refusal> {
        if let (Some(limits), Some(bucket)) = (&self.limits, session) {
            bucket
                .check()
                .map_err(|early| slow_down(early.wait_time_from(limits.clock.now())))?;
        }
        user.map_or(Ok(()), |user| self.user(user))
    }

    /// Counts one request of a user.
    pub fn user(&self, user: UserNo) -> Result<(), Refusal> {
        self.keyed(|limits| &limits.users, &user)
    }

    /// Counts one request or connection of an address; the addresses of an IPv6 /64 share one bucket.
    pub fn address(&self, address: IpAddr) -> Result<(), Refusal> {
        self.keyed(|limits| &limits.addresses, &address.into())
    }

    /// Counts one poll of a session. The frames in it count towards the session and its user.
    pub fn poll(&self, address: IpAddr) -> Result<(), Refusal> {
        self.keyed(|limits| &limits.polls, &address.into())
    }

    /// Counts one search of a user.
    pub fn search(&self, user: UserNo) -> Result<(), Refusal> {
        self.keyed(|limits| &limits.searches, &user)
    }

    fn keyed<K: Clone + Eq + Hash>(
        &self,
        buckets: impl FnOnce(&Limits) -> &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), Refusal> {
        let Some(limits) = &self.limits else {
            return Ok(());
        };
        buckets(limits)
            .check_key(key)
            .map_err(|early| slow_down(early.wait_time_from(limits.clock.now())))
    }

    /// Drops the buckets that are full again.
    pub fn sweep(&self) {
        if let Some(limits) = &self.limits {
            limits.users.retain_recent();
            limits.addresses.retain_recent();
            limits.polls.retain_recent();
            limits.searches.retain_recent();
        }
    }
}

fn slow_down(wait: std::time::Duration) -> Refusal {
    Refusal::RateLimited {
        retry_after: wait.as_secs() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(switch: Switch) -> RateOptions {
        RateOptions {
            rate_limits: switch,
            session_rate: 2,
            user_rate: 3,
            address_rate: 1,
            trusted_proxies: Vec::new(),
        }
    }

    #[test]
    fn a_burst_is_twice_the_rate_and_then_it_is_too_fast() {
        let pace = RateLimits::new(&options(Switch::On));
        let session = pace.session();
        for _ in 0..4 {
            assert!(pace.frame(&session, None).is_ok());
        }
        assert!(matches!(
            pace.frame(&session, None),
            Err(Refusal::RateLimited { retry_after: 1.. })
        ));
        assert!(
            pace.frame(&pace.session(), None).is_ok(),
            "another session has its own"
        );
    }

    #[test]
    fn the_addresses_of_one_home_have_one_bucket() {
        let pace = RateLimits::new(&options(Switch::On));
        let passed = |texts: &[String]| {
            let addresses = texts.iter().map(|text| text.parse::<IpAddr>().unwrap());
            addresses.filter(|one| pace.address(*one).is_ok()).count()
        };
        let of = |pattern: &str| -> Vec<String> {
            let numbers = 1..=50;
            numbers
                .map(|number| pattern.replace('N', &number.to_string()))
                .collect()
        };
        assert_eq!(passed(&of("2001:db8:1:1::N")), 2, "one /64");
        assert_eq!(passed(&of("2001:db8:2:N::1")), 50, "a /64 each");
        assert_eq!(passed(&of("::ffff:192.0.2.N")), 50, "IPv4 in IPv6");
        assert_eq!(
            passed(&of("192.0.2.N")),
            50,
            "with the other half of the burst"
        );
        assert_eq!(passed(&of("192.0.2.N")), 0);
    }

    #[test]
    fn switched_off_nothing_is_too_fast() {
        let pace = RateLimits::new(&options(Switch::Off));
        let session = pace.session();
        for _ in 0..1_000 {
            assert!(pace.frame(&session, Some(UserNo(1))).is_ok());
            assert!(pace.address(IpAddr::from([127, 0, 0, 1])).is_ok());
        }
    }
}
