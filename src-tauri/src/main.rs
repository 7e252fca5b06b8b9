//! The console's entry point. Everything is in the library, so that it can be tested and type-checked as one.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    amberglass_shell::run()
}
