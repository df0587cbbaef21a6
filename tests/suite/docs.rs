//! `docs/functions.md` and `docs/settings.md` say what the code says, and every example gives the output printed there.

use std::fmt::Write;
use std::path::Path;

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use journeydb::config::{Category, Context, Kind, SETTINGS, Setting};
use journeydb::functions::{Entry, Returns, functions};
use journeydb::relations::{self, table_functions};

const COMMAND: &str = "JOURNEYDB_BLESS=1 cargo test --test suite docs";

const OPENING: &str = "# SQL functions

Printed from the code; to change a text, change it in `src/functions` and run `JOURNEYDB_BLESS=1 cargo test --test suite docs`.

Rules for all of them:
- Arguments can be named, `level => .9`; one that is left out must not be followed by one that is given: write NULL for it.
- A number may have any numeric type and is computed as double precision. NaN and infinity are refused (22023).
- Aggregates take FILTER and OVER. DISTINCT is refused (0A000): equal rows are separate observations.
- An aggregate's answer does not depend on the order of rows, nor on how they are spread over threads and machines, beyond a
  relative 1e-12; quantiles do not at all.
- A `_summary` is one struct: `velocity_summary(started_at, ended_at)['ci_low']` takes a field out.
";

const TABLE_FUNCTIONS: &str = "
# Table functions

They stand in FROM, read a relation's rows in the order of time, and take named arguments:

```sql
SELECT * FROM funnel(interactions, steps => ARRAY[channel = 'email', lever = 'team'], within => INTERVAL '14 days')
```

Rules for all of them:
- The relation is a table, a view, a common table expression, `(SELECT ...)` or another table function, in any search path.
- Arguments are ordinary SQL over its columns, parameters included; what isn't given has the default named below. Arguments
  without a name are taken in the order of the table.
- What can't be computed from one row (aggregates, window functions, subqueries with IN or EXISTS) belongs into the relation.
- A relation that is stored in the order of entity and time is read as it is; any other is sorted first.
";

fn reference() -> String {
    let mut text = OPENING.to_owned();
    let mut family = "";
    for function in functions() {
        if function.entry.family != family {
            family = function.entry.family;
            write!(text, "\n## {family}\n").unwrap();
        }
        describe(&mut text, function.entry, function.is_aggregate());
    }
    text.push_str(TABLE_FUNCTIONS);
    for function in table_functions() {
        describe_table(&mut text, function.entry);
    }
    text
}

fn describe_table(text: &mut String, entry: &relations::Entry) {
    write!(text, "\n### {}\n`{}`\n\nTable function. {}\n\n", entry.name, entry.syntax(), entry.description).unwrap();
    text.push_str("| argument | takes | |\n|---|---|---|\n");
    for argument in entry.arguments {
        let optional = if argument.required { "" } else { "Optional. " };
        writeln!(text, "| `{}` | {} | {optional}{} |", argument.name, argument.takes, argument.description).unwrap();
    }
    text.push_str("\n| column | type | |\n|---|---|---|\n");
    for column in entry.columns {
        writeln!(text, "| `{}` | {} | {} |", column.name, column.data_type, column.description).unwrap();
    }
    write!(
        text,
        "\n- **NULL**: {}\n- **Errors**: {}\n- **Cost**: {}\n- **Source**: {}\n",
        entry.nulls, entry.errors, entry.cost, entry.source
    )
    .unwrap();
    write!(text, "\n```sql\n{}\n```\n```text\n{}\n```\n", entry.example, entry.output).unwrap();
}

fn describe(text: &mut String, entry: &Entry, is_aggregate: bool) {
    let kind = if is_aggregate { "Aggregate" } else { "Scalar" };
    write!(text, "\n### {}\n`{}`\n\n{kind}. {}\n\n", entry.name, entry.syntax(), entry.description).unwrap();
    text.push_str("| argument | type | |\n|---|---|---|\n");
    for argument in entry.arguments {
        let optional = match (argument.required, argument.repeated) {
            (_, true) => "Once or more. ",
            (true, _) => "",
            (false, _) => "Optional. ",
        };
        writeln!(text, "| `{}` | {} | {optional}{} |", argument.name, argument.kind.sql_type(), argument.description)
            .unwrap();
    }
    match entry.returns {
        Returns::Summary(columns) => {
            text.push_str("\n| returns | type | |\n|---|---|---|\n");
            for column in columns {
                writeln!(text, "| `{}` | {} | {} |", column.name, column.kind.sql_type(), column.description).unwrap();
            }
        }
        returned => writeln!(text, "\nReturns {}.", returned.sql_type()).unwrap(),
    }
    write!(
        text,
        "\n- **NULL**: {}\n- **Errors**: {}\n- **Cost**: {}\n- **Source**: {}\n",
        entry.nulls, entry.errors, entry.cost, entry.source
    )
    .unwrap();
    write!(text, "\n```sql\n{}\n```\n```text\n{}\n```\n", entry.example, entry.output).unwrap();
}

const SETTINGS_OPENING: &str = "# Settings

