//! How often one address may ask.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::rate::{Quota, TokenBucket};
use parking_lot::Mutex;

/// Fewer buckets than this are not worth looking through.
const FEW: usize = 1024;
/// More than this are never kept: then all begin anew.
const MOST: usize = 200_000;

/// A token bucket for each address (an IPv6 /64 counts as one), in memory.
pub(crate) struct AddressLimits {
    quota: Quota,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    by_address: HashMap<IpAddr, TokenBucket>,
    /// How many were in use when full ones were forgotten last.
    in_use: usize,
}

impl AddressLimits {
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            quota,
            buckets: Mutex::default(),
        }
    }

    /// Takes one token, or says after how long there is one.
    pub(crate) fn take(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let address = whose(address);
        let mut buckets = self.buckets.lock();
        let bucket = buckets.by_address.get(&address).copied();
        if bucket.is_none() {
            buckets.make_room(now);
        }
        let next = bucket
            .unwrap_or_else(|| TokenBucket::full(now))
            .take(self.quota, now)?;
        buckets.by_address.insert(address, next);
        Ok(())
    }
}

impl Buckets {
    fn make_room(&mut self, now: Timestamp) {
        if self.by_address.len() < FEW.max(self.in_use * 2).min(MOST) {
            return;
        }
        self.by_address.retain(|_, bucket| !bucket.is_full(now));
        if self.by_address.len() >= MOST {
            self.by_address.clear();
        }
        self.in_use = self.by_address.len();
        self.by_address.shrink_to(self.in_use * 2);
    }
}

/// Whoever has one IPv6 address has the other 2⁶⁴ of its network too.
pub(crate) fn whose(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> AddressLimits {
        AddressLimits::new(Quota {
            burst: 2,
            per: Duration::from_secs(2),
        })
    }

    #[test]
    fn an_address_waits_and_its_neighbour_network_does_not() {
        let (limits, now) = (limits(), Timestamp::EPOCH);
        let one = "2001:db8::1".parse().unwrap();
        let same = "2001:db8::2:1".parse().unwrap();
        let other = "2001:db8:0:1::1".parse().unwrap();
        assert_eq!(limits.take(one, now), Ok(()));
        assert_eq!(limits.take(same, now), Ok(()));
        assert_eq!(limits.take(one, now), Err(Duration::from_secs(1)));
        assert_eq!(limits.take(other, now), Ok(()));
        assert_eq!(limits.take(one, now + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn addresses_that_are_quiet_cost_nothing() {
        let limits = limits();
        for n in 0..20_000_u32 {
            let now = Timestamp::EPOCH + Duration::from_secs(3 * u64::from(n));
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(n));
            assert_eq!(limits.take(address, now), Ok(()));
        }
        assert!(limits.buckets.lock().by_address.len() <= FEW);
    }
}
