//! Where the command has its memory from: jemalloc, which gives what is free back to the machine.
//!
//! A server's memory is asked for in bursts: a checkpoint reads the log in pieces of megabytes, a load encodes a file. The system's
//! own allocator keeps such pieces for the next burst, one heap per thread: after 3,000 loads of 200 rows a server held 126 MiB, of
//! which 4 were in use; with jemalloc's threads that purge it was 57 MiB, and 25 once the loads had ended.

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Has pages that are free for half a second given back, where jemalloc would wait for ten. To be called before there are threads:
/// what is said of heaps holds for those that are made later, and the first one.
#[cfg(not(target_env = "msvc"))]
pub fn give_back_soon() {
    use tikv_jemalloc_ctl::{Access, AsName};
    const HALF_A_SECOND: isize = 500;
    for name in ["arenas.dirty_decay_ms\0", "arena.0.dirty_decay_ms\0"] {
        if let Err(error) = name.name().write(HALF_A_SECOND) {
            eprintln!("warning: free memory is given back later than it could be: {error}");
        }
    }
}

/// The system's own allocator is used as it is.
#[cfg(target_env = "msvc")]
pub fn give_back_soon() {}
