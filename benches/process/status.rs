//! What the kernel says of a process, on Linux.

use std::io;

/// A line of its status that counts KiB, such as `VmRSS:`, its memory now, or `VmHWM:`, the most it had.
pub fn memory(process: u32, line: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.split_whitespace().next()?.parse().ok());
    found.ok_or_else(|| io::Error::other(format!("no {line} in /proc/{process}/status")))
}
