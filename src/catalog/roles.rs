//! The roles of a database: who may log in, what they are members of, and what that lets them do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::access::{Access, Privilege};
use super::verifier::{Keys, Verifier};
use crate::config::Principal;
use crate::error::{Error, Result, SqlState};

/// The role that makes a database, and whom everybody is as long as it has no users; PostgreSQL's bootstrap role.
pub const JOURNEYDB: u32 = 10;
/// Everybody.
pub const PUBLIC: u32 = 0;
/// `reader`, with the object id of `pg_read_all_data`.
const READER: u32 = 6181;
/// `writer`, with the object id of `pg_write_all_data`.
const WRITER: u32 = 6182;
/// `owner`, with the object id of `pg_database_owner`.
const OWNER: u32 = 6171;

/// The roles of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Makes what users who don't exist are asked with; kept, so that the same is asked after a restart.
    #[serde(default = "secret")]
    secret: String,
    /// In the order of their making.
    roles: Vec<Role>,
}

/// A role: a user if it may log in, else a group of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its object id, kept for life and given to no other.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Whether it may log in.
    pub login: bool,
    /// What checks its password; nobody logs in without one.
    pub verifier: Option<Verifier>,
    /// VALID UNTIL: the last moment its password is good for, in microseconds since 1970.
    pub valid_until: Option<i64>,
    /// The roles it is a member of, whose privileges it has.
    pub member_of: Vec<u32>,
    /// How many sessions it may have at once; as many as the server lets users have where it doesn't say.
    #[serde(default)]
    pub connection_limit: Option<u32>,
}

impl Role {
    /// A role that may do nothing yet.
    pub fn new(oid: u32, name: &str, login: bool) -> Self {
        let (name, member_of) = (name.to_owned(), vec![]);
        Self { oid, name, login, verifier: None, valid_until: None, member_of, connection_limit: None }
    }

    /// Whether it can log in, if it gives its password in time.
    pub fn is_user(&self) -> bool {
        self.login && self.verifier.is_some()
    }

    /// Whether every database has it.
    pub fn is_predefined(&self) -> bool {
        [JOURNEYDB, READER, WRITER, OWNER].contains(&self.oid)
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self::made_by("journeydb")
    }
}

impl Roles {
    /// Those of a database that a role of this name makes: `owner` is a `writer`, `writer` is a `reader`.
    pub fn made_by(name: &str) -> Self {
        let role = |oid, name, login, member_of| Role { member_of, ..Role::new(oid, name, login) };
        let roles = vec![
            role(JOURNEYDB, name, true, vec![OWNER]),
            role(READER, "reader", false, vec![]),
            role(WRITER, "writer", false, vec![READER]),
            role(OWNER, "owner", false, vec![WRITER]),
        ];
        Self { secret: secret(), roles }
    }
}

fn secret() -> String {
    STANDARD.encode(rand::random::<[u8; 32]>())
}

impl Roles {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.roles.iter()
    }

    /// The same, as one list.
    pub(super) fn list(&self) -> &[Role] {
        &self.roles
    }

    /// Others in their place, in the same database.
    pub(super) fn with(&self, roles: Vec<Role>) -> Self {
        Self { secret: self.secret.clone(), roles }
    }

    /// The role of an object id.
    pub fn get(&self, oid: u32) -> Option<&Role> {
        self.roles.iter().find(|role| role.oid == oid)
    }

    /// The role of a name.
    pub fn named(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The role of a name, or 42704.
    pub fn require(&self, name: &str) -> Result<&Role> {
        self.named(name).ok_or_else(|| missing(name))
    }

    /// The same, to change it.
    pub fn require_mut(&mut self, name: &str) -> Result<&mut Role> {
        self.roles.iter_mut().find(|role| role.name == name).ok_or_else(|| missing(name))
    }

    /// The name of an object id, as Postgres prints one that no role has.
    pub fn name(&self, oid: u32) -> String {
        self.get(oid).map_or_else(|| format!("unknown (OID={oid})"), |role| role.name.clone())
    }

    /// Adds a role.
    pub fn add(&mut self, role: Role) {
        self.roles.push(role);
    }

    /// Takes a role out, and out of others.
    pub fn remove(&mut self, oid: u32) {
        self.roles.retain(|role| role.oid != oid);
        self.roles.iter_mut().for_each(|role| role.member_of.retain(|group| *group != oid));
    }

    /// Whether anybody needs a password: as long as there is no user, whoever reaches the server is [`JOURNEYDB`].
    pub fn have_users(&self) -> bool {
        self.roles.iter().any(Role::is_user)
    }

    /// 2BP01 if there are users, or were, and none would own the database for good: nobody could make another, or
    /// everybody could.
    pub fn require_an_owner(&self, before: &Self) -> Result<()> {
        let owns = |role: &Role| role.is_user() && role.valid_until.is_none() && self.is_owner(role.oid);
        if self.roles.iter().any(owns) || !(self.have_users() || before.have_users()) {
            return Ok(());
        }
        let message = "the database would have no user left who owns it";
        Err(Error::new(SqlState::DependentObjectsStillExist, message)
            .with_hint("make an owner first: journeydb user add NAME --role owner, or CREATE USER name PASSWORD '...' IN ROLE owner"))
    }

    /// A role as sessions know it.
    pub fn principal(&self, role: &Role) -> Principal {
        Principal { oid: role.oid, name: role.name.clone(), owner: self.is_owner(role.oid) }
    }

    /// What a user is asked for a password with at a moment, in microseconds since 1970; for one who can't log in,
    /// something that looks the same.
    pub fn keys(&self, user: &str, now: i64) -> Keys {
        let known = self.named(user).filter(|role| role.login && role.valid_until.is_none_or(|until| now < until));
        let known = known.and_then(|role| role.verifier.as_ref()?.keys());
        known.unwrap_or_else(|| Keys::mock(self.secret.as_bytes(), user))
    }

    /// A role and all that it is a member of, however far; none for a role that is gone.
    pub fn closure(&self, oid: u32) -> Vec<u32> {
        let mut found: Vec<u32> = self.get(oid).map(|role| role.oid).into_iter().collect();
        let mut at = 0;
        while let Some(role) = found.get(at).and_then(|oid| self.get(*oid)) {
            let more: Vec<u32> = role.member_of.iter().copied().filter(|group| !found.contains(group)).collect();
            found.extend(more);
            at += 1;
        }
        found
    }

    /// Whether a role is, or is a member of, another.
    pub fn is_member(&self, role: u32, of: u32) -> bool {
        self.closure(role).contains(&of)
    }

    /// Whether a role owns the database: it may do everything.
    pub fn is_owner(&self, role: u32) -> bool {
        self.is_member(role, OWNER)
    }

    /// Whether a role owns an object, or the database.
    pub fn owns(&self, role: u32, access: &Access) -> bool {
        let roles = self.closure(role);
        roles.contains(&OWNER) || roles.contains(&access.owner)
    }

    /// Whether a role may do something with an object: it owns it, was granted it, or has it by a predefined role. This is
    /// the one decision; all that refuses or tells about privileges asks here.
    pub fn may(&self, role: u32, privilege: Privilege, access: &Access) -> bool {
        let roles = self.closure(role);
        if roles.is_empty() {
            return false;
        }
        let predefined = match privilege {
            Privilege::Select | Privilege::Usage => READER,
            Privilege::Insert | Privilege::Update | Privilege::Delete | Privilege::Truncate => WRITER,
            Privilege::Create => OWNER,
        };
        roles.contains(&OWNER)
            || roles.contains(&predefined)
            || roles.contains(&access.owner)
            || access.grants(&roles, privilege)
    }
}

