//! The `journeydb` command.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::give_back_soon();
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    match cli::run(cli::Cli::parse()).await {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            eprintln!("error: {}", error.message());
            if let Some(detail) = error.detail() {
                eprintln!("detail: {detail}");
            }
            if let Some(context) = error.context() {
                eprintln!("context: {context}");
            }
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::FAILURE
        }
    }
}
