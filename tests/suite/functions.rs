//! What every function gives for degenerate input, and what it refuses: the tables at the head of each family, as queries.

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions, array_value_to_string};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;
use journeydb::functions::{Kind, functions};
use journeydb::{Error, SqlState};

/// The one value a query gives, as text, or its error's state and message.
async fn ask(sql: &str) -> Result<String, (SqlState, String)> {
    let context = SessionContext::new();
    journeydb::register(&context).unwrap();
    let told = |error| {
        let error = Error::from(error);
        (error.state(), error.to_string())
    };
    let batches = context.sql(sql).await.map_err(told)?.collect().await.map_err(told)?;
    let column = batches.iter().find(|batch| batch.num_rows() > 0).unwrap().column(0);
    let options = FormatOptions::default().with_null("NULL");
    Ok(ArrayFormatter::try_new(column, &options).unwrap().value(0).to_string())
}

async fn assert_answers(answers: &[(&str, &str)]) {
    for (sql, expected) in answers {
        assert_eq!(ask(sql).await.as_deref(), Ok(*expected), "{sql}");
    }
}

async fn assert_refusals(refusals: &[(&str, SqlState, &str)]) {
    for (sql, state, message) in refusals {
        assert_eq!(ask(sql).await, Err((*state, (*message).to_owned())), "{sql}");
    }
}

#[tokio::test]
async fn satisfaction() {
    assert_answers(&[
        ("SELECT ppp_score(8, 1200)", "9600.0"),
        ("SELECT ppp_score(NULL, 1200)", "0.0"),
        ("SELECT ppp_score(8, NULL)", "0.0"),
        ("SELECT ppp_score(NULL, NULL)", "0.0"),
        ("SELECT ppp_score(0, 5)", "0.0"),
        ("SELECT ppp_score(10, -5)", "-50.0"),
        ("SELECT ppp_score(clv => 3, csat => 2)", "6.0"),
        ("SELECT csat_rescale(NULL, 1, 5)", "NULL"),
        ("SELECT csat_rescale(3, NULL, 5)", "NULL"),
        ("SELECT csat_rescale(0, 0, 10)", "1.0"),
        ("SELECT csat_rescale(7.5, 0, 10)", "7.75"),
        ("SELECT csat_rescale(0, -1.7e308, 1.7e308)", "5.5"),
        ("SELECT csat(score) FROM (SELECT 1.0 AS score WHERE false)", "NULL"),
        ("SELECT csat(NULL)", "NULL"),
        ("SELECT csat(7)", "7.0"),
        ("SELECT csat_summary(NULL)", "{n: 0, csat: NULL, std_error: NULL, ci_low: NULL, ci_high: NULL}"),
        ("SELECT csat_summary(7)", "{n: 1, csat: 7.0, std_error: NULL, ci_low: NULL, ci_high: NULL}"),
        (
            "SELECT csat_summary(x) FROM (VALUES (7), (7)) AS t(x)",
            "{n: 2, csat: 7.0, std_error: 0.0, ci_low: 7.0, ci_high: 7.0}",
        ),
        ("SELECT nps(NULL)", "NULL"),
        ("SELECT nps(9)", "100.0"),
        ("SELECT nps(6)", "-100.0"),
        ("SELECT nps(7)", "0.0"),
        (
            "SELECT nps_summary(NULL)",
            "{n: 0, promoters: 0, detractors: 0, nps: NULL, std_error: NULL, ci_low: NULL, ci_high: NULL}",
        ),
    ])
    .await;
    assert_refusals(&[
        (
            "SELECT ppp_score(11, 5)",
            SqlState::InvalidParameterValue,
            "ppp_score: csat must be between 0 and 10, got 11",
        ),
        (
            "SELECT ppp_score(-0.5, 5)",
            SqlState::InvalidParameterValue,
            "ppp_score: csat must be between 0 and 10, got -0.5",
        ),
        (
            "SELECT ppp_score(5, 'Infinity'::double)",
            SqlState::InvalidParameterValue,
            "ppp_score: clv must be a finite number, got inf",
        ),
        (
            "SELECT csat_rescale(3, 5, 5)",
            SqlState::InvalidParameterValue,
            "csat_rescale: scale_min must be below scale_max, 5, got 5",
        ),
        (
            "SELECT csat_rescale(6, 1, 5)",
            SqlState::InvalidParameterValue,
            "csat_rescale: score must be between 1 and 5, got 6",
        ),
        ("SELECT nps(11)", SqlState::InvalidParameterValue, "nps: score must be between 0 and 10, got 11"),
    ])
    .await;
}

