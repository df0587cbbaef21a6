//! Every integration test, in one binary: each test binary links the whole engine, so a module here costs seconds less
//! than a file beside this folder. One module per subject; `cargo test --test suite <module>` runs one.
