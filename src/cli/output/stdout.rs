//! Standard output that a reader may close early, as `head` does: no error, only an end.

use std::fmt::Display;
use std::io::{BufWriter, ErrorKind, Write};

/// Buffered standard output.
pub struct Stdout {
    inner: BufWriter<std::io::Stdout>,
    closed: bool,
}

impl Stdout {
    /// Standard output, empty buffered.
    pub fn new() -> Self {
        Self { inner: BufWriter::new(std::io::stdout()), closed: false }
    }

    fn unless_closed<T: Default>(
        &mut self,
        write: impl FnOnce(&mut BufWriter<std::io::Stdout>) -> std::io::Result<T>,
        closed: T,
    ) -> std::io::Result<T> {
        if self.closed {
            return Ok(closed);
        }
        match write(&mut self.inner) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(closed)
            }
            result => result,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.unless_closed(|inner| inner.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.unless_closed(Write::flush, ())
    }
}

/// Prints a line; one that nobody can read is lost.
pub fn say(line: impl Display) {
    writeln!(std::io::stdout(), "{line}").ok();
}
