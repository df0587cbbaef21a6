//! What a database answered, how long it took, and whether another answered the same.

use serde::Deserialize;

/// Floats may differ by so much, relatively: databases add in different orders.
const TOLERANCE: f64 = 1e-9;

/// How long a question took each time, and the rows of its last answer as text.
#[derive(Default, Deserialize)]
pub struct Answer {
    pub milliseconds: Vec<f64>,
    pub rows: Vec<Row>,
}

type Row = Vec<Option<String>>;

impl Answer {
    pub fn best(&self) -> f64 {
        self.milliseconds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Best and median time.
    pub fn times(&self) -> String {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        format!("{:.0} ({:.0})", sorted[0], sorted[sorted.len() / 2])
    }

    /// Where another's answer differs from this one; rows come in any order.
    pub fn difference(&self, theirs: &Answer) -> Option<String> {
        let in_order = |rows: &[Row]| {
            let mut rows = rows.to_vec();
            rows.sort();
            rows
        };
        let (ours, theirs) = (in_order(&self.rows), in_order(&theirs.rows));
        if ours.len() != theirs.len() {
            return Some(format!("{} rows, JourneyDB {}", theirs.len(), ours.len()));
        }
        let equal_rows = |(ours, theirs): &(&Row, &Row)| {
            ours.len() == theirs.len() && ours.iter().zip(theirs.iter()).all(|(ours, theirs)| equal(ours, theirs))
        };
        let (ours, theirs) = ours.iter().zip(&theirs).find(|rows| !equal_rows(rows))?;
        Some(format!("{theirs:?}, JourneyDB {ours:?}"))
    }
}

fn equal(ours: &Option<String>, theirs: &Option<String>) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return ours == theirs };
    let integer = ours.parse::<i64>().is_ok() && theirs.parse::<i64>().is_ok();
    match (ours.parse::<f64>(), theirs.parse::<f64>()) {
        (Ok(a), Ok(b)) if !integer => (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()),
        _ => ours == theirs,
    }
}