#[tokio::test]
async fn conversion() {
    assert_answers(&[
        ("SELECT conversion_rate(NULL)", "NULL"),
        ("SELECT conversion_summary(true)['n']", "1"),
        ("SELECT conversion_rate(true)", "1.0"),
        ("SELECT conversion_rate(false)", "0.0"),
        (
            "SELECT conversion_summary(NULL)",
            "{n: 0, reached: 0, conversion_rate: NULL, std_error: NULL, ci_low: NULL, ci_high: NULL}",
        ),
        (
            "SELECT s['ci_low'] = 0 AND s['ci_high'] > 0 AND s['ci_high'] < 1 AND s['std_error'] = 0
             FROM (SELECT conversion_summary(false) AS s)",
            "true",
        ),
    ])
    .await;
}

/// The first row's date, and two booleans.
const SEQUENCE: &str = "(VALUES (DATE '2026-01-01', true, NULL), (DATE '2026-01-02', NULL, true)) AS t(at, a, b)";

#[tokio::test]
async fn sequences() {
    let of = |call: &str| format!("SELECT {call} FROM {SEQUENCE}");
    for (call, expected) in [
        ("window_funnel(INTERVAL '1 day', 'ordered', at, a, b)", "2"),
        ("window_funnel(INTERVAL '1 day', 'Ordered', at, a, b)", "2"),
        ("window_funnel('1 day', 'ordered', at, a, NULL)", "1"),
        ("window_funnel(INTERVAL '1 day', 'ordered', NULL, a, b)", "0"),
        ("window_funnel(INTERVAL '0 days', 'ordered', at, a, b)", "1"),
        ("window_funnel(INTERVAL '200000 years', 'ordered', at, a, b)", "2"),
        ("sequence_match('', at, a, b)", "true"),
        ("sequence_match('(?1)', NULL, NULL)", "false"),
        ("sequence_count('(?1)', at, NULL)", "0"),
        ("sequence_events('(?1)(?2)', at, a, b)", "[2026-01-01T00:00:00, 2026-01-02T00:00:00]"),
        ("sequence_events('(?1)', arrow_cast(at, 'Timestamp(ns)'), b)", "[2026-01-02T00:00:00]"),
        ("retention(at, a, b, NULL)", "[true, true, false]"),
        ("retention(NULL, a)", "[false]"),
        ("next_event('forward', 'head', at, at, a)", "2026-01-02"),
        ("next_event('forward', 'head', at, [a, b], a)", "[NULL, true]"),
        ("next_event('forward', 'head', at, NULL, a)", "NULL"),
        ("next_event('backward', 'tail', at, arrow_cast(CAST(at AS TEXT), 'Dictionary(Int8, Utf8)'), b)", "2026-01-01"),
    ] {
        assert_eq!(ask(&of(call)).await.as_deref(), Ok(expected), "{call}");
    }
    for (call, refused) in [
        (
            "window_funnel(INTERVAL '1 day', 'sideways', at, a)",
            "window_funnel: mode must be one of 'ordered', 'strict', 'any', 'increase', 'reuse', got 'sideways'",
        ),
        (
            "window_funnel(INTERVAL '-1 day', 'any', at, a)",
            "window_funnel: within must be an interval that isn't negative, got -1 days",
        ),
        ("window_funnel(NULL, 'any', at, a)", "window_funnel: within must be an interval, got NULL"),
        (
            "next_event('forward', NULL, at, a, a)",
            "next_event: base must be one of 'head', 'tail', 'first_match', 'last_match', got NULL",
        ),
        ("sequence_match(NULL, at, a)", "sequence_match: pattern must be text, got NULL"),
        (
            "sequence_match('(?1)(?3)', at, a, b)",
            "sequence_match: pattern, at position 7: expected a condition's number from 1 to 2, found \"3)\"",
        ),
        (
            "sequence_count('(?1)(?t=5)(?2)', at, a, b)",
            "sequence_count: pattern, at position 8: expected <, <=, >, >= or ==, found \"=5)(?2)\"",
        ),
        ("sequence_match(CAST(at AS TEXT), at, a)", "sequence_match: pattern must be a constant, got "),
        ("window_funnel(INTERVAL '1 day', CAST(at AS TEXT), at, a)", "window_funnel: mode must be a constant, got "),
    ] {
        let (state, message) = refused_while_planning(&of(call)).await;
        assert_eq!(state, SqlState::InvalidParameterValue, "{call}: {message}");
        assert!(message.starts_with(refused), "{call}: {message}");
        let over = of(&format!("{call} OVER ()"));
        assert_eq!(ask(&over).await.map_err(|(state, _)| state), Err(SqlState::InvalidParameterValue), "{over}");
    }
}

