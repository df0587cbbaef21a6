//! `--memory` and `--column-cache`: amounts of memory on the command line.

use clap::Args;

use journeydb::Database;

/// How much memory a database may take.
#[derive(Debug, Clone, Args)]
pub struct Memory {
    /// What queries and kept columns may hold together, as in 4GB [default: four fifths of the machine's memory]; one statement
    /// may hold half of it, unless query_memory_limit is set
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,

    /// Decoded columns kept in memory, as in 512MB or 4GB; 0 keeps none
    #[arg(long, value_name = "SIZE", default_value = "1GB", value_parser = bytes)]
    column_cache: u64,
}

impl Memory {
    /// Tells a database. No statement has it all: what holds rows and can't go on on disk would leave nothing to the others.
    pub fn apply(&self, database: &Database) {
        database.set_column_cache(self.column_cache);
        if let Some(limit) = self.memory.or_else(|| Some(machine()? / 5 * 4)) {
            database.set_memory_limit(limit);
            database.set_query_memory_limit(limit / 2);
        }
    }
}

/// The memory that this process may take: the machine's, or its container's; not known of every system.
fn machine() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|facts| total(&facts));
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|most| most.trim().parse().ok());
    machine.into_iter().chain(container).min()
}

/// The `MemTotal` of Linux' facts.
fn total(facts: &str) -> Option<u64> {
    let total = facts.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// An amount in Postgres' units: powers of 1024.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim().find(|c: char| !c.is_ascii_digit()).unwrap_or(text.trim().len());
    let (number, unit) = text.trim().split_at(digits);
    let shift = match unit.trim() {
        "" | "B" => 0,
        "kB" => 10,
        "MB" => 20,
        "GB" => 30,
        "TB" => 40,
        _ => return Err(format!("{text:?} is no amount of memory: write it as 512MB or 4GB")),
    };
    let number: u64 =
        number.parse().map_err(|_| format!("{text:?} is no amount of memory: write it as 512MB or 4GB"))?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("{text:?} is more memory than there is"))
}

#[cfg(test)]
mod tests {
    use super::{bytes, total};

    #[test]
    fn a_machine_has_the_memory_that_it_says() {
        assert_eq!(total("MemTotal:       24613648 kB\nMemFree:        14 kB\n"), Some(25_204_375_552));
        assert_eq!(total("MemFree: 14 kB\n"), None);
    }

    #[test]
    fn amounts_have_the_units_of_postgres() {
        for (text, expected) in
            [("0", 0), ("12", 12), ("64kB", 65_536), ("512MB", 536_870_912), ("2 GB", 2_147_483_648)]
        {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "GB", "1.5GB", "4gb", "-1MB", "9999999999TB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
