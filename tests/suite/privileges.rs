//! Who may do what: each kind of statement by each role, views by their owners, and grants that come and go.

use std::collections::BTreeSet;

use journeydb::{Database, SqlState};

use super::statements::{run, state};

const REFUSED: Option<SqlState> = Some(SqlState::InsufficientPrivilege);

/// The least role that may run a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Least {
    Everybody,
    Reader,
    Writer,
    Owner,
}
use Least::{Everybody, Owner, Reader, Writer};

/// Statements over a table `t (a int)` with a row and a view `v` of it, both of the owner; `{n}` is another number each time.
const STATEMENTS: &[(&str, Least)] = &[
    // Everybody reads the catalogs, and what is no table.
    ("SELECT 1", Everybody),
    ("SELECT count(*) FROM pg_class", Everybody),
    ("SELECT count(*) FROM information_schema.tables", Everybody),
    ("SELECT * FROM generate_series(1, 3)", Everybody),
    ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT sum(n) FROM r", Everybody),
    ("EXPLAIN SELECT 1", Everybody),
    ("VALUES (1), (2)", Everybody),
    // Verifiers of passwords are the owner's.
    ("SELECT count(*) FROM pg_authid", Owner),
    ("SELECT passwd FROM pg_shadow", Owner),
    // A table is read wherever it stands in a query.
    ("SELECT * FROM t", Reader),
    ("SELECT (SELECT max(a) FROM t)", Reader),
    ("SELECT 1 WHERE EXISTS (SELECT 1 FROM t)", Reader),
    ("SELECT 1 WHERE 1 IN (SELECT a FROM public.t)", Reader),
    ("SELECT x.n FROM generate_series(1, 2) AS x(n) JOIN t ON t.a = x.n", Reader),
    ("WITH q AS (SELECT * FROM t) SELECT 1 FROM q", Reader),
    ("SELECT 1 UNION ALL SELECT a FROM t", Reader),
    ("SELECT * FROM (VALUES (1)) AS o(b), LATERAL (SELECT a FROM t WHERE t.a = o.b) AS l", Reader),
    ("SELECT 1 FROM t LIMIT 0", Reader),
    ("SELECT count(*) FROM t WHERE false", Reader),
    ("SELECT * FROM v", Reader),
    ("SELECT * FROM counter", Reader),
    ("SELECT * FROM kpi.conversion LIMIT 1", Reader),
    ("SELECT * FROM paths(interactions, state => lever)", Reader),
    ("SELECT * FROM paths((SELECT * FROM journey.interactions WHERE lever = 'x'), state => lever)", Reader),
    ("EXPLAIN SELECT * FROM t", Reader),
    ("EXPLAIN ANALYZE SELECT * FROM t", Reader),
    // Writes, and what they read.
    ("INSERT INTO t VALUES (2)", Writer),
    ("INSERT INTO t VALUES (2) RETURNING a", Writer),
    ("DELETE FROM t RETURNING a", Writer),
    ("INSERT INTO t (a) SELECT 2", Writer),
    ("WITH q AS (SELECT 2 AS a) INSERT INTO t SELECT a FROM q", Writer),
    ("UPDATE t SET a = a + 1 WHERE a > 5", Writer),
    ("UPDATE t SET a = 1", Writer),
    ("UPDATE t SET a = v.a FROM v WHERE v.a = t.a", Writer),
    ("DELETE FROM t USING v WHERE v.a = t.a", Writer),
    ("DELETE FROM t WHERE a > 5", Writer),
    ("DELETE FROM t", Writer),
    ("TRUNCATE t", Writer),
    ("EXPLAIN INSERT INTO t VALUES (2)", Writer),
    ("EXPLAIN UPDATE t SET a = 1", Writer),
    ("EXPLAIN DELETE FROM t", Writer),
    ("COPY t TO STDOUT", Reader),
    ("COPY (SELECT a FROM t) TO STDOUT", Reader),
    ("COPY t FROM STDIN", Writer),
    // What is prepared or read bit by bit.
    ("PREPARE p AS SELECT * FROM t; EXECUTE p; DEALLOCATE p", Reader),
    ("PREPARE p AS INSERT INTO t VALUES (2); EXECUTE p", Writer),
    ("BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH c; CLOSE c; COMMIT", Reader),
    ("BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c; MOVE c; CLOSE c; COMMIT", Everybody),
    ("PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE ALL", Everybody),
    ("ANALYZE t", Everybody),
    ("CHECKPOINT", Everybody),
    ("LISTEN c", Everybody),
    ("NOTIFY c", Everybody),
    ("UNLISTEN *", Everybody),
    ("BEGIN; LOCK TABLE t; COMMIT", Writer),
    ("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE; COMMIT", Reader),
    ("SELECT a FROM t FOR UPDATE", Writer),
    ("BEGIN; SAVEPOINT s; RELEASE SAVEPOINT s; COMMIT", Everybody),
    ("SET CONSTRAINTS ALL IMMEDIATE", Everybody),
    // Definitions.
    ("VACUUM t", Owner),
    ("CREATE TABLE made_{n} (a int)", Owner),
    ("CREATE TABLE made_{n} AS SELECT * FROM t", Owner),
    ("CREATE VIEW made_{n} AS SELECT * FROM t", Owner),
    ("CREATE OR REPLACE VIEW v AS SELECT a FROM t", Owner),
    ("ALTER TABLE t ADD COLUMN c_{n} int", Owner),
    ("ALTER TABLE t OWNER TO journeydb", Owner),
    ("CREATE UNIQUE INDEX made_{n} ON t (a)", Owner),
    ("ALTER VIEW v OWNER TO journeydb", Owner),
    ("CREATE SEQUENCE made_{n}", Owner),
    ("ALTER SEQUENCE counter RESTART", Owner),
    ("ALTER SEQUENCE counter OWNER TO journeydb", Owner),
    ("ALTER TABLE t ADD COLUMN up int REFERENCES keyed", Owner),
    ("COMMENT ON TABLE t IS 'x'", Owner),
    ("COMMENT ON COLUMN v.a IS 'x'", Owner),
    ("COMMENT ON SCHEMA public IS 'x'", Owner),
    ("CREATE SCHEMA made_{n}", Owner),
    ("ALTER SCHEMA public OWNER TO journeydb", Owner),
    ("DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT a FROM t", Owner),
    ("DROP TABLE t CASCADE; CREATE TABLE t (a int)", Owner),
    ("DROP SCHEMA public", Owner),
    // Roles and grants.
    ("CREATE ROLE made_{n}", Owner),
    ("ALTER ROLE group_of_none NOLOGIN", Owner),
    ("DROP ROLE IF EXISTS nosuch", Owner),
    ("GRANT SELECT ON t TO group_of_none", Owner),
    ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO group_of_none", Owner),
    ("GRANT USAGE ON SCHEMA public TO group_of_none", Owner),
    ("GRANT reader TO group_of_none", Owner),
    ("REVOKE SELECT ON t FROM group_of_none", Owner),
    ("REVOKE reader FROM group_of_none", Owner),
    // The session's own.
    ("SET statement_timeout = '1min'", Everybody),
    ("SET temp_file_limit = '1GB'", Owner),
    ("RESET statement_timeout", Everybody),
    ("SHOW search_path", Everybody),
    ("BEGIN", Everybody),
    ("COMMIT", Everybody),
    ("ROLLBACK", Everybody),
    ("DISCARD PLANS", Everybody),
    ("CREATE TEMP TABLE own (a int) ON COMMIT DROP", Everybody),
    ("CREATE TEMP VIEW own AS SELECT 1 AS a", Everybody),
    ("CREATE TEMP VIEW own AS SELECT * FROM t", Reader),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_statement_is_for_whom_it_says() {
    let database = Database::in_memory().await.unwrap();
    let owner = database.session();
    run(&owner, "CREATE ROLE group_of_none; CREATE ROLE nobody").await.unwrap();
    let mut failures = Vec::new();
    for (number, (statement, from)) in STATEMENTS.iter().enumerate() {
        let setup = "DROP VIEW IF EXISTS v; DROP TABLE IF EXISTS t CASCADE; CREATE TABLE t (a int); INSERT INTO t VALUES (1); \
                     CREATE VIEW v AS SELECT a FROM t; DROP SEQUENCE IF EXISTS counter; CREATE SEQUENCE counter; \
                     DROP TABLE IF EXISTS keyed CASCADE; CREATE TABLE keyed (k int PRIMARY KEY)";
        run(&owner, setup).await.unwrap();
        let roles = [("nobody", Everybody), ("reader", Reader), ("writer", Writer), ("owner", Owner)];
        for (at, (role, rank)) in roles.into_iter().enumerate() {
            let session = database.session();
            run(&session, &format!("SET ROLE {role}")).await.unwrap();
            let outcome = state(&session, &statement.replace("{n}", &format!("{number}_{at}"))).await;
            let expected = if rank < *from { REFUSED } else { None };
            // Nobody drops a schema that ships, but an owner is told why.
            let dependent = outcome == Some(SqlState::DependentObjectsStillExist);
            if outcome != expected && !(dependent && expected.is_none()) {
                failures.push(format!("{role}: {statement}: {outcome:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Every kind of statement that is run at all stands in the list above.
#[tokio::test]
async fn no_kind_of_statement_is_left_out() {
    let session = Database::in_memory().await.unwrap().session();
    let mut tried = BTreeSet::new();
    for (statement, _) in STATEMENTS {
        for parsed in session.parse(&statement.replace("{n}", "1")).unwrap() {
            let parsed = format!("{parsed:?}");
            let form = parsed.split("form: ").nth(1).unwrap();
            tried.insert(form.split(|c: char| !c.is_alphanumeric()).nth(1).unwrap().to_owned());
        }
    }
    let kinds = |source: &'static str, of: &str| {
        let kinds = source.split(of).skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap());
        kinds.collect::<BTreeSet<_>>()
    };
    let mut all = kinds(include_str!("../../src/statements/dispatch.rs"), "Ast::");
    all.extend(kinds(include_str!("../../src/statements/commands.rs"), "Command::"));
    assert!(all.len() > 30);
    // What nobody can run has no row.
    all.retain(|kind| *kind != "Refused");
    let untried: Vec<_> = all.into_iter().filter(|kind| !tried.contains(*kind)).collect();
    assert!(untried.is_empty(), "nobody says who may run {untried:?}: add them to STATEMENTS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_lets_do_what_it_says_and_no_more() {
    let database = Database::in_memory().await.unwrap();
    let (owner, session) = (database.session(), database.session());
    run(&owner, "CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE ROLE r; CREATE ROLE s; GRANT r TO s")
        .await
        .unwrap();
    run(&session, "SET ROLE s").await.unwrap();
    let statements = [
        ("SELECT", "SELECT * FROM t"),
        ("INSERT", "INSERT INTO t VALUES (1)"),
        ("SELECT, UPDATE", "UPDATE t SET a = 1"),
        ("SELECT, DELETE", "DELETE FROM t"),
        ("TRUNCATE", "TRUNCATE t"),
    ];
    for to in ["r", "s", "PUBLIC"] {
        for (privileges, _) in statements {
            run(&owner, &format!("GRANT {privileges} ON TABLE t TO {to}")).await.unwrap();
            for (needed, statement) in statements {
                let granted: Vec<_> = privileges.split(", ").collect();
                let expected = if needed.split(", ").all(|p| granted.contains(&p)) { None } else { REFUSED };
                assert_eq!(state(&session, statement).await, expected, "{statement} with {privileges} by {to}");
                assert_eq!(state(&session, &statement.replace(" t", " u")).await, REFUSED);
            }
            run(&owner, &format!("REVOKE ALL ON t FROM {to}")).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_returned_is_read() {
    let database = Database::in_memory().await.unwrap();
    let (owner, session) = (database.session(), database.session());
    run(&owner, "CREATE TABLE t (a int); CREATE ROLE r; GRANT INSERT ON t TO r").await.unwrap();
    run(&session, "SET ROLE r").await.unwrap();
    assert_eq!(state(&session, "INSERT INTO t VALUES (1)").await, None);
    assert_eq!(state(&session, "INSERT INTO t VALUES (2) RETURNING a").await, REFUSED);
    run(&owner, "GRANT SELECT ON t TO r").await.unwrap();
    assert_eq!(run(&session, "INSERT INTO t VALUES (3) RETURNING a").await.unwrap(), "3");
    assert_eq!(run(&owner, "SELECT sum(a) FROM t").await.unwrap(), "4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_reads_by_its_owners_privileges() {
    let database = Database::in_memory().await.unwrap();
    let (owner, session) = (database.session(), database.session());
    let setup = "CREATE TABLE t (a int); INSERT INTO t VALUES (7); CREATE VIEW v AS SELECT a FROM t; \
                 CREATE VIEW w AS SELECT a + 1 AS a FROM v; CREATE ROLE r; GRANT SELECT ON w TO r";
    run(&owner, setup).await.unwrap();
    run(&session, "SET ROLE r").await.unwrap();
    assert_eq!(run(&session, "SELECT a FROM w").await.unwrap(), "8");
    assert_eq!(state(&session, "SELECT a FROM v").await, REFUSED);
    assert_eq!(state(&session, "SELECT w.a FROM w, t").await, REFUSED);
    let refused = run(&session, "SELECT w.a FROM w JOIN t USING (a)").await.unwrap_err();
    assert_eq!(refused.message(), "permission denied for table t");

    // A view of one who may not read the table is of no use to anybody.
    run(&owner, "CREATE ROLE maker; GRANT CREATE ON SCHEMA public TO maker; GRANT SELECT ON t TO maker").await.unwrap();
    run(&session, "RESET ROLE; SET ROLE maker; CREATE VIEW mine AS SELECT a FROM t").await.unwrap();
    assert_eq!(run(&owner, "SELECT a FROM mine").await.unwrap(), "7");
    run(&owner, "REVOKE SELECT ON t FROM maker").await.unwrap();
    assert_eq!(state(&owner, "SELECT a FROM mine").await, REFUSED);
    assert_eq!(state(&session, "SELECT a FROM mine").await, REFUSED);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_makes_something_owns_it() {
    let database = Database::in_memory().await.unwrap();
    let (owner, session) = (database.session(), database.session());
    run(&owner, "CREATE ROLE r; CREATE ROLE other; CREATE SCHEMA s; CREATE SCHEMA closed").await.unwrap();
    run(&session, "SET ROLE r").await.unwrap();
    assert_eq!(state(&session, "CREATE TABLE s.t (a int)").await, REFUSED);
    run(&owner, "GRANT CREATE, USAGE ON SCHEMA s TO r; CREATE TABLE closed.t (a int); GRANT SELECT ON closed.t TO r")
        .await
        .unwrap();
    run(&session, "CREATE TABLE s.t (a int); INSERT INTO s.t VALUES (1)").await.unwrap();
    run(&session, "GRANT SELECT ON s.t TO other; ALTER TABLE s.t ADD COLUMN b int").await.unwrap();
    assert_eq!(run(&session, "SELECT tableowner FROM pg_tables WHERE schemaname = 's'").await.unwrap(), "r");
    // Without USAGE on its schema a table can't be reached, whatever was granted on it.
    assert_eq!(
        run(&session, "SELECT a FROM closed.t").await.unwrap_err().message(),
        "permission denied for schema closed"
    );
    run(&session, "SET search_path TO closed, s").await.unwrap();
    assert_eq!(run(&session, "SELECT a FROM t").await.unwrap(), "1");
    // What a role owns keeps it.
    let kept = run(&owner, "DROP ROLE r").await.unwrap_err();
    assert_eq!(kept.state(), SqlState::DependentObjectsStillExist);
    assert!(kept.message().contains("table s.t"), "{kept}");
    run(&owner, "ALTER TABLE s.t OWNER TO other; DROP ROLE r").await.unwrap();
    // The session of a role that is gone may nothing, and its name may come back as somebody else's.
    run(&owner, "CREATE ROLE r").await.unwrap();
    run(&owner, "GRANT SELECT ON s.t TO r; GRANT USAGE ON SCHEMA s TO r").await.unwrap();
    assert_eq!(state(&session, "SELECT a FROM s.t").await, REFUSED);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_more_than_they_are() {
    let database = Database::in_memory().await.unwrap();
    let session = database.session();
    run(&session, "CREATE ROLE r; CREATE ROLE s; GRANT s TO r; SET SESSION AUTHORIZATION r").await.unwrap();
    for attack in [
        "SET ROLE owner",
        "SET ROLE journeydb",
        "CREATE ROLE x",
        "GRANT owner TO r",
        "ALTER ROLE s LOGIN",
        "ALTER ROLE r LOGIN",
        "ALTER TABLE interactions OWNER TO r",
        "ALTER USER journeydb PASSWORD 'mine'",
        "SET temp_file_limit = '1TB'",
    ] {
        assert_eq!(state(&session, attack).await, REFUSED, "{attack}");
    }
    for attack in [
        "SET is_superuser = on",
        "SELECT set_config('is_superuser', 'on', false)",
        "SELECT set_config('role', 'owner', false)",
        "SET session_authorization = journeydb",
    ] {
        assert!(run(&session, attack).await.is_err(), "{attack}");
    }
    assert_eq!(run(&session, "SET ROLE s; SELECT current_user || ' ' || session_user").await.unwrap(), "s r");
    // Who logged in as an owner may go back; RESET ALL is no way out of a role, DISCARD ALL is.
    assert_eq!(run(&session, "RESET ALL; SELECT current_user").await.unwrap(), "s");
    assert_eq!(run(&session, "DISCARD ALL; SELECT current_user").await.unwrap(), "journeydb");
    assert_eq!(run(&session, "SHOW is_superuser").await.unwrap(), "on");
}

#[tokio::test]
async fn no_message_repeats_a_password() {
    let session = Database::in_memory().await.unwrap().session();
    for statement in [
        "CREATE USER a PASSWORD 'hunter2' FOO",
        "CREATE USER a PASSWORD \"hunter2\"",
        "ALTER USER a WITH PASSWORD = 'hunter2'",
        "ALTER USER nosuch PASSWORD 'hunter2'",
        "CREATE USER a PASSWORD 'hunter2' SUPERUSER",
        "CREATE USER a PASSWORD 'hunter2",
        "CREATE USER a PASSWORD 'hunter2' VALID UNTIL 'never'",
        "CREATE USER a PASSWORD hunter2",
        "CREATE USER a PASSWORD 'SCRAM-SHA-256$hunter2'",
        "CREATE USER a PASSWORD 'hunter2'",
    ] {
        let error = run(&session, statement).await.unwrap_err();
        let told = format!("{error} {:?} {error:?}", error.hint());
        assert!(!told.contains("hunter2"), "{statement}: {told}");
    }
}
