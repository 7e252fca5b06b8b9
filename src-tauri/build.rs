//! Gives Tauri the list of commands, so that none is open to a webview whose capability does not name it.

include!("../crates/app/src/command_table.rs");

macro_rules! names {
    ($($description:literal $name:ident $variant:ident { $($argument:ident : $type:ty),* } [$($webview:ident),*];)*) => {
        const COMMANDS: &[&str] = &[$(stringify!($name)),*];
    };
}
command_table!(names);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=crates/app/src/command_table.rs");
    println!("cargo::rerun-if-changed=src-tauri/capabilities");
    println!("cargo::rerun-if-changed=ui/dist");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/*.json")
        .app_manifest(tauri_build::AppManifest::new().commands(COMMANDS));
    tauri_build::try_build(attributes)?;
    Ok(())
}
