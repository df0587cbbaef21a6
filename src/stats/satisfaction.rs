//! The net promoter score.

use super::interval::Interval;
use super::special::normal_quantile;

/// Pseudo-answers that the adjusted interval adds: three quarters of one to promoters and to detractors, one and a half to
/// the passives between them.
const PSEUDO_EACH: f64 = 0.75;
const PSEUDO_ALL: f64 = 3.0;

/// Counts of answers to "would you recommend us?" on 0 to 10.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Promoters {
    /// Answers.
    pub n: u64,
    /// Answers of 9 and more.
    pub promoters: u64,
    /// Answers of 6 and less.
    pub detractors: u64,
}

impl Promoters {
    /// Counts one answer.
    pub fn insert(&mut self, score: f64) {
        self.n += 1;
        self.promoters += u64::from(score >= 9.0);
        self.detractors += u64::from(score <= 6.0);
    }

    /// Adds another's answers.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.promoters += other.promoters;
        self.detractors += other.detractors;
    }

    /// `100 (P - D)` with the shares of promoters and detractors; `None` without answers.
    pub fn score(&self) -> Option<f64> {
        (self.n > 0).then(|| 100.0 * (self.promoters as f64 - self.detractors as f64) / self.n as f64)
    }

    /// `100 sqrt((P + D - (P - D)^2) / n)`; `None` without answers, 0 where all agree.
    pub fn std_error(&self) -> Option<f64> {
        let n = self.n as f64;
        (self.n > 0).then(|| 100.0 * spread(self.promoters as f64 / n, self.detractors as f64 / n, n))
    }

    /// The adjusted Wald interval (Rocks 2016, "Interval estimation for the Net Promoter Score", The American Statistician
    /// 70): the plain one has no width where all agree and covers too little near there.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        if self.n == 0 {
            return None;
        }
        let n = self.n as f64 + PSEUDO_ALL;
        let promoters = (self.promoters as f64 + PSEUDO_EACH) / n;
        let detractors = (self.detractors as f64 + PSEUDO_EACH) / n;
        let half_width = normal_quantile(0.5 + level / 2.0) * spread(promoters, detractors, n);
        Some(Interval::around(100.0 * (promoters - detractors), 100.0 * half_width).clamped(-100.0, 100.0))
    }
}

fn spread(promoters: f64, detractors: f64, n: f64) -> f64 {
    ((promoters + detractors - (promoters - detractors).powi(2)) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::tests::assert_close;

    fn of(promoters: u64, detractors: u64, n: u64) -> Promoters {
        Promoters { n, promoters, detractors }
    }

    /// tests/golden/satisfaction.py
    #[test]
    fn score_and_interval_equal_the_reference() {
        let survey = of(50, 20, 100);
        assert_eq!(survey.score(), Some(30.0));
        assert_close(survey.std_error().unwrap(), 7.810249675906654, 1e-12);
        let interval = survey.interval(0.95).unwrap();
        assert_close(interval.low, 14.051130178761605, 1e-9);
        assert_close(interval.high, 44.20129700570441, 1e-9);
    }

    #[test]
    fn agreement_still_has_an_interval() {
        let praise = of(10, 0, 10);
        assert_eq!(praise.std_error(), Some(0.0));
        let interval = praise.interval(0.95).unwrap();
        assert!((interval.low - 47.5035515447902).abs() < 1e-9 && interval.high == 100.0, "{interval:?}");
    }

    #[test]
    fn answers_are_sorted_at_seven_and_nine() {
        let mut survey = Promoters::default();
        for score in [0.0, 6.0, 6.5, 7.0, 8.0, 8.9, 9.0, 10.0] {
            survey.insert(score);
        }
        assert_eq!(survey, of(2, 2, 8));
    }

    #[test]
    fn nothing_is_estimated_without_answers() {
        assert_eq!(Promoters::default().score(), None);
        assert_eq!(Promoters::default().std_error(), None);
        assert_eq!(Promoters::default().interval(0.95), None);
    }
}
