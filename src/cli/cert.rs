//! `journeydb cert`: a certificate to begin with.

use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::Datelike;
use clap::Args;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use rustls::pki_types::ServerName;

use journeydb::{Error, Result, SqlState};

use super::exit::Exit;
use super::output::say;

/// For how long a certificate is good.
const YEARS: i32 = 10;

/// Make a self-signed certificate for `serve`
///
/// Writes server.crt and server.key. Clients encrypt with sslmode=require; to make sure whom they talk to, give them
/// server.crt as sslrootcert with sslmode=verify-full, and the name they connect to as --host here.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  journeydb cert --out /srv/journeys-tls --host db.example.com
  journeydb serve --listen 0.0.0.0:5433 --tls-cert /srv/journeys-tls/server.crt --tls-key /srv/journeys-tls/server.key")]
pub struct Cert {
    /// Folder to write to; it is made where it is missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,

    /// A name or address that clients connect to; may be given several times
    #[arg(long = "host", value_name = "NAME", default_values = ["localhost", "127.0.0.1", "::1"])]
    hosts: Vec<String>,
}

/// Runs the command.
pub fn run(command: Cert) -> Result<Exit> {
    let (certificate, key) = self_signed(&command.hosts)?;
    std::fs::create_dir_all(&command.out)?;
    let (certificate_file, key_file) = (command.out.join("server.crt"), command.out.join("server.key"));
    write_new(&key_file, &key, 0o600)?;
    write_new(&certificate_file, &certificate, 0o644)?;
    say(format_args!("wrote {} and {}; serve with", certificate_file.display(), key_file.display()));
    say(format_args!("    journeydb serve --tls-cert {} --tls-key {}", certificate_file.display(), key_file.display()));
    Ok(Exit::Success)
}

/// A certificate for these hosts and its key, both PEM.
fn self_signed(hosts: &[String]) -> Result<(String, String)> {
    let refused = |reason: &str| {
        let message = format!("cannot make a certificate for {}: {reason}", hosts.join(", "));
        Error::new(SqlState::InvalidParameterValue, message)
            .with_hint("--host takes names and addresses, such as db.example.com or 192.0.2.1")
    };
    // A wildcard stands for one name.
    if let Some(bad) = hosts.iter().find(|host| ServerName::try_from(host.trim_start_matches("*.")).is_err()) {
        return Err(refused(&format!("\"{bad}\" is no name of a host")));
    }
    let failed = |error: rcgen::Error| refused(&error.to_string());
    let mut params = CertificateParams::new(hosts).map_err(failed)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, hosts.first().map_or("journeydb", String::as_str));
    // A day early, for clocks that are behind; February has no 29th day ten years later.
    let from = chrono::Utc::now().date_naive() - chrono::Days::new(1);
    let (month, day) = (u8::try_from(from.month()).unwrap_or(1), u8::try_from(from.day().min(28)).unwrap_or(1));
    params.not_before = date_time_ymd(from.year(), month, day);
    params.not_after = date_time_ymd(from.year() + YEARS, month, day);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes a file that was not there, readable from its first moment by whom it is for.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let error = Error::new(SqlState::IoError, format!("{}: {error}", path.display()));
        error.with_hint("certificates are not overwritten: move the old one away, or give another --out")
    })
}