/// A constant may be a parameter, and is judged once it is known.
#[tokio::test]
async fn constants_of_sequences_may_be_parameters() {
    let context = SessionContext::new();
    journeydb::register(&context).unwrap();
    let sql = format!("SELECT window_funnel($1, $2, at, a, b) FROM {SEQUENCE}");
    let day = ScalarValue::new_interval_mdn(0, 1, 0);
    for (mode, expected) in [("ordered", Ok("2")), ("sideways", Err(SqlState::InvalidParameterValue))] {
        let frame = context.sql(&sql).await.unwrap();
        let frame = frame.with_param_values(vec![day.clone(), ScalarValue::from(mode)]).unwrap();
        let told = frame.collect().await.map_err(|error| Error::from(error).state());
        let level = told.map(|batches| array_value_to_string(batches[0].column(0), 0).unwrap());
        assert_eq!(level.as_deref(), expected.as_ref().copied(), "{mode}");
    }
}

/// The error of a query that is planned and not run.
async fn refused_while_planning(sql: &str) -> (SqlState, String) {
    let context = SessionContext::new();
    journeydb::register(&context).unwrap();
    let planned = context.sql(sql).await.and_then(|frame| frame.into_optimized_plan());
    let error = Error::from(planned.expect_err(sql));
    (error.state(), error.to_string())
}

const NO_SPELLS: &str = "{n: 0, open: 0, dropped: 0, velocity: NULL, std_error: NULL, ci_low: NULL, ci_high: NULL, \
                         q25: NULL, q75: NULL}";

