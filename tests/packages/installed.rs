//! From the package to the work that is done with it, and back.

use amberglass_tests::process::run;

use crate::{
    bare_system::{BareSystem, HOME, PERSON},
    bundle, console_package, server_package,
};

/// What the person's desk brings, and the tools that stand in for hands, eyes and a screen.
const DESK: [&str; 11] = [
    "at-spi2-core",
    "dbus",
    "dbus-x11",
    "fonts-dejavu-core",
    "gnome-keyring",
    "libgl1-mesa-dri",
    "openbox",
    "systemd",
    "x11-utils",
    "xdotool",
    "xvfb",
];

#[test]
fn both_packages_bring_all_they_need_and_purging_them_leaves_only_the_persons_own_files() {
    let (console, server) = (console_package(), server_package());
    let system = BareSystem::with(&[&console, &server], &[]);
    for program in ["amberglass", "amberglass-server", "amberglass-verify"] {
        let needs = system.run("root", &["ldd", &format!("/usr/bin/{program}")]);
        assert!(!needs.contains("not found"), "{program}: {needs}");
    }
    assert!(system.run(PERSON, &["amberglass-server", "--version"]).contains(env!("CARGO_PKG_VERSION")));
    let account = system.run("root", &["getent", "passwd", "amberglass"]);
    assert!(account.contains("nologin"), "{account}");
    let folder = system.run("root", &["stat", "--format=%U %a", "/var/lib/amberglass"]);
    assert_eq!(folder.trim(), "amberglass 700");

    // As the service is started, with the configuration as it comes.
    let unit = std::fs::read_to_string(system.root().join("lib/systemd/system/amberglass-server.service")).unwrap();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let first = system.run("amberglass", &["sh", "-c", &format!("timeout --signal=INT 5 {start} | head -1")]);
    assert!(first.contains("\"api\":\"127.0.0.1:7400\""), "{first}");

    let kept = format!("{HOME}/.local/share/app.amberglass.console/journal");
    system.run(PERSON, &["mkdir", "-p", &kept]);
    system.run("root", &["dpkg", "--remove", "amberglass", "amberglass-server"]);
    // Keys and audit log are not gone by mistake.
    system.run("root", &["test", "-f", "/var/lib/amberglass/amberglass.sqlite"]);
    system.run("root", &["dpkg", "--purge", "amberglass", "amberglass-server"]);
    assert_eq!(left_outside_homes(&system), Vec::<String>::new());
    assert!(system.try_run("root", &["getent", "passwd", "amberglass"]).is_err());
    system.run(PERSON, &["test", "-d", &kept]);
}

#[test]
fn the_main_job_is_done_from_the_installed_files_by_keyboard() {
    let (console, server) = (console_package(), server_package());
    let mut system = BareSystem::with(&[&console, &server], &DESK);
    system.run("root", &["systemd-analyze", "verify", "/lib/systemd/system/amberglass-server.service"]);
    for program in
        [env!("CARGO_BIN_EXE_amberglass-by-keyboard"), env!("CARGO_BIN_EXE_amberglass-sign-in"), &demo_portal()]
    {
        system.lend(program.as_ref());
    }
    let told = system.run(PERSON, &["/programs/amberglass-by-keyboard", "--installed", "/usr/bin", "--home", HOME]);
    assert!(told.contains("the main job is done"), "{told}");

    system.run("root", &["dpkg", "--purge", "amberglass", "amberglass-server"]);
    assert_eq!(left_outside_homes(&system), Vec::<String>::new());
    let own = system.run(PERSON, &["find", HOME, "-name", "journal*.sqlite*"]);
    assert!(own.contains("app.amberglass.console"), "{own}");
}

fn left_outside_homes(system: &BareSystem) -> Vec<String> {
    let left = run("find", &[system.root().as_os_str(), "-iname".as_ref(), "*amberglass*".as_ref()], &[]).unwrap();
    left.lines().filter(|path| !path.contains(HOME)).map(str::to_owned).collect()
}

#[test]
fn desktop_entry_and_description_are_as_desktops_want_them() {
    let files = tempfile::tempdir().unwrap();
    let package = console_package();
    run("dpkg-deb", &["-x".as_ref(), package.as_os_str(), files.path().as_os_str()], &[]).unwrap();
    let share = files.path().join("usr/share");
    let entry = share.join("applications/Amberglass.desktop");
    assert_eq!(run("desktop-file-validate", &[&entry], &[]).unwrap(), "");
    let text = std::fs::read_to_string(&entry).unwrap();
    assert!(text.contains("MimeType=x-scheme-handler/amberglass;\n"), "{text}");
    let metainfo = share.join("metainfo/app.amberglass.console.metainfo.xml");
    run("appstreamcli", &["validate".as_ref(), "--no-net".as_ref(), metainfo.as_os_str()], &[]).unwrap();
    for size in ["16x16", "24x24", "32x32", "48x48", "64x64", "128x128", "256x256@2", "512x512"] {
        let icon = share.join(format!("icons/hicolor/{size}/apps/amberglass.png"));
        assert!(icon.exists(), "{}", icon.display());
    }
}

#[test]
fn the_lists_of_materials_name_what_is_built_in() {
    let list = |name: &str| {
        let text = std::fs::read_to_string(bundle().join(name)).unwrap();
        let list: serde_json::Value = serde_json::from_str(&text).unwrap();
        let named: Vec<String> = list["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|component| component["name"].as_str().unwrap().to_owned())
            .collect();
        named
    };
    let of_console = |name: &str| format!("{name}-linux-{}.cdx.json", std::env::consts::ARCH);
    for (file, parts) in [
        (of_console("amberglass").as_str(), &["tauri", "wry", "sqlx", "keyring"][..]),
        ("amberglass-server.cdx.json", &["axum", "cedar-policy", "sqlx"]),
        ("amberglass-verify.cdx.json", &["sha2"]),
        (of_console("amberglass-pages").as_str(), &["svelte", "@tauri-apps/api"]),
    ] {
        let named = list(file);
        for part in parts {
            assert!(named.iter().any(|name| name == part), "{part} in {file}: {named:?}");
        }
    }

    // What each part may be used under goes along.
    for (package, name, words) in [
        (console_package(), "amberglass", &["\ntauri 2", "\nsvelte 5", "Inter", "SIL OPEN FONT LICENSE"][..]),
        (server_package(), "amberglass-server", &["\naxum 0", "\nsha2 0", "Apache License"]),
    ] {
        let files = tempfile::tempdir().unwrap();
        run("dpkg-deb", &["-x".as_ref(), package.as_os_str(), files.path().as_os_str()], &[]).unwrap();
        let documents = files.path().join("usr/share/doc").join(name);
        let licences = std::fs::read_to_string(documents.join("THIRD-PARTY.txt")).unwrap();
        for word in words {
            assert!(licences.contains(word), "{word:?} in the licences of {name}");
        }
    }
}

fn demo_portal() -> String {
    let beside =
        std::path::Path::new(env!("CARGO_BIN_EXE_amberglass-sign-in")).with_file_name("amberglass-demo-portal");
    beside.display().to_string()
}
