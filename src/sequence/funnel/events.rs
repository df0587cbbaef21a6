//! What goes into a funnel: one entity's rows.

/// One entity's rows by time. All slices have the same length, below 2^32.
#[derive(Debug, Clone, Copy, Default)]
pub struct Events<'a> {
    /// When each row happened, ascending.
    pub times: &'a [i64],
    /// Bit `k - 1` says that the row satisfies step `k`; bits beyond the last step are ignored.
    pub steps: &'a [u64],
    /// Bit `i` says that the row matches exclusion `i`. May be empty where there are none.
    pub excluded: &'a [u64],
    /// With [`Window::PerRow`](super::Window::PerRow), the last instant of an attempt that the row opens: not before the
    /// row's time, equal where times are equal, and never falling as times rise (calendar months do so). `None` ends none.
    pub ends: Option<&'a [i64]>,
    /// The tiebreak: among equal times, ascending; a row of lower rank comes first and rows of equal rank are free. `None`
    /// leaves all rows of a time free, to be taken in whichever order serves best.
    pub ranks: Option<&'a [u32]>,
    /// Equal codes mark rows whose held columns are equal; a chain stays within one code. `None` holds nothing. Rows of
    /// other codes still exclude, and still interrupt a strict chain.
    pub held: Option<&'a [u32]>,
}

impl Events<'_> {
    /// Whether two rows are at one place: equal in time and in tiebreak, so that neither comes before the other.
    pub(super) fn at_one_place(&self, a: usize, b: usize) -> bool {
        self.times[a] == self.times[b] && self.ranks.is_none_or(|ranks| ranks[a] == ranks[b])
    }

    /// The exclusions a row matches.
    pub(super) fn exclusions_of(&self, row: usize) -> u64 {
        self.excluded.get(row).copied().unwrap_or(0)
    }
}
