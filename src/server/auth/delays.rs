//! How long a wrong password waits for its answer: longer with each from the same address, up to a bound. A right one
//! never waits, so nobody can be locked out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After the first failure; doubled with each.
const FIRST: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST: Duration = Duration::from_secs(4);
/// Failures are forgotten after this long without another.
const MEMORY: Duration = Duration::from_secs(60);
/// The most addresses that are remembered.
const ADDRESSES: usize = 10_000;

/// The failures of late, by address.
#[derive(Default)]
pub(in crate::server) struct Delays {
    failures: Mutex<HashMap<IpAddr, (u32, Instant)>>,
}

impl Delays {
    /// Notes a failure, and says how long its answer waits.
    pub(super) fn failed(&self, from: IpAddr) -> Duration {
        self.failed_at(from, Instant::now())
    }

    fn failed_at(&self, from: IpAddr, now: Instant) -> Duration {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES {
            failures.retain(|_, (_, last)| now.duration_since(*last) < MEMORY);
        }
        let from = network(from);
        if failures.len() >= ADDRESSES && !failures.contains_key(&from) {
            return LONGEST;
        }
        let (count, last) = failures.entry(from).or_insert((0, now));
        *count = if now.duration_since(*last) < MEMORY { count.saturating_add(1) } else { 1 };
        *last = now;
        FIRST.saturating_mul(1 << (*count - 1).min(10)).min(LONGEST)
    }
}

/// One machine may have all addresses of a network of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_bound_and_are_forgotten() {
        let (delays, here, now) = (Delays::default(), IpAddr::from([10, 0, 0, 1]), Instant::now());
        let waits: Vec<_> = (0..8).map(|_| delays.failed_at(here, now).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 4000, 4000]);
        assert_eq!(delays.failed_at(IpAddr::from([10, 0, 0, 2]), now), FIRST);
        assert_eq!(delays.failed_at(here, now + MEMORY), FIRST);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (delays, now) = (Delays::default(), Instant::now());
        for n in 0..ADDRESSES as u32 + 5 {
            delays.failed_at(IpAddr::V4(n.into()), now);
        }
        assert!(delays.failures.lock().unwrap().len() <= ADDRESSES);
        assert_eq!(delays.failed_at(IpAddr::from([255, 0, 0, 1]), now), LONGEST);
        assert_eq!(delays.failed_at(IpAddr::from([255, 0, 0, 1]), now + MEMORY), FIRST);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let (delays, now) = (Delays::default(), Instant::now());
        delays.failed_at("2001:db8::1".parse().unwrap(), now);
        assert_eq!(delays.failed_at("2001:db8::2".parse().unwrap(), now), FIRST * 2);
        assert_eq!(delays.failed_at("2001:db8:0:1::2".parse().unwrap(), now), FIRST);
    }
}
