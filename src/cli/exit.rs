//! How the command ends.

/// What the command tells the shell, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all was done.
    Success,
    /// 3: `load` loaded the good rows and set others aside.
    RowsRejected,
}

impl Exit {
    /// The exit code. 1 is an error and 2 a mistake in the flags.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::RowsRejected => 3,
        }
    }
}
