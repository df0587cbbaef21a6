//! Which rows are asked about: the interactions as they are simulated, or made from them, of another shape or more.

use clap::{Args, ValueEnum};

/// How the rows differ from the simulated ones.
#[derive(Args, Clone, Copy)]
pub struct Shape {
    /// What ids are
    #[arg(long, value_enum, default_value = "text")]
    ids: Ids,
    /// Whose journeys are asked about
    #[arg(long, value_enum, default_value = "contact")]
    grain: Grain,
    /// Interactions of a contact: as simulated, 14 on average, or about 3
    #[arg(long, value_enum, default_value = "many")]
    events: Events,
    /// Make a tenth of all contacts, of all channels and of all levers NULL
    #[arg(long)]
    nulls: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Ids {
    Text,
    Int,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Grain {
    Contact,
    Account,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Events {
    Many,
    Few,
}

/// A table of rows.
pub struct Rows {
    pub shape: Shape,
    /// How many times the simulated rows, each time of other accounts.
    pub copies: u64,
}

/// A row's number in the simulation.
const NUMBER: &str = "CAST(substr(interaction_id, 2) AS BIGINT)";

impl Rows {
    /// The table's name in every database; it says what is not as simulated.
    pub fn table(&self) -> String {
        let Shape { ids, grain, events, nulls } = self.shape;
        let copies = format!("_x{}", self.copies);
        let differences = [
            (ids == Ids::Int, "_int"),
            (grain == Grain::Account, "_account"),
            (events == Events::Few, "_few"),
            (nulls, "_nulls"),
            (self.copies > 1, &copies),
        ];
        differences.iter().filter(|(differs, _)| *differs).fold("interactions".into(), |name, (_, word)| name + word)
    }

    /// Whether these are the rows of the simulation, for which JourneyDB needs no table of their own.
    pub fn as_simulated(&self) -> bool {
        self.table() == "interactions"
    }

    /// The columns that name whose journey a row belongs to.
    pub fn entity(&self) -> &'static str {
        match self.shape.grain {
            Grain::Contact => "account_id, contact_id",
            Grain::Account => "account_id",
        }
    }

    /// What makes and fills JourneyDB's table, copy by copy.
    pub fn statements(&self) -> Vec<String> {
        let (table, entity) = (self.table(), self.entity());
        let id = match self.shape.ids {
            Ids::Text => "TEXT",
            Ids::Int => "BIGINT",
        };
        let mut statements = vec![
            format!("DROP TABLE IF EXISTS {table}"),
            format!(
                "CREATE TABLE {table} (account_id {id}, contact_id {id}, occurred_at TIMESTAMPTZ NOT NULL, channel TEXT, \
                 lever TEXT, cost DOUBLE PRECISION) WITH (entity = '{entity}', at = 'occurred_at')"
            ),
        ];
        statements.extend((0..self.copies).map(|copy| format!("INSERT INTO {table} {}", self.select(copy))));
        statements
    }

    fn select(&self, copy: u64) -> String {
        let (account, mut contact) = match self.shape.ids {
            // Simulated accounts begin with an A.
            Ids::Text => (format!("chr({}) || substr(account_id, 2)", u64::from(b'A') + copy), "contact_id".to_owned()),
            // No id is 0, which stands for NULL in ClickHouse.
            Ids::Int => {
                let number = |id, from| format!("CAST(substr({id}, 2) AS BIGINT) + {from}");
                (number("account_id", copy * 1_000_000_000 + 1), number("contact_id", 1))
            }
        };
        if self.shape.events == Events::Few {
            contact = match self.shape.ids {
                Ids::Text => format!("{contact} || '-' || {NUMBER} % 5"),
                Ids::Int => format!("({contact}) * 5 + {NUMBER} % 5"),
            };
        }
        let but = |digit, column: &str| match self.shape.nulls {
            true => format!("CASE WHEN {NUMBER} % 10 <> {digit} THEN {column} END"),
            false => column.to_owned(),
        };
        let (contact, channel, lever) = (but(3, &contact), but(5, "channel"), but(7, "lever"));
        format!("SELECT {account}, {contact}, occurred_at, {channel}, {lever}, cost FROM interactions")
    }

    /// A question's SQL about these rows: `{rows}` is their table and `{entity}` names its columns; `{known}` leaves out what
    /// has no entity, for databases that don't do so by themselves; `{contact}` is an id that some reach.
    pub fn fill_in(&self, sql: &str, database: &str) -> String {
        let (missing, contact) = match self.shape.ids {
            Ids::Text => ("''", "'C00001'"),
            Ids::Int => ("0", "10000"),
        };
        let known = self.entity().split(", ").map(|column| match database {
            "clickhouse" => format!("{column} <> {missing}"),
            _ => format!("{column} IS NOT NULL"),
        });
        sql.replace("{rows}", &self.table())
            .replace("{entity}", self.entity())
            .replace("{known}", &known.collect::<Vec<_>>().join(" AND "))
            .replace("{contact}", contact)
    }
}
