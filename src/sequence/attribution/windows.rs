//! The touches each conversion can be credited to.

use std::ops::Range;

/// How far back from a conversion its touches reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookback<'a> {
    /// A duration, the same for every conversion.
    Fixed(i64),
    /// The first instant of each conversion's window: months have no fixed length. The starts need not ascend, because
    /// counting months back does not keep the order of instants (30 March 23:00 and 31 March 01:00 less a month).
    Starts(&'a [i64]),
}

/// The window of each conversion: the rows of the touches with `conversion - lookback <= touch <= conversion`, both
/// ends inclusive, as a range of `touches`; empty where there are none.
///
/// With `reset`, a conversion forgets the touches at or before an earlier one. Conversions at one instant are not
/// earlier than each other: each has its full window, and together they forget it for what follows. A touch at the
/// instant of a conversion belongs to that conversion.
///
/// `touches` and `conversions` ascend; there are as many starts as conversions. The cost is linear in touches and
/// conversions together; each start that steps back adds the touches it steps over.
pub fn windows<'a>(touches: &'a [i64], conversions: &'a [i64], lookback: Lookback<'a>, reset: bool) -> Windows<'a> {
    Windows { touches, conversions, lookback, reset, row: 0, window: 0..0, forgotten: 0, latest: i64::MIN }
}

/// Iterator over the windows of conversions, in their order.
#[derive(Debug, Clone)]
pub struct Windows<'a> {
    touches: &'a [i64],
    conversions: &'a [i64],
    lookback: Lookback<'a>,
    reset: bool,
    /// The next conversion.
    row: usize,
    /// The window of the conversion before it.
    window: Range<usize>,
    /// How many touches are forgotten.
    forgotten: usize,
    /// The instant of the conversion before it.
    latest: i64,
}

impl Iterator for Windows<'_> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        let conversion = *self.conversions.get(self.row)?;
        let from = match self.lookback {
            Lookback::Fixed(duration) => conversion.saturating_sub(duration),
            Lookback::Starts(starts) => starts[self.row],
        };
        if self.reset && self.latest < conversion {
            self.forgotten = self.window.end;
        }
        let Range { mut start, mut end } = self.window;
        while end < self.touches.len() && self.touches[end] <= conversion {
            end += 1;
        }
        start = start.max(self.forgotten);
        while start > self.forgotten && self.touches[start - 1] >= from {
            start -= 1;
        }
        while start < end && self.touches[start] < from {
            start += 1;
        }
        self.row += 1;
        self.latest = conversion;
        self.window = start..end;
        Some(start..end)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.conversions.len() - self.row;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Windows<'_> {}
