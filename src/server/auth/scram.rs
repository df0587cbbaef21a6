//! The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as a function of messages.
//!
//! The name that the client puts into its first message is ignored, as in Postgres: that of the startup message counts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use crate::catalog::Keys;

/// The mechanism, and the same bound to the TLS connection that it runs in.
pub(super) const PLAIN: &str = "SCRAM-SHA-256";
pub(super) const PLUS: &str = "SCRAM-SHA-256-PLUS";

/// The one kind of binding: a hash of the server's certificate (RFC 5929).
const END_POINT: &str = "tls-server-end-point";

/// Why an exchange ends without a login.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A message is none of SCRAM, or answers another one.
    Malformed(&'static str),
    /// The client saw another certificate than ours, or was kept from seeing that we can bind.
    Intercepted,
    /// The password is wrong.
    Denied,
}

/// An exchange after the client's first message.
pub(super) struct Exchange {
    keys: Keys,
    /// What the client must repeat of its first message, with the certificate's hash if it binds.
    binding: Vec<u8>,
    client_first: String,
    nonce: String,
    challenge: String,
}

impl Exchange {
    /// Reads the client's first message. `end_point`: the certificate's hash, where binding was offered; `nonce`: ours,
    /// random and never used before.
    pub(super) fn begin(
        mechanism: &str,
        end_point: Option<&[u8]>,
        message: &[u8],
        keys: Keys,
        nonce: &str,
    ) -> Result<Self, Refusal> {
        let message = text(message)?;
        let (flag, rest) = message.split_once(',').ok_or(Refusal::Malformed("no channel binding flag"))?;
        let (authorization, client_first) = rest.split_once(',').ok_or(Refusal::Malformed("no authorization"))?;
        if !authorization.is_empty() {
            return Err(Refusal::Malformed("an authorization identity is not supported"));
        }
        let mut binding = format!("{flag},,").into_bytes();
        match (mechanism, end_point, flag.strip_prefix("p=")) {
            (PLAIN, _, None) if flag == "n" => {}
            // A client that could bind, but believes that we can't: somebody took our offer out.
            (PLAIN, Some(_), None) if flag == "y" => return Err(Refusal::Intercepted),
            (PLAIN, None, None) if flag == "y" => {}
            (PLUS, Some(hash), Some(END_POINT)) => binding.extend_from_slice(hash),
            _ => return Err(Refusal::Malformed("an unexpected channel binding flag")),
        }
        let (user, client_nonce) = client_first.split_once(',').ok_or(Refusal::Malformed("no nonce"))?;
        if !user.starts_with("n=") {
            return Err(Refusal::Malformed("no user name"));
        }
        let client_nonce = client_nonce.split(',').next().and_then(|nonce| nonce.strip_prefix("r="));
        let client_nonce =
            client_nonce.filter(|nonce| !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_graphic()));
        let nonce = format!("{}{nonce}", client_nonce.ok_or(Refusal::Malformed("no nonce"))?);
        let challenge = format!("r={nonce},s={},i={}", STANDARD.encode(&keys.salt), keys.iterations);
        Ok(Self { keys, binding, client_first: client_first.to_owned(), nonce, challenge })
    }

    /// What the client is asked.
    pub(super) fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Reads the client's proof, and answers with ours.
    pub(super) fn finish(self, message: &[u8]) -> Result<String, Refusal> {
        let message = text(message)?;
        let (unproven, proof) = message.rsplit_once(",p=").ok_or(Refusal::Malformed("no proof"))?;
        let mut attributes = unproven.split(',');
        let binding = attributes.next().and_then(|attribute| attribute.strip_prefix("c="));
        let binding = binding.and_then(|binding| STANDARD.decode(binding).ok());
        match binding.ok_or(Refusal::Malformed("no channel binding"))? {
            binding if binding == self.binding => {}
            _ => return Err(Refusal::Intercepted),
        }
        if attributes.next().and_then(|attribute| attribute.strip_prefix("r=")) != Some(&self.nonce) {
            return Err(Refusal::Malformed("another nonce"));
        }
        let proof = STANDARD.decode(proof).ok().filter(|proof| proof.len() == self.keys.stored_key.len());
        let proof = proof.ok_or(Refusal::Malformed("no proof"))?;

        let signed = format!("{},{},{unproven}", self.client_first, self.challenge);
        let signature = sign(&self.keys.stored_key, &signed);
        let client_key: Vec<u8> = proof.iter().zip(signature.as_ref()).map(|(proof, signed)| proof ^ signed).collect();
        let hashed = digest::digest(&digest::SHA256, &client_key);
        if !bool::from(hashed.as_ref().ct_eq(&self.keys.stored_key)) {
            return Err(Refusal::Denied);
        }
        Ok(format!("v={}", STANDARD.encode(sign(&self.keys.server_key, &signed))))
    }
}

