//! TLS: the certificate and key that the server shows, and the handshake.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use ring::digest;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::listener::Certificate;
use crate::error::{Error, Result, SqlState};

/// The protocol's name in ALPN, as PostgreSQL 17 registered it.
const ALPN: &[u8] = b"postgresql";

/// A server's certificate and key; clones show what was read last.
#[derive(Clone)]
pub(super) struct Tls {
    files: Certificate,
    shown: Arc<RwLock<Shown>>,
}

/// A certificate and its key, ready to use.
#[derive(Clone)]
struct Shown {
    acceptor: TlsAcceptor,
    end_point: Option<Arc<[u8]>>,
}

impl Tls {
    /// Reads a chain of certificates and a key (PKCS#1, PKCS#8 or SEC1), both PEM. What can't be used is an error: a server
    /// that was told to encrypt doesn't start without.
    pub(super) fn load(files: &Certificate) -> Result<Self> {
        Ok(Self { files: files.clone(), shown: Arc::new(RwLock::new(Shown::read(files)?)) })
    }

    /// Reads both anew, for connections to come; what can't be used is an error and changes nothing.
    pub(super) fn reload(&self) -> Result<()> {
        let read = Shown::read(&self.files)?;
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// The server's side of the handshake, and what a login can be bound to: the hash of the certificate, if its signature names
    /// one.
    pub(super) async fn accept(&self, socket: TcpStream) -> std::io::Result<(TlsStream<TcpStream>, Option<Arc<[u8]>>)> {
        let Shown { acceptor, end_point } = self.shown.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((acceptor.accept(socket).await?, end_point))
    }
}

impl Shown {
    fn read(Certificate { certificate, key }: &Certificate) -> Result<Self> {
        refuse_open_key(key)?;
        let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.map_err(|error| unusable("certificate", certificate, &error))?;
        let first = chain.first().ok_or_else(|| unusable("certificate", certificate, &"it holds none"))?;
        let end_point = tls_server_end_point(first).map(Arc::from);
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("key", key, &error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map(|builder| builder.with_no_client_auth())
            .and_then(|builder| builder.with_single_cert(chain, private));
        let mut config = config.map_err(|error| unusable("certificate", certificate, &error))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), end_point })
    }
}

/// Whether the client said in the handshake that it speaks Postgres.
pub(super) fn speaks_postgres(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(ALPN)
}

fn unusable(what: &str, path: &Path, reason: &dyn std::fmt::Display) -> Error {
    let message = format!("cannot use the TLS {what} \"{}\": {reason}", path.display());
    Error::new(SqlState::ConfigFileError, message).with_hint("`journeydb cert` makes a certificate and its key")
}

/// A key that others can read is none.
#[cfg(unix)]
fn refuse_open_key(key: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(key).map_err(|error| unusable("key", key, &error))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("the TLS key \"{}\" can be read by others", key.display());
    Err(Error::new(SqlState::ConfigFileError, message).with_hint(format!("chmod 600 {}", key.display())))
}

#[cfg(not(unix))]
fn refuse_open_key(_: &Path) -> Result<()> {
    Ok(())
}

/// `tls-server-end-point` (RFC 5929): the certificate's hash by the function of its signature, SHA-256 in the place of
/// weaker ones; `None` where the signature has none or another.
pub fn tls_server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, body, _) = element(certificate)?;
    let (_, _, after_content) = element(body)?;
    let (_, algorithm, _) = element(after_content)?;
    let (_, algorithm, _) = element(algorithm)?;
    let function = match algorithm {
        // md5, sha1 and sha256 with RSA (1.2.840.113549.1.1.*); sha1 and sha256 with ECDSA (1.2.840.10045.4.*).
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"
        | b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"
        | b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
        | b"\x2a\x86\x48\xce\x3d\x04\x01"
        | b"\x2a\x86\x48\xce\x3d\x04\x03\x02" => &digest::SHA256,
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c" | b"\x2a\x86\x48\xce\x3d\x04\x03\x03" => &digest::SHA384,
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d" | b"\x2a\x86\x48\xce\x3d\x04\x03\x04" => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(function, certificate).as_ref().to_vec())
}

/// The first element of DER: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_hashed_as_its_signature_says() {
        use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
        for (algorithm, length) in
            [(&PKCS_ECDSA_P256_SHA256, Some(32)), (&PKCS_ECDSA_P384_SHA384, Some(48)), (&PKCS_ED25519, None)]
        {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::new(vec!["h".into()]).unwrap().self_signed(&key).unwrap();
            assert_eq!(tls_server_end_point(certificate.der()).map(|hash| hash.len()), length);
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_hash_and_does_no_harm() {
        for der in
            [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", b"\x30\x02\x30\x00", b"\x30\x05\x30\x03\x02"]
        {
            assert_eq!(tls_server_end_point(der), None);
        }
    }
}
