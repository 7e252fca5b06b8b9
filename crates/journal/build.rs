//! New migrations take effect with the next build.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/journal");
}
