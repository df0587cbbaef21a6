//! Users and certificates from the command line.

use std::io::Write;
use std::process::Stdio;

use super::{Place, Ran, Serving, ran};

impl Place {
    /// Runs a command with this on its standard input.
    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        ran(process.wait_with_output().unwrap())
    }
}

#[test]
fn users_are_made_in_a_folder_and_through_a_server() {
    let place = Place::new();
    let user =
        |arguments: &[&str], input: &str| place.run_with(&[&["user"], arguments, &["--data", "db"]].concat(), input);
    let ran = user(&["add", "ria"], "pass\n");
    assert!(ran.code == 1 && ran.err.contains("no user left who owns it"), "{}", ran.err);
    assert_eq!(user(&["add", "anna", "--role", "owner"], "pass word\n").code, 0);
    assert_eq!(user(&["add", "Ria", "--role", "reader"], "pass").code, 0);
    let ran = user(&["add", "anna"], "x");
    assert!(ran.code == 1 && ran.err.contains("already exists"), "{}", ran.err);
    let ran = user(&["add", "eve"], "\n");
    assert!(ran.code == 1 && ran.err.contains("empty password"), "{}", ran.err);
    let ran = user(&["remove", "anna"], "");
    assert!(ran.code == 1 && ran.err.contains("no user left who owns it"), "{}", ran.err);
    let ran = user(&["list"], "");
    assert!(ran.out.contains("anna") && ran.out.contains("owner") && ran.out.contains("Ria"), "{}", ran.out);

    let serving = Serving::start(&place, &["serve", "--data", "db", "--listen", "127.0.0.1:0"]);
    let url = |user: &str| format!("postgres://{user}@127.0.0.1:{}/journeydb", serving.port);
    let through = |arguments: &[&str], user: &str, password: &str| {
        let url = url(user);
        let mut command = place.command(&[arguments, &["--url", &url]].concat());
        self::ran(command.env("PGPASSWORD", password).stdin(Stdio::null()).output().unwrap())
    };
    assert_eq!(through(&["sql", "SELECT 1"], "anna", "pass word").code, 0);
    let ran = through(&["sql", "SELECT 1"], "anna", "wrong");
    assert!(ran.code == 1 && ran.err.contains("password authentication failed for user \"anna\""), "{}", ran.err);
    assert!(!ran.err.contains("wrong"), "{}", ran.err);
    let ran = through(&["sql", "CREATE TABLE t (a int)"], "Ria", "pass");
    assert!(ran.code == 1 && ran.err.contains("permission denied for schema public"), "{}", ran.err);
    assert_eq!(through(&["user", "remove", "Ria"], "Ria", "pass").code, 1);
    assert_eq!(through(&["user", "remove", "Ria"], "anna", "pass word").code, 0);
    assert_eq!(through(&["sql", "SELECT 1"], "Ria", "pass").code, 1);
}

#[test]
fn a_certificate_is_made_to_serve_with() {
    let place = Place::new();
    let ran = place.run(&["cert", "--out", "tls", "--host", "localhost", "--host", "192.0.2.1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("--tls-cert tls/server.crt --tls-key tls/server.key"), "{}", ran.out);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(place.path("tls/server.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = place.run(&["cert", "--out", "tls"]);
    assert!(again.code == 1 && again.err.contains("not overwritten"), "{}", again.err);
    let ran = place.run(&["cert", "--out", "other", "--host", "not a name"]);
    assert_eq!(ran.code, 1, "{}", ran.out);

    let tls = ["--tls-cert", "tls/server.crt", "--tls-key", "tls/server.key"];
    let listen = ["serve", "--data", "db", "--listen", "127.0.0.1:0", "--tls-required"];
    let serving = Serving::start(&place, &[&listen[..], &tls[..]].concat());
    let local = format!("postgres://localhost:{}/journeydb", serving.port);
    assert_eq!(place.run(&["cert", "--out", "another"]).code, 0);
    let ask =
        |more: &[&str]| place.run(&[&["sql", "--format", "csv", "SELECT 1 AS one", "--url", &local], more].concat());
    for trusting in [&[][..], &["--tls-ca", "tls/server.crt"]] {
        let ran = ask(trusting);
        assert_eq!(ran.out, "one\n1\n", "{}", ran.err);
    }
    for wrong in ["another/server.crt", "tls/server.key", "nosuch"] {
        assert_eq!(ask(&["--tls-ca", wrong]).code, 1, "{wrong}");
    }
    let ran = place.run(&[&["serve", "--data", "open", "--listen", "0.0.0.0:0"], &tls[..]].concat());
    assert!(ran.code == 1 && ran.err.contains("journeydb user add"), "{}", ran.err);
    let ran = place.run(&["serve", "--data", "open", "--tls-cert", "tls/server.crt"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}
