//! Where the windows of a funnel's attempts end, when their length has months in it.

use arrow::datatypes::DataType;

use super::span::Span;

/// The last instants of attempts, by the rows that open them.
#[derive(Debug)]
pub(crate) struct WindowEnds {
    within: Span,
    at: DataType,
    /// The steps whose rows open an attempt.
    openers: u64,
    ends: Vec<i64>,
}

impl WindowEnds {
    /// For attempts that rows with any of these bits open, at times of this type.
    pub fn new(within: Span, at: DataType, openers: u64) -> Self {
        Self { within, at, openers, ends: Vec::new() }
    }

    /// By row, the last instant of an attempt that it opens.
    ///
    /// A month from January 30, noon, ends on February 28 at noon, and one from the next morning ends that morning. The
    /// funnel wants ends that never fall. So the later attempt is given the earlier one's end: in place of its own first
    /// row it might as well begin with the earlier one.
    pub fn of(&mut self, times: &[i64], masks: &[u64]) -> &[i64] {
        self.ends.clear();
        let mut latest = i64::MIN;
        for tie in times.chunk_by(PartialEq::eq) {
            let (from, until) = (self.ends.len(), self.ends.len() + tie.len());
            if masks[from..until].iter().any(|mask| mask & self.openers != 0) {
                latest = latest.max(self.within.end(tie[0], &self.at));
            }
            self.ends.resize(until, latest.max(tie[0]));
        }
        &self.ends
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{IntervalMonthDayNano, TimeUnit};
    use datafusion::common::ScalarValue;

    use super::*;

    /// January 30, 1970, at noon and January 31 at six end on February 28, at noon and at six.
    #[test]
    fn ends_never_fall_and_only_openers_have_one() {
        let month =
            ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano { months: 1, days: 0, nanoseconds: 0 }));
        let within = Span::of("f", "within", &month).unwrap();
        let mut calendar = WindowEnds::new(within, DataType::Timestamp(TimeUnit::Second, None), 1);
        let noon = 29 * 86_400 + 43_200;
        let morning = 30 * 86_400 + 21_600;
        let times = [noon - 1, noon, noon, morning];
        let ends = |calendar: &mut WindowEnds, masks: &[u64; 4]| calendar.of(&times, masks).to_vec();
        let (noon_end, morning_end) = (58 * 86_400 + 43_200, 58 * 86_400 + 21_600);
        assert_eq!(ends(&mut calendar, &[2, 2, 1, 1]), [noon - 1, noon_end, noon_end, noon_end]);
        assert_eq!(ends(&mut calendar, &[2, 2, 2, 1]), [noon - 1, noon, noon, morning_end]);
    }
}
