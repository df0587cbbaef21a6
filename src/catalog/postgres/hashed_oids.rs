//! OIDs of objects that the catalog keeps none for: hashes of their names, the same after every start.

use std::collections::HashSet;

/// Hashed OIDs are of the half of the positive 32-bit numbers that the catalog's own count does not reach.
const HASHED: std::ops::Range<u32> = 1 << 30..1 << 31;

/// Hands out hashed OIDs, none twice.
#[derive(Default)]
pub struct HashedOids {
    taken: HashSet<u32>,
}

impl HashedOids {
    /// The OID of an object of some kind, by its full name.
    pub fn take(&mut self, kind: &str, name: &str) -> u32 {
        let room = HASHED.end - HASHED.start;
        let mut offset = fnv1a(&format!("{kind}:{name}")) % room;
        while !self.taken.insert(offset) {
            offset = (offset + 1) % room;
        }
        HASHED.start + offset
    }
}

/// The 32-bit FNV-1a hash (Fowler, Noll, Vo): its result is fixed for ever, which the standard library's is not.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // The published test vectors.
        assert_eq!(fnv1a(""), 0x811c_9dc5);
        assert_eq!(fnv1a("a"), 0xe40c_292c);
        assert_eq!(fnv1a("foobar"), 0xbf9c_f968);
    }

    #[test]
    fn hashed_oids_depend_on_names_alone_and_never_repeat() {
        let names = || (0..2000).map(|n| format!("journey.f{n}(701)"));
        let mut oids = HashedOids::default();
        let first: Vec<u32> = names().map(|name| oids.take("function", &name)).collect();
        let mut oids = HashedOids::default();
        let second: Vec<u32> = names().map(|name| oids.take("function", &name)).collect();
        assert_eq!(first, second);
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), 2000);
        assert!(first.iter().all(|oid| HASHED.contains(oid)));
        assert_ne!(HashedOids::default().take("function", "a"), HashedOids::default().take("constraint", "a"));
    }

    #[test]
    fn a_taken_oid_gives_way_to_the_next() {
        let mut oids = HashedOids::default();
        let oid = oids.take("function", "a");
        assert_eq!(oids.take("function", "a"), oid + 1);
    }
}
