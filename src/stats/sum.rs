//! A sum that keeps the digits a plain one loses.

/// A compensated sum: the rounding error of each addition is found exactly (Knuth, The Art of Computer Programming 2, 4.2.2,
/// theorem B) and kept beside it. The error does not grow with the number of terms, so neither the order of rows nor the way
/// they are split shows in the result; a term taken out again leaves nothing behind, however large it was.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    /// How many terms it has.
    pub n: u64,
    /// The sum as plain addition gives it.
    pub total: f64,
    /// What plain addition has lost so far.
    pub lost: f64,
}

impl Sum {
    /// Adds one term.
    #[inline]
    pub fn insert(&mut self, term: f64) {
        self.n += 1;
        self.add(term);
    }

    /// Adds the terms of another sum.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.lost += other.lost;
        self.add(other.total);
    }

    /// The sum; `None` without terms.
    pub fn value(&self) -> Option<f64> {
        (self.n > 0).then_some(self.total + self.lost)
    }

    #[inline]
    fn add(&mut self, term: f64) {
        let total = self.total + term;
        let added = total - self.total;
        self.lost += (self.total - (total - added)) + (term - added);
        self.total = total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_plain_addition_loses() {
        let mut sum = Sum::default();
        for term in [1.0, 1e100, 1.0, -1e100] {
            sum.insert(term);
        }
        assert_eq!(sum.value(), Some(2.0));
    }

    #[test]
    fn merged_parts_equal_the_whole() {
        let terms: Vec<f64> = (1..=1000).map(|i| 0.1 * f64::from(i) * if i % 3 == 0 { -1e8 } else { 1.0 }).collect();
        let of = |terms: &[f64]| {
            let mut sum = Sum::default();
            terms.iter().for_each(|&term| sum.insert(term));
            sum
        };
        let mut merged = of(&terms[700..]);
        merged.merge(&of(&terms[..700]));
        assert_eq!(merged.value(), of(&terms).value());
    }

    #[test]
    fn without_terms_there_is_no_sum() {
        assert_eq!(Sum::default().value(), None);
    }
}
