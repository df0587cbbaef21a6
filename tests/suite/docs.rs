//! `docs/functions.md` says what the code says, and every example in it gives the output printed there.

use std::fmt::Write;
use std::path::Path;

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use journeydb::functions::{Entry, Returns, functions};

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
    text
}

fn describe(text: &mut String, entry: &Entry, is_aggregate: bool) {
    let kind = if is_aggregate { "Aggregate" } else { "Scalar" };
    write!(text, "\n### {}\n`{}`\n\n{kind}. {}\n\n", entry.name, entry.syntax(), entry.description).unwrap();
    text.push_str("| argument | type | |\n|---|---|---|\n");
    for argument in entry.arguments {
        let optional = if argument.required { "" } else { "Optional. " };
        writeln!(text, "| `{}` | {} | {optional}{} |", argument.name, argument.kind.sql_type(), argument.description)
            .unwrap();
    }
    match entry.returns {
        Returns::Number => text.push_str("\nReturns double precision.\n"),
        Returns::Summary(columns) => {
            text.push_str("\n| returns | type | |\n|---|---|---|\n");
            for column in columns {
                writeln!(text, "| `{}` | {} | {} |", column.name, column.kind.sql_type(), column.description).unwrap();
            }
        }
    }
    write!(
        text,
        "\n- **NULL**: {}\n- **Errors**: {}\n- **Cost**: {}\n- **Source**: {}\n",
        entry.nulls, entry.errors, entry.cost, entry.source
    )
    .unwrap();
    write!(text, "\n```sql\n{}\n```\n```text\n{}\n```\n", entry.example, entry.output).unwrap();
}

#[test]
fn reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/functions.md");
    if std::env::var_os("JOURNEYDB_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == reference(), "docs/functions.md is not what the code says: run `{COMMAND}` and commit the file");
}

#[tokio::test]
async fn examples_give_their_output() {
    let context = SessionContext::new();
    journeydb::register(&context).unwrap();
    let mut wrong = String::new();
    for function in functions() {
        let entry = function.entry;
        let got = match context.sql(entry.example).await {
            Ok(frame) => match frame.collect().await {
                Ok(batches) => pretty_format_batches(&batches).unwrap().to_string(),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        if got != entry.output {
            write!(wrong, "\n{}\n{}\ngot\n{got}\nexpected\n{}\n", entry.name, entry.example, entry.output).unwrap();
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