fn sign(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn text(message: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(message).map_err(|_| Refusal::Malformed("not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Verifier;

    // The example of RFC 7677, section 3: user "user", password "pencil".
    const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                                p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    /// Of "pencil" with the example's salt, as PostgreSQL stores it.
    const PENCIL: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    fn keys() -> Keys {
        Verifier::of(PENCIL).unwrap().keys().unwrap()
    }

    fn begin(mechanism: &str, end_point: Option<&[u8]>, message: &str) -> Result<Exchange, Refusal> {
        Exchange::begin(mechanism, end_point, message.as_bytes(), keys(), SERVER_NONCE)
    }

    fn begun() -> Exchange {
        begin(PLAIN, None, CLIENT_FIRST).ok().unwrap()
    }

    #[test]
    fn the_example_of_rfc_7677() {
        assert_eq!(begun().challenge(), SERVER_FIRST);
        assert_eq!(begun().finish(CLIENT_FINAL.as_bytes()).unwrap(), SERVER_FINAL);
    }

    #[test]
    fn a_proof_fits_one_exchange_alone() {
        // Replayed to a server that chose another nonce, with or without the nonce of then.
        let other = |message: &str| {
            let exchange = Exchange::begin(PLAIN, None, CLIENT_FIRST.as_bytes(), keys(), "another").ok().unwrap();
            exchange.finish(message.as_bytes()).unwrap_err()
        };
        assert_eq!(other(CLIENT_FINAL), Refusal::Malformed("another nonce"));
        assert_eq!(other(&CLIENT_FINAL.replace(SERVER_NONCE, "another")), Refusal::Denied);
        // A client that repeats only its own part of the nonce.
        let own = CLIENT_FINAL.replace(SERVER_NONCE, "");
        assert_eq!(begun().finish(own.as_bytes()).unwrap_err(), Refusal::Malformed("another nonce"));
    }

    #[test]
    fn a_wrong_proof_is_denied() {
        let wrong = CLIENT_FINAL.replace("p=dHzb", "p=dHzc");
        assert_eq!(begun().finish(wrong.as_bytes()).unwrap_err(), Refusal::Denied);
        let mock = Keys::mock(b"secret", "nobody");
        let exchange = Exchange::begin(PLAIN, None, CLIENT_FIRST.as_bytes(), mock, SERVER_NONCE).ok().unwrap();
        assert_eq!(exchange.finish(CLIENT_FINAL.as_bytes()).unwrap_err(), Refusal::Denied);
    }

    #[test]
    fn messages_that_are_none_are_refused() {
        for message in [
            "",
            "n",
            "n,",
            "n,,",
            "n,,n=user",
            "n,,r=x,n=user",
            "n,,n=user,r=",
            "n,,n=user,s=x",
            "x,,n=u,r=a",
            "n,a=root,n=u,r=a",
            "p=tls-unique,,n=u,r=a",
            "n,,n=u,r=\u{7f}",
        ] {
            assert!(matches!(begin(PLAIN, None, message), Err(Refusal::Malformed(_))), "{message:?}");
        }
        assert!(Exchange::begin(PLAIN, None, b"n,,n=\xff,r=a", keys(), "x").is_err());
        let longer = CLIENT_FINAL.replace("VQ=", "VQAA");
        for message in ["", "c=biws", "c=biws,r=x", CLIENT_FIRST, &CLIENT_FINAL[..40], &longer, "c=?,r=x,p=AA=="] {
            assert!(matches!(begun().finish(message.as_bytes()), Err(Refusal::Malformed(_))), "{message:?}");
        }
        assert!(begun().finish(b"\xff,p=AA==").is_err());
    }

    #[test]
    fn an_exchange_is_bound_to_the_certificate() {
        let hash: &[u8] = &[7; 32];
        let first = "p=tls-server-end-point,,n=user,r=rOprNGfwEbeRWgbNEkqO";
        assert!(begin(PLUS, Some(hash), first).is_ok());
        // Offered to us without TLS, or with another binding, or with none.
        assert!(matches!(begin(PLUS, None, first), Err(Refusal::Malformed(_))));
        assert!(matches!(begin(PLUS, Some(hash), CLIENT_FIRST), Err(Refusal::Malformed(_))));
        assert!(matches!(begin(PLAIN, Some(hash), first), Err(Refusal::Malformed(_))));
        // The client saw another certificate.
        let seen = STANDARD.encode([b"p=tls-server-end-point,,".as_slice(), &[8; 32]].concat());
        let last = CLIENT_FINAL.replace("c=biws", &format!("c={seen}"));
        let exchange = begin(PLUS, Some(hash), first).ok().unwrap();
        assert_eq!(exchange.finish(last.as_bytes()).unwrap_err(), Refusal::Intercepted);
        // The client was told that we can't bind.
        let cut = CLIENT_FIRST.replacen('n', "y", 1);
        assert_eq!(begin(PLAIN, Some(hash), &cut).err(), Some(Refusal::Intercepted));
        assert!(begin(PLAIN, None, &cut).is_ok());
    }
}
