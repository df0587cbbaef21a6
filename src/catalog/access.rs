//! What may be done with an object, and to whom that was granted.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::roles::{JOURNEYDB, PUBLIC};

/// What may be done with an object; in the order in which Postgres writes the letters of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// Add rows to a table.
    Insert,
    /// Read a table or a view.
    Select,
    /// Change rows of a table.
    Update,
    /// Remove rows of a table.
    Delete,
    /// Empty a table.
    Truncate,
    /// Find what a schema holds.
    Usage,
    /// Make something in a schema.
    Create,
}

impl Privilege {
    /// What may be done with a table.
    pub const TABLE: [Self; 5] = [Self::Insert, Self::Select, Self::Update, Self::Delete, Self::Truncate];
    /// What may be done with a schema.
    pub const SCHEMA: [Self; 2] = [Self::Usage, Self::Create];

    /// Its name in GRANT.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Select => "SELECT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::Usage => "USAGE",
            Self::Create => "CREATE",
        }
    }

    /// Its letter in an `aclitem`.
    pub fn letter(self) -> char {
        match self {
            Self::Insert => 'a',
            Self::Select => 'r',
            Self::Update => 'w',
            Self::Delete => 'd',
            Self::Truncate => 'D',
            Self::Usage => 'U',
            Self::Create => 'C',
        }
    }
}

/// Who owns an object, and who else may do what with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The role that made it, which may do everything.
    pub owner: u32,
    /// What was granted beyond that, one entry a grantee.
    pub grants: Vec<Grant>,
}

/// What one role, or everybody, was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The role, or [`PUBLIC`].
    pub grantee: u32,
    /// What it may do.
    pub privileges: BTreeSet<Privilege>,
}

impl Default for Access {
    /// That of what ships, and of all that was made before there were roles.
    fn default() -> Self {
        Self::of(JOURNEYDB)
    }
}

impl Access {
    /// That of a new object.
    pub fn of(owner: u32) -> Self {
        Self { owner, grants: Vec::new() }
    }

    /// That of a schema of the default search path: everybody finds what it holds.
    pub fn of_open_schema() -> Self {
        let mut access = Self::default();
        access.grant(PUBLIC, &[Privilege::Usage]);
        access
    }

    /// GRANT. What the owner is granted it has already.
    pub fn grant(&mut self, grantee: u32, privileges: &[Privilege]) {
        if grantee == self.owner || privileges.is_empty() {
            return;
        }
        match self.grants.iter_mut().find(|grant| grant.grantee == grantee) {
            Some(grant) => grant.privileges.extend(privileges),
            None => self.grants.push(Grant { grantee, privileges: privileges.iter().copied().collect() }),
        }
    }

    /// REVOKE.
    pub fn revoke(&mut self, grantee: u32, privileges: &[Privilege]) {
        for grant in self.grants.iter_mut().filter(|grant| grant.grantee == grantee) {
            grant.privileges.retain(|privilege| !privileges.contains(privilege));
        }
        self.grants.retain(|grant| !grant.privileges.is_empty());
    }

    /// Makes another role the owner.
    pub fn give_to(&mut self, owner: u32) {
        self.owner = owner;
        self.grants.retain(|grant| grant.grantee != owner);
    }

    /// Whether one of these roles, or everybody, was granted a privilege.
    pub fn grants(&self, roles: &[u32], privilege: Privilege) -> bool {
        let concerns = |grant: &&Grant| grant.grantee == PUBLIC || roles.contains(&grant.grantee);
        self.grants.iter().filter(concerns).any(|grant| grant.privileges.contains(&privilege))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_add_up_and_go() {
        let mut access = Access::of(1);
        access.grant(2, &[Privilege::Select]);
        access.grant(2, &[Privilege::Insert]);
        access.grant(1, &[Privilege::Select]);
        assert_eq!(access.grants.len(), 1);
        assert!(access.grants(&[2], Privilege::Insert) && !access.grants(&[3], Privilege::Select));
        access.revoke(2, &[Privilege::Insert]);
        assert!(access.grants(&[2], Privilege::Select) && !access.grants(&[2], Privilege::Insert));
        access.revoke(2, &[Privilege::Select]);
        assert!(access.grants.is_empty());
    }

    #[test]
    fn what_everybody_was_granted_every_role_has() {
        assert!(Access::of_open_schema().grants(&[77], Privilege::Usage));
        assert!(!Access::of_open_schema().grants(&[77], Privilege::Create));
    }
}
