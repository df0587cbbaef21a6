//! What is kept of a password: enough to check one, not enough to log in with, in PostgreSQL's own text form
//! `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, SqlState};

const MECHANISM: &str = "SCRAM-SHA-256";
/// The length of SHA-256's hashes.
const HASH: usize = 32;
/// The iterations of PostgreSQL 15, and so of the verifiers that clients make.
const ITERATIONS: u32 = 4096;
const SALT: usize = 16;

/// A stored verifier.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verifier(String);

/// The parts of a verifier.
pub struct Keys {
    /// How often the password was hashed.
    pub iterations: u32,
    /// What it was hashed with.
    pub salt: Vec<u8>,
    /// The hash of the key that a client proves to have.
    pub stored_key: [u8; HASH],
    /// What the server proves to have.
    pub server_key: [u8; HASH],
}

impl Verifier {
    /// Of what stands in `PASSWORD '...'`: a password, or a verifier that a client made of one. The password is brought
    /// into the form of SASLprep (RFC 4013) where it can be, and hashed as it is where not, as PostgreSQL does.
    pub fn of(password: &str) -> Result<Self> {
        let refuse = |message: &str, hint: &str| Err(Error::new(SqlState::InvalidPassword, message).with_hint(hint));
        if password.is_empty() {
            return refuse("an empty password is none", "give at least one character");
        }
        if password.starts_with("md5") && password.len() == 35 {
            return refuse("MD5 passwords are not kept", "give the password, or a SCRAM-SHA-256 verifier");
        }
        if !password.starts_with("SCRAM-SHA-256$") {
            return Ok(Self(postgres_protocol::password::scram_sha_256(password.as_bytes())));
        }
        let verifier = Self(password.to_owned());
        match verifier.parse() {
            Some(_) => Ok(verifier),
            None => refuse("the verifier is damaged", "it reads SCRAM-SHA-256$<iterations>:<salt>$<key>:<key>"),
        }
    }

    /// Its parts. Every verifier that [`Verifier::of`] made has them; one of a damaged record may not, and fits no password.
    pub fn keys(&self) -> Option<Keys> {
        self.parse()
    }

    /// The text that is stored, for those who may see it.
    pub fn text(&self) -> &str {
        &self.0
    }

    fn parse(&self) -> Option<Keys> {
        let (iterations, rest) = self.0.strip_prefix(MECHANISM)?.strip_prefix('$')?.split_once(':')?;
        let (salt, keys) = rest.split_once('$')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let hash = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
        let iterations = iterations.parse().ok().filter(|iterations| *iterations > 0)?;
        let salt = STANDARD.decode(salt).ok().filter(|salt| !salt.is_empty())?;
        Some(Keys { iterations, salt, stored_key: hash(stored_key)?, server_key: hash(server_key)? })
    }
}

impl Keys {
    /// What a user who doesn't exist is asked with: always the same salt for the same name, so that asking twice tells
    /// nothing, and keys that no password has.
    pub fn mock(secret: &[u8], user: &str) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let salt = hmac::sign(&secret, user.as_bytes()).as_ref()[..SALT].to_vec();
        Self { iterations: ITERATIONS, salt, stored_key: rand::random(), server_key: rand::random() }
    }
}

/// Logs and messages show none of it.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ALTER ROLE x PASSWORD 'pencil'` of PostgreSQL 15, with this salt.
    const PENCIL: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn a_verifier_of_postgres_is_kept_as_it_is() {
        let keys = Verifier::of(PENCIL).unwrap().keys().unwrap();
        assert_eq!(keys.iterations, 4096);
        assert_eq!(STANDARD.encode(keys.salt), "W22ZaJ0SNY7soEsUEjb6gQ==");
        assert_eq!(Verifier::of(PENCIL).unwrap().text(), PENCIL);
    }

    #[test]
    fn a_password_is_hashed_with_a_salt_of_its_own() {
        let (one, other) = (Verifier::of("pencil").unwrap(), Verifier::of("pencil").unwrap());
        assert_ne!(one, other);
        assert_eq!(one.keys().unwrap().salt.len(), SALT);
        assert!(!format!("{one:?}").contains('$'));
    }

    #[test]
    fn what_is_no_password_and_no_verifier_is_refused() {
        let damaged = PENCIL.replace("W22Z", "!!!!");
        let truncated = &PENCIL[..PENCIL.len() - 8];
        let no_rounds = PENCIL.replace("$4096:", "$0:");
        for text in ["", "md5d41d8cd98f00b204e9800998ecf8427e", &damaged, truncated, &no_rounds] {
            assert_eq!(Verifier::of(text).unwrap_err().state(), SqlState::InvalidPassword, "{text}");
        }
    }

    #[test]
    fn mock_salts_are_stable_and_differ_by_user_and_database() {
        let salt = |secret: &[u8], user: &str| Keys::mock(secret, user).salt;
        assert_eq!(salt(b"a", "eve"), salt(b"a", "eve"));
        assert_ne!(salt(b"a", "eve"), salt(b"a", "bob"));
        assert_ne!(salt(b"a", "eve"), salt(b"b", "eve"));
        assert_eq!(salt(b"a", "eve").len(), SALT);
    }
}