#[tokio::test]
async fn velocity() {
    let of = |call: &str, rows: &str| format!("SELECT {call} FROM (VALUES {rows}) AS t(s, e, u)");
    let summary = "velocity_summary(s, e)";
    let spells = [
        // The start is not known.
        (of("velocity(s, e)", "(NULL::date, DATE '2026-01-05', NULL::date)"), "NULL"),
        (of(summary, "(NULL::date, DATE '2026-01-05', NULL::date)"), NO_SPELLS),
        // One closed spell; a spell of no time.
        (of("velocity(s, e)", "(DATE '2026-01-01', DATE '2026-01-05', NULL::date)"), "4.0"),
        (of("velocity(s, e)", "(DATE '2026-01-01', DATE '2026-01-01', NULL::date)"), "0.0"),
        // Open ones only.
        (of("velocity(s, e)", "(DATE '2026-01-01', NULL::date, NULL::date)"), "NULL"),
        // The end precedes the start; so does the observation.
        (
            of(summary, "(DATE '2026-01-05', DATE '2026-01-01', NULL::date)"),
            &NO_SPELLS.replace("dropped: 0", "dropped: 1"),
        ),
        (
            of("velocity_summary(s, e, u)", "(DATE '2026-01-05', NULL::date, DATE '2026-01-01')"),
            &NO_SPELLS.replace("dropped: 0", "dropped: 1"),
        ),
        // The end had not been seen yet.
        (
            of("velocity_summary(s, e, u)", "(DATE '2026-01-01', DATE '2026-01-09', DATE '2026-01-05')"),
            &NO_SPELLS.replace("n: 0, open: 0", "n: 1, open: 1"),
        ),
        // A constant NULL stands for the default; the level can then follow.
        (
            of("velocity_summary(s, e, NULL, .5)['velocity']", "(DATE '2026-01-01', DATE '2026-01-05', NULL::date)"),
            "4.0",
        ),
    ];
    for (sql, expected) in &spells {
        assert_eq!(ask(sql).await.as_deref(), Ok(*expected), "{sql}");
    }
    assert_answers(&[
        ("SELECT velocity(NULL, NULL)", "NULL"),
        ("SELECT velocity_quantile(.5, NULL, NULL)", "NULL"),
        ("SELECT velocity_summary(NULL, NULL)", NO_SPELLS),
        // Every type of instant, mixed; without time zone it is UTC.
        ("SELECT velocity(DATE '2026-01-01', TIMESTAMP '2026-01-01 12:00:00')", "0.5"),
        ("SELECT velocity(TIMESTAMP '2026-01-01 12:00:00', TIMESTAMPTZ '2026-01-02 00:00:00Z')", "0.5"),
        ("SELECT velocity(arrow_cast('2026-01-01T00:00:00', 'Timestamp(s)'), DATE '2026-01-03')", "2.0"),
        ("SELECT velocity(arrow_cast('2026-01-01T00:00:00', 'Timestamp(ns)'), DATE '2026-01-03')", "2.0"),
        (
            "SELECT velocity(arrow_cast('2026-01-01T00:00:00', 'Timestamp(ms, \"+02:00\")'), DATE '2026-01-01')",
            "0.08333333333333333",
        ),
        ("SELECT velocity(arrow_cast('2025-12-31', 'Date64'), DATE '2026-01-02')", "2.0"),
        // Half of all had ended when the rest was seen last.
        (
            "SELECT velocity(s, e) FROM (VALUES (DATE '2026-01-01', DATE '2026-01-04'),
             (DATE '2026-01-01', DATE '2026-01-06'), (DATE '2026-01-01', NULL), (DATE '2026-01-01', NULL)) AS t(s, e)",
            "5.0",
        ),
    ])
    .await;
    assert_refusals(&[
        (
            "SELECT velocity_quantile(1.5, DATE '2026-01-01', DATE '2026-01-02')",
            SqlState::InvalidParameterValue,
            "velocity_quantile: p must be strictly between 0 and 1, got 1.5",
        ),
        (
            "SELECT velocity_quantile(NULL, DATE '2026-01-01', DATE '2026-01-02')",
            SqlState::InvalidParameterValue,
            "velocity_quantile: p must be strictly between 0 and 1, got NULL",
        ),
        (
            "SELECT velocity('2026-01-01', DATE '2026-01-02')",
            SqlState::UndefinedFunction,
            "velocity: started_at must be a date or a timestamp, got text",
        ),
        (
            "SELECT velocity(DATE '2026-01-01')",
            SqlState::UndefinedFunction,
            "velocity: expected velocity(started_at, ended_at [, observed_until]), got 1 arguments",
        ),
    ])
    .await;
    let varying = "SELECT velocity_quantile(x, s, s) FROM (VALUES (.5, DATE '2026-01-01')) AS t(x, s)";
    let (state, message) = ask(varying).await.unwrap_err();
    assert_eq!(state, SqlState::InvalidParameterValue);
    assert!(message.starts_with("velocity_quantile: p must be a constant"), "{message}");
}