fn missing(name: &str) -> Error {
    Error::new(SqlState::UndefinedObject, format!("role \"{name}\" does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(users: &[(u32, &str, &[u32])]) -> Roles {
        let mut roles = Roles::default();
        for (oid, name, member_of) in users {
            let verifier = Some(Verifier::of("x").unwrap());
            roles.add(Role { verifier, member_of: member_of.to_vec(), ..Role::new(*oid, name, true) });
        }
        roles
    }

    #[test]
    fn predefined_roles_may_what_they_say() {
        let roles = roles(&[(1, "r", &[READER]), (2, "w", &[WRITER]), (3, "o", &[OWNER]), (4, "nobody", &[])]);
        let access = Access::default();
        use Privilege::*;
        for (privilege, may) in [
            (Select, [true, true, true, false]),
            (Insert, [false, true, true, false]),
            (Update, [false, true, true, false]),
            (Delete, [false, true, true, false]),
            (Truncate, [false, true, true, false]),
            (Usage, [true, true, true, false]),
            (Create, [false, false, true, false]),
        ] {
            let answers = [1, 2, 3, 4].map(|role| roles.may(role, privilege, &access));
            assert_eq!(answers, may, "{privilege:?}");
        }
    }

    #[test]
    fn a_role_that_is_gone_may_nothing_not_even_what_everybody_may() {
        let mut roles = roles(&[(1, "r", &[READER])]);
        roles.remove(1);
        assert!(!roles.may(1, Privilege::Usage, &Access::of_open_schema()));
        assert!(!roles.owns(1, &Access::of(1)));
    }

    #[test]
    fn membership_reaches_through_groups_and_ends_in_circles() {
        let mut roles = roles(&[(1, "a", &[2]), (2, "b", &[3]), (3, "c", &[1])]);
        assert!(roles.is_member(1, 3) && !roles.is_owner(1));
        assert!(roles.owns(1, &Access::of(3)));
        roles.remove(2);
        assert!(!roles.is_member(1, 3));
    }

    #[test]
    fn users_without_a_lasting_owner_are_refused() {
        let nobody = roles(&[]);
        assert!(nobody.require_an_owner(&nobody).is_ok());
        assert!(roles(&[(1, "r", &[READER])]).require_an_owner(&nobody).is_err());
        let mut roles = roles(&[(1, "o", &[OWNER])]);
        assert!(roles.require_an_owner(&nobody).is_ok());
        assert!(nobody.require_an_owner(&roles).is_err());
        roles.require_mut("o").unwrap().valid_until = Some(0);
        assert!(roles.require_an_owner(&nobody).is_err());
    }

    #[test]
    fn who_cannot_log_in_is_asked_like_who_does_not_exist() {
        let mut roles = roles(&[(1, "o", &[OWNER])]);
        let real = roles.keys("o", 0).salt;
        assert_eq!(roles.keys("o", 0).salt, real);
        roles.require_mut("o").unwrap().valid_until = Some(5);
        assert_eq!(roles.keys("o", 4).salt, real);
        assert_ne!(roles.keys("o", 5).salt, real);
        roles.require_mut("o").unwrap().login = false;
        assert_ne!(roles.keys("o", 0).salt, real);
        assert_eq!(roles.keys("nobody", 0).salt, roles.keys("nobody", 0).salt);
    }
}
