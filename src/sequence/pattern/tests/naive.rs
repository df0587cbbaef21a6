//! The definition by brute force: backtracking over a pattern's signs, with no compiled form and exponential cost.

/// One sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sign {
    /// `(?N)`
    Condition(u32),
    /// `.`
    Any,
    /// `.*`
    Run,
    /// `(?t<=n)`: the operator and the seconds.
    Time(&'static str, i64),
}

impl Sign {
    fn is_row(self) -> bool {
        matches!(self, Self::Condition(_) | Self::Any)
    }
}

/// The text of a pattern.
pub(super) fn text(signs: &[Sign]) -> String {
    let written = |sign: &Sign| match sign {
        Sign::Condition(n) => format!("(?{n})"),
        Sign::Any => ".".to_owned(),
        Sign::Run => ".*".to_owned(),
        Sign::Time(operator, seconds) => format!("(?t{operator}{seconds})"),
    };
    signs.iter().map(written).collect()
}

/// What a pattern is searched in: rows as (index, time, conditions), none of them without a condition.
pub(super) struct Search {
    pub(super) rows: Vec<(usize, i64, u64)>,
    pub(super) unit_per_second: i64,
    pub(super) within: Option<i64>,
}

/// A match: every row it names, in the pattern's order, as a position in the searched rows.
type Match = Vec<usize>;

impl Search {
    /// The number of matches, each searched behind the last row of the one before.
    pub(super) fn count(&self, signs: &[Sign]) -> u64 {
        let (mut from, mut count) = (0, 0);
        while let Some(found) = self.first(signs, from) {
            from = found[found.len() - 1] + 1;
            count += 1;
        }
        count
    }

    /// The rows of the conditions of the first match, of the whole pattern or else of its longest beginning that ends
    /// with a condition.
    pub(super) fn events(&self, signs: &[Sign]) -> (Vec<usize>, bool) {
        let ends = (1..signs.len()).rev().filter(|&end| matches!(signs[end - 1], Sign::Condition(_)));
        for end in [signs.len()].into_iter().chain(ends) {
            if let Some(found) = self.first(&signs[..end], 0) {
                let rows = signs[..end].iter().filter(|sign| sign.is_row()).zip(found);
                let named = rows.filter(|(sign, _)| **sign != Sign::Any).map(|(_, row)| self.rows[row].0);
                return (named.collect(), end == signs.len());
            }
        }
        (Vec::new(), false)
    }

    /// The first match at or behind a row: the leftmost start, and then at every sign the shortest way first.
    fn first(&self, signs: &[Sign], from: usize) -> Option<Match> {
        (from..self.rows.len()).find_map(|start| self.matched(signs, start, &Vec::new(), &Vec::new()))
    }

    /// Matches the signs from row `next` on, after the rows `before`, under the time clauses met since the last of
    /// them.
    fn matched(&self, signs: &[Sign], next: usize, before: &Match, clauses: &Vec<Sign>) -> Option<Match> {
        let Some((&sign, rest)) = signs.split_first() else {
            let span = self.rows[before[before.len() - 1]].1 - self.rows[before[0]].1;
            return self.within.is_none_or(|within| span <= within).then(|| before.clone());
        };
        if let Sign::Condition(n) = sign
            && self.rows.get(next).is_none_or(|row| row.2 & 1 << (n - 1) == 0)
        {
            return None;
        }
        match sign {
            Sign::Run => (next..=self.rows.len()).find_map(|next| self.matched(rest, next, before, clauses)),
            Sign::Time(..) => {
                let clauses = [clauses.clone(), vec![sign]].concat();
                (next..=self.rows.len()).find_map(|next| self.matched(rest, next, before, &clauses))
            }
            Sign::Condition(_) | Sign::Any => {
                if next == self.rows.len() || !clauses.iter().all(|clause| self.holds(*clause, before, next)) {
                    return None;
                }
                self.matched(rest, next + 1, &[before.clone(), vec![next]].concat(), &Vec::new())
            }
        }
    }

    fn holds(&self, clause: Sign, before: &Match, row: usize) -> bool {
        let Sign::Time(operator, seconds) = clause else { unreachable!("only time clauses are collected") };
        let distance = self.rows[row].1 - self.rows[before[before.len() - 1]].1;
        let limit = seconds * self.unit_per_second;
        match operator {
            "<" => distance < limit,
            "<=" => distance <= limit,
            ">" => distance > limit,
            ">=" => distance >= limit,
            _ => distance == limit,
        }
    }
}
