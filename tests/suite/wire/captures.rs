//! What clients ask of the catalogs, in their own words: each question has to be answered, with the columns that PostgreSQL 15
//! gives, and with its rows where the schema alone decides them.
//!
//! A file of `captures/` holds one client. After `## ` and what it is about comes the question; after `----` the columns as
//! PostgreSQL 15 answered, type and name. `oid > int8` means that PostgreSQL says the first and we mean to say the second:
//! names of objects are text here, and so are columns computed of names. After `====` come the rows, with `∅` for NULL.
//! `{customer}` stands for the OID of a relation of `SCHEMA`, `{public}` for that of the schema.

use std::collections::HashMap;

use super::{Served, rows};

const SCHEMA: &str = "
    CREATE TABLE public.customer (
        id bigint NOT NULL, name text, balance numeric(12,2), joined timestamptz, active boolean);
    CREATE TABLE public.orders (
        id bigint NOT NULL, customer_id bigint, amount numeric(12,2), ts timestamptz, note text, ok boolean, d date);
    CREATE VIEW public.big_orders AS SELECT id, amount FROM public.orders WHERE amount > 5;
    COMMENT ON TABLE public.customer IS 'People who buy.';
    COMMENT ON COLUMN public.customer.balance IS 'What they may spend.';
";

macro_rules! clients {
    ($($test:ident),* $(,)?) => {
        $(#[test]
        fn $test() {
            replay_apart(include_str!(concat!("captures/", stringify!($test), ".txt")));
        })*
    };
}

clients!(
    adbc,
    asyncpg,
    dbeaver,
    dbt,
    grafana,
    metabase,
    npgsql,
    pgcli,
    pgjdbc,
    postgres_fdw,
    postgres_js,
    psql,
    psqlodbc,
    sqlalchemy,
    tableau,
);

/// One question of a file.
struct Question {
    about: String,
    sql: String,
    /// The type that we answer with, and the name.
    columns: Vec<(String, String)>,
    rows: Option<Vec<String>>,
}

/// Clients nest their questions deeply, and unoptimized frames are large: a test's own stack is too small for both ends.
fn replay_apart(file: &'static str) {
    let run =
        move || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(replay(file));
    std::thread::Builder::new().stack_size(8 << 20).spawn(run).unwrap().join().unwrap();
}

async fn replay(file: &str) {
    let server = Served::start().await;
    let client = server.connect().await;
    client.batch_execute(SCHEMA).await.unwrap();
    let mut oids = HashMap::new();
    for (name, sql) in [
        ("customer", "SELECT 'public.customer'::regclass::oid"),
        ("orders", "SELECT 'public.orders'::regclass::oid"),
        ("big_orders", "SELECT 'public.big_orders'::regclass::oid"),
        ("public", "SELECT oid FROM pg_namespace WHERE nspname = 'public'"),
    ] {
        oids.insert(name, rows(&client, sql).await.unwrap());
    }
    let questions = questions(file);
    assert!(!questions.is_empty());
    let mut wrong = vec![];
    for question in &questions {
        let named = |sql: &str, (name, oid): (&&str, &String)| sql.replace(&format!("{{{name}}}"), oid);
        let sql = oids.iter().fold(question.sql.clone(), |sql, oid| named(&sql, oid));
        if let Err(complaint) = ask(&client, question, &sql).await {
            wrong.push(format!("{}\n{sql}\n{complaint}", question.about));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), questions.len(), wrong.join("\n\n"));
    server.shut_down().await;
}

/// Asks one question; what is wrong with the answer.
async fn ask(client: &tokio_postgres::Client, question: &Question, sql: &str) -> Result<(), String> {
    let several = sql.contains(';');
    if !several {
        let prepared = client.prepare(sql).await.map_err(|error| told(&error))?;
        let columns = prepared.columns().iter().map(|c| (c.type_().name().to_owned(), c.name().to_owned()));
        let columns: Vec<_> = columns.collect();
        if columns != question.columns {
            return Err(format!("expected {:?}\ngot      {columns:?}", question.columns));
        }
        // The rows have to be of the types that were told.
        if prepared.params().is_empty() {
            client.query(&prepared, &[]).await.map_err(|error| told(&error))?;
        }
    }
    let answered = answer(client, sql).await.map_err(|error| told(&error))?;
    match &question.rows {
        Some(expected) if *expected != answered => Err(format!("expected {expected:#?}\ngot {answered:#?}")),
        _ => Ok(()),
    }
}

/// The rows as text, columns by bars.
async fn answer(client: &tokio_postgres::Client, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let messages = client.simple_query(sql).await?;
    let rows = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => {
            let cells: Vec<_> = (0..row.len()).map(|at| row.get(at).unwrap_or("∅")).collect();
            Some(cells.join("|").replace('\n', "\\n"))
        }
        _ => None,
    });
    Ok(rows.collect())
}

fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(told) => format!("{}: {}", told.code().code(), told.message()),
        None => error.to_string(),
    }
}

fn questions(file: &str) -> Vec<Question> {
    let blocks = file.split("\n## ").skip(1);
    blocks
        .map(|block| {
            let (about, rest) = block.split_once('\n').unwrap();
            let (sql, answer) = rest.split_once("\n----\n").unwrap();
            let (columns, rows) = match answer.split_once("====\n") {
                Some((columns, rows)) => {
                    (columns, Some(rows.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect()))
                }
                None => (answer, None),
            };
            let columns = columns.lines().filter(|line| !line.is_empty()).map(|line| {
                let line = line.split_once(" > ").map_or(line, |(_, ours)| ours);
                let (type_name, name) = line.split_once(' ').unwrap();
                (type_name.to_owned(), name.to_owned())
            });
            Question { about: about.to_owned(), sql: sql.to_owned(), columns: columns.collect(), rows }
        })
        .collect()
}