#[tokio::test]
async fn lift() {
    let of = |call: &str, rows: &str| format!("SELECT {call} FROM (VALUES {rows}) AS t(v, treated, b)");
    let summary = |n: u64, n_control: u64, rest: &str| format!("{{n: {n}, n_control: {n_control}, {rest}}}");
    let nothing = "clv_lift: NULL, std_error: NULL, ci_low: NULL, ci_high: NULL, p_value: NULL, relative_lift: NULL, \
                   relative_ci_low: NULL, relative_ci_high: NULL, fieller_ci_low: NULL, fieller_ci_high: NULL, \
                   always_valid_ci_low: NULL, always_valid_ci_high: NULL";
    let answers = [
        // Empty arms, single rows, arms that do not vary.
        (of("clv_lift(v, treated)", "(3, true, 0)"), "NULL".to_owned()),
        (
            of("clv_lift_summary(NULL, treated)", "(3, true, 0)"),
            summary(0, 0, &format!("{nothing}, srm_p_value: NULL")),
        ),
        (of("clv_lift(v, treated)", "(3, true, 0), (1, false, 0)"), "2.0".to_owned()),
        (
            of("clv_lift_summary(v, treated)", "(3, true, 0), (1, false, 0)"),
            summary(
                1,
                1,
                &(nothing
                    .replace("clv_lift: NULL", "clv_lift: 2.0")
                    .replace("relative_lift: NULL", "relative_lift: 2.0")
                    + ", srm_p_value: 1.0"),
            ),
        ),
        (
            of("clv_lift_summary(v, treated)", "(3, true, 0), (3, true, 0), (0, false, 0), (0, false, 0)"),
            summary(
                2,
                2,
                "clv_lift: 3.0, std_error: 0.0, ci_low: 3.0, ci_high: 3.0, p_value: NULL, relative_lift: NULL, relative_ci_low: NULL, relative_ci_high: NULL, \
                 fieller_ci_low: NULL, fieller_ci_high: NULL, always_valid_ci_low: 3.0, always_valid_ci_high: 3.0, srm_p_value: 1.0",
            ),
        ),
        // Rows without value or arm do not count; one without baseline counts as it is.
        (of("clv_lift(v, treated)", "(3, true, 0), (NULL, true, 0), (9, NULL, 0), (1, false, NULL)"), "2.0".to_owned()),
        (of("clv_lift(v, treated, b)", "(3, true, 0), (1, false, NULL)"), "2.0".to_owned()),
        // Without any baseline nothing is adjusted, nor by one that does not vary.
        (of("clv_lift(v, treated, b)", "(3, true, NULL::double), (1, false, NULL::double)"), "2.0".to_owned()),
        (of("clv_lift(v, treated, NULL)", "(3, true, 0), (1, false, 0)"), "2.0".to_owned()),
        (of("clv_lift(v, treated, b)", "(3, true, 7), (1, false, 7)"), "2.0".to_owned()),
    ];
    for (sql, expected) in &answers {
        assert_eq!(ask(sql).await.as_ref(), Ok(expected), "{sql}");
    }
    assert_answers(&[
        ("SELECT clv(NULL)", "NULL"),
        ("SELECT clv(amount) FROM (VALUES (1e16), (1.0), (-1e16)) AS t(amount)", "1.0"),
        ("SELECT cp(NULL, NULL)", "NULL"),
        ("SELECT cp(NULL, 5)", "-5.0"),
        ("SELECT cp(5, NULL)", "5.0"),
        ("SELECT roi(300, 200)", "0.5"),
        ("SELECT roi(300, 0)", "NULL"),
        ("SELECT roi(300, -1)", "NULL"),
        ("SELECT roi(NULL, 1)", "NULL"),
        ("SELECT roi(0, 1)", "-1.0"),
    ])
    .await;
    assert_refusals(&[
        (
            "SELECT clv(amount) FROM (VALUES (1.7e308), (1.7e308)) AS t(amount)",
            SqlState::NumericValueOutOfRange,
            "clv: result out of range",
        ),
        (
            "SELECT clv_lift_summary(v, true, NULL, 1) FROM (VALUES (1)) AS t(v)",
            SqlState::InvalidParameterValue,
            "clv_lift_summary: level must be strictly between 0 and 1, got 1",
        ),
        ("SELECT clv_lift(1, 'yes')", SqlState::UndefinedFunction, "clv_lift: treated must be a boolean, got text"),
    ])
    .await;
}

/// The call of a function with a constant of the right type for every argument but one.
fn call(name: &str, arguments: &[Kind], changed: usize, to: &str) -> String {
    let constant = |(i, kind): (usize, &Kind)| match kind {
        _ if i == changed => to.to_owned(),
        Kind::Number => "1.0".to_owned(),
        Kind::Boolean => "true".to_owned(),
        Kind::Instant => "DATE '2026-01-01'".to_owned(),
        Kind::Share => "0.5".to_owned(),
        Kind::Time => "TIMESTAMP '2026-01-01 00:00:00'".to_owned(),
        Kind::Span => "INTERVAL '1 day'".to_owned(),
        Kind::Text => "'(?1)'".to_owned(),
        Kind::Word(words) => format!("'{}'", words[0]),
        Kind::Any | Kind::Group => "1".to_owned(),
    };
    format!("{name}({})", arguments.iter().enumerate().map(constant).collect::<Vec<_>>().join(", "))
}