Printed from the code; to change a text, change it in `src/config` and run `JOURNEYDB_BLESS=1 cargo test --test suite docs`.

- `SHOW ALL` and `pg_settings` list them with their values; `SHOW name`, `SET name = value` and `RESET name` work as in Postgres.
- `journeydb serve -c name=value` gives a setting its value for the server and all sessions, `Database::configure` does so for a
  program that embeds the database. A client may ask for values when it connects: `options='-c name=value'`.
- **Set by**: everybody sets a setting for the own session, owners likewise those marked so, and what is marked *server* is
  given at its start alone: SET of it is 55P02.
- A bare number counts the unit; `5min`, `90s`, `64MB` and `2GB` say theirs.
";

fn settings_page() -> String {
    let mut text = SETTINGS_OPENING.to_owned();
    for category in Category::ALL {
        write!(text, "\n## {}\n\n| setting | default | takes | set by | |\n|---|---|---|---|---|\n", category.title())
            .unwrap();
        for setting in SETTINGS.iter().filter(|setting| setting.category == category) {
            let by = match setting.context() {
                Context::Internal => "nobody",
                Context::Server => "server",
                Context::Owner => "owners",
                Context::User => "everybody",
            };
            let default = if setting.default.is_empty() { "''" } else { setting.default };
            writeln!(text, "| `{}` | `{default}` | {} | {by} | {} |", setting.name, takes(setting), setting.about)
                .unwrap();
        }
    }
    text
}

fn takes(setting: &Setting) -> String {
    match setting.kind {
        Kind::Text => "text".to_owned(),
        Kind::Fixed => String::new(),
        Kind::Switch => "on, off".to_owned(),
        Kind::Integer(low, high) => format!("{low} to {high}"),
        Kind::Fraction => "between 0 and 1".to_owned(),
        Kind::Quantity(_, low, high) => format!("{low} to {high} {}", setting.kind.unit().unwrap()),
        Kind::OneOf(words) => words.iter().map(|synonyms| synonyms[0]).collect::<Vec<_>>().join("; "),
        Kind::Encoding => "UTF8; SQL_ASCII".to_owned(),
        Kind::TimeZone => "a time zone".to_owned(),
        Kind::Instant => "an instant, or ''".to_owned(),
    }
}

#[test]
fn pages_are_current() {
    for (file, expected) in [("docs/functions.md", reference()), ("docs/settings.md", settings_page())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os("JOURNEYDB_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &expected).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == expected, "{file} is not what the code says: run `{COMMAND}` and commit the file");
    }
}

#[tokio::test]
async fn examples_give_their_output() {
    let context = SessionContext::new();
    journeydb::register(&context).unwrap();
    let mut wrong = String::new();
    let scalars = functions().into_iter().map(|f| (f.entry.name, f.entry.example, f.entry.output));
    let tables = table_functions().into_iter().map(|f| (f.entry.name, f.entry.example, f.entry.output));
    for (name, example, output) in scalars.chain(tables) {
        let got = match context.sql(example).await {
            Ok(frame) => match frame.collect().await {
                Ok(batches) => pretty_format_batches(&batches).unwrap().to_string(),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        if got != output {
            write!(wrong, "\n{name}\n{example}\ngot\n{got}\nexpected\n{output}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_entry_is_complete() {
    for function in functions() {
        let entry = function.entry;
        for text in [entry.description, entry.nulls, entry.errors, entry.cost, entry.source, entry.example] {
            assert!(text.ends_with(['.', ';']), "{}: a sentence is missing or has no end: {text:?}", entry.name);
        }
        for argument in entry.arguments {
            assert!(argument.description.ends_with('.'), "{}: {} is not described", entry.name, argument.name);
        }
    }
    for function in table_functions() {
        let entry = function.entry;
        for text in [entry.description, entry.nulls, entry.errors, entry.cost, entry.source, entry.example] {
            assert!(text.ends_with(['.', ';']), "{}: a sentence is missing or has no end: {text:?}", entry.name);
        }
        let described = entry.arguments.iter().map(|argument| argument.description);
        for text in described.chain(entry.columns.iter().map(|column| column.description)) {
            assert!(text.ends_with('.'), "{}: {text:?} has no end", entry.name);
        }
    }
}

#[test]
fn every_name_is_registered_with_documentation_and_argument_names() {
    let context = SessionContext::new();
    journeydb::register(&context).unwrap();
    let state = context.state();
    for function in functions() {
        let entry = function.entry;
        let (documentation, signature) = if function.is_aggregate() {
            let udaf = &state.aggregate_functions()[entry.name];
            (udaf.documentation().cloned(), udaf.signature().clone())
        } else {
            let udf = &state.scalar_functions()[entry.name];
            (udf.documentation().cloned(), udf.signature().clone())
        };
        let names: Vec<_> = entry.arguments.iter().map(|argument| argument.name.to_owned()).collect();
        assert_eq!(signature.parameter_names, Some(names.clone()), "{}", entry.name);
        let documented: Vec<_> = documentation.unwrap().arguments.unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(documented, names, "{}", entry.name);
    }
}
