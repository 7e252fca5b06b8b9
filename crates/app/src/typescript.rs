//! The TypeScript side of views and commands, and the guard that the committed files are current.
//!
//! `AMBERGLASS_WRITE_BINDINGS=1 cargo test -p amberglass-app bindings` writes them.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use ts_rs::{Config, TS, TypeVisitor};

use crate::{
    commands::{Webview, described, visit_arguments},
    view::{ConsoleView, SessionWindowView},
};

/// One line of the table of commands.
pub(crate) struct DescribedCommand {
    pub doc: &'static str,
    pub name: &'static str,
    /// Name in Rust and type in TypeScript.
    pub arguments: Vec<(&'static str, String)>,
    pub webviews: Vec<Webview>,
}

const COMMANDS_HEAD: &str =
    "// Generated from crates/app/src/command_table.rs by `cargo test -p amberglass-app`. Do not edit.\n";

/// Collects a type with everything it names, file by file.
struct Collect<'a> {
    config: &'a Config,
    files: BTreeMap<String, String>,
    /// Names of the types seen on the first level.
    direct: Vec<String>,
    depth: usize,
}

impl TypeVisitor for Collect<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.depth += 1;
        if let Some(path) = T::output_path() {
            if self.depth == 1 {
                self.direct.push(T::ident(self.config));
            }
            let file = path.to_str().unwrap().replace('\\', "/");
            if !self.files.contains_key(&file) {
                self.files.insert(file, T::export_to_string(self.config).unwrap());
                T::visit_dependencies(self);
            }
        } else {
            T::visit_generics(self);
        }
        self.depth -= 1;
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let (head, tail) = word.split_at(1.min(word.len()));
        text.push_str(&head.to_uppercase());
        text.push_str(tail);
        text
    })
}

fn commands_file(config: &Config, mut imported: Vec<String>) -> String {
    imported.sort();
    imported.dedup();
    let commands = described(config);
    let mut text = String::from(COMMANDS_HEAD);
    for name in imported {
        writeln!(text, "import type {{ {name} }} from \"./{name}\";").unwrap();
    }
    text.push_str("\n/** The arguments of each command, in the case in which the program takes them. */\nexport type Commands = {\n");
    for command in &commands {
        let arguments: Vec<String> =
            command.arguments.iter().map(|(name, kind)| format!("{}: {kind}", camel_case(name))).collect();
        let arguments = if arguments.is_empty() {
            "Record<string, never>".to_owned()
        } else {
            format!("{{ {} }}", arguments.join(", "))
        };
        writeln!(text, "  /** {} */\n  {}: {arguments};", command.doc, command.name).unwrap();
    }
    text.push_str("};\n\nexport type CommandName = keyof Commands;\n");
    for (constant, webview) in [("consoleCommands", Webview::Console), ("barCommands", Webview::Bar)] {
        writeln!(text, "\n/** What this webview may call. */\nexport const {constant} = [").unwrap();
        for command in commands.iter().filter(|command| command.webviews.contains(&webview)) {
            writeln!(text, "  \"{}\",", command.name).unwrap();
        }
        text.push_str("] as const satisfies readonly CommandName[];\n");
    }
    text.push_str(
        "\n/** How a command reaches the program; the host of the UI gives it. */\n\
         export type Invoke = <Name extends CommandName>(name: Name, args: Commands[Name]) => Promise<void>;\n\
         \n/** One function for each command. */\nexport function commandsOver(invoke: Invoke) {\n  return {\n",
    );
    for command in &commands {
        let function = camel_case(command.name);
        let name = command.name;
        let line = if command.arguments.is_empty() {
            format!("{function}: () => invoke(\"{name}\", {{}}),")
        } else {
            format!("{function}: (args: Commands[\"{name}\"]) => invoke(\"{name}\", args),")
        };
        writeln!(text, "    /** {} */\n    {line}", command.doc).unwrap();
    }
    text.push_str("  };\n}\n");
    text
}

/// Every file of `ui/src/lib/bindings`, by name.
fn bindings() -> BTreeMap<String, String> {
    let config = Config::new().with_large_int("number");
    let mut collect = Collect { config: &config, files: BTreeMap::new(), direct: Vec::new(), depth: 0 };
    visit_arguments(&mut collect);
    let imported = std::mem::take(&mut collect.direct);
    collect.visit::<ConsoleView>();
    collect.visit::<SessionWindowView>();
    let mut files = collect.files;
    let mut index = COMMANDS_HEAD.replace("crates/app/src/command_table.rs", "the types beside it");
    for file in files.keys() {
        let name = file.trim_end_matches(".ts");
        writeln!(index, "export type {{ {name} }} from \"./{name}\";").unwrap();
    }
    index.push_str("export * from \"./commands\";\n");
    files.insert("commands.ts".into(), commands_file(&config, imported));
    files.insert("index.ts".into(), index);
    files
}

#[test]
fn the_committed_bindings_are_current() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/bindings");
    let expected = bindings();
    if std::env::var_os("AMBERGLASS_WRITE_BINDINGS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(&directory).unwrap();
        for entry in std::fs::read_dir(&directory).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, text) in &expected {
            std::fs::write(directory.join(name), text).unwrap();
        }
    }
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(&directory).into_iter().flatten() {
        let entry = entry.unwrap();
        // A checkout on Windows may have turned the line ends.
        let text = std::fs::read_to_string(entry.path()).unwrap().replace("\r\n", "\n");
        found.insert(entry.file_name().into_string().unwrap(), text);
    }
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    let advice = "run AMBERGLASS_WRITE_BINDINGS=1 cargo test -p amberglass-app bindings";
    assert_eq!(names(&found), names(&expected), "{advice}");
    for (name, text) in &expected {
        assert_eq!(found.get(name), Some(text), "{name} is out of date: {advice}");
    }
}

#[test]
fn numbers_stay_numbers_in_typescript() {
    for (name, text) in bindings() {
        assert!(!text.contains("bigint"), "{name}: {text}");
    }
}