#[tokio::test]
async fn every_argument_refuses_other_types_and_numbers_that_are_none() {
    for function in functions() {
        let entry = function.entry;
        let kinds: Vec<Kind> = entry.arguments.iter().map(|argument| argument.kind).collect();
        for (i, argument) in entry.arguments.iter().enumerate() {
            let (other, named) = match argument.kind {
                Kind::Any => continue,
                Kind::Group => ("DATE '2026-01-01'", "date"),
                Kind::Span | Kind::Text | Kind::Word(_) => ("1", "bigint"),
                _ => ("'x'", "text"),
            };
            let sql = format!("SELECT {}", call(entry.name, &kinds, i, other));
            let (state, message) = ask(&sql).await.expect_err(&sql);
            assert_eq!(state, SqlState::UndefinedFunction, "{sql}: {message}");
            let start = format!("{}: {} must be ", entry.name, argument.name);
            assert!(message.starts_with(&start) && message.ends_with(&format!(", got {named}")), "{sql}: {message}");
            if argument.kind == Kind::Number {
                let nan = format!("SELECT {}", call(entry.name, &kinds, i, "'NaN'::double"));
                let (state, message) = ask(&nan).await.expect_err(&nan);
                assert_eq!(state, SqlState::InvalidParameterValue, "{nan}: {message}");
                let expected = format!("{}: {} must be a finite number, got NaN", entry.name, argument.name);
                assert_eq!(message, expected, "{nan}");
            }
        }
        let surplus = match entry.arguments.last() {
            Some(last) if last.repeated => vec![last.kind; 64],
            _ => vec![Kind::Number],
        };
        let surplus = format!("SELECT {}", call(entry.name, &[kinds.clone(), surplus].concat(), 99, ""));
        let (state, message) = ask(&surplus).await.expect_err(&surplus);
        assert_eq!(state, SqlState::UndefinedFunction, "{surplus}: {message}");
        assert!(message.starts_with(&format!("{}: expected {}", entry.name, entry.syntax())), "{message}");
    }
}

#[tokio::test]
async fn every_aggregate_refuses_distinct_in_every_form() {
    for function in functions().into_iter().filter(|function| function.is_aggregate()) {
        let entry = function.entry;
        let kinds: Vec<Kind> = entry.arguments.iter().filter(|a| a.required).map(|a| a.kind).collect();
        let call = call(entry.name, &kinds, 99, "").replace('(', "(DISTINCT ");
        for sql in [
            format!("SELECT {call}"),
            format!("SELECT {call}, count(*)"),
            format!("SELECT {call} FROM (VALUES (1), (2)) AS t(g) GROUP BY g"),
            format!("SELECT {call} OVER () FROM (VALUES (1), (2)) AS t(g)"),
        ] {
            let (state, message) = ask(&sql).await.expect_err(&sql);
            assert_eq!(state, SqlState::FeatureNotSupported, "{sql}: {message}");
            assert!(message.starts_with(&format!("{}(DISTINCT ...) is not supported", entry.name)), "{message}");
        }
    }
}

/// A filtered row does not enter, so it can't be refused either.
#[tokio::test]
async fn filtered_rows_are_not_judged() {
    assert_answers(&[
        ("SELECT nps(s) FILTER (WHERE s <= 10) FROM (VALUES (9), (99)) AS t(s)", "100.0"),
        ("SELECT nps(s) FILTER (WHERE s <= 10) FROM (VALUES (9, 1), (99, 1)) AS t(s, g) GROUP BY g", "100.0"),
        ("SELECT nps(s) FILTER (WHERE NULL) FROM (VALUES (9, 1), (99, 1)) AS t(s, g) GROUP BY g", "NULL"),
    ])
    .await;
}

/// An outer row without inner ones gets the answer of no rows.
#[tokio::test]
async fn a_correlated_subquery_without_rows_is_answered() {
    assert_answers(&[(
        "SELECT (SELECT conversion_summary(i.won) FROM (VALUES (1, true)) AS i(k, won) WHERE i.k = o.k)['n']
         FROM (VALUES (2)) AS o(k)",
        "0",
    )])
    .await;
}
