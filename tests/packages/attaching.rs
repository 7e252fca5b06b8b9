//! Nobody drives what people install from outside.

use std::{path::Path, process::Command, time::Duration};

use amberglass_testkit::{address_of_its_own, wait_until};
use amberglass_tests::{
    console::{Console, SignIn},
    desk::Desk,
    process::{Process, run},
};

use crate::console_package;

const LIMIT: Duration = Duration::from_secs(20);

fn unpacked(folder: &Path) -> std::path::PathBuf {
    let package = console_package();
    run("dpkg-deb", &["-x".as_ref(), package.as_os_str(), folder.as_os_str()], &[]).unwrap();
    folder.join("usr/bin")
}

#[tokio::test]
async fn a_webdriver_starts_the_installed_console_and_gets_no_hold_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let programs = unpacked(&folder.path().join("package"));
    let desk = Desk::start(&folder.path().join("desk"), true).await.unwrap();
    let home = folder.path().join("home");
    let sign_in = SignIn { email: "nobody", password: "nothing" };
    // Before the driver gives up, the console it has started stands on the screen.
    let driven = Console::start_as_is(&desk, &programs, None, &home, sign_in, &[]);
    let (driven, ()) = tokio::join!(driven, async {
        desk.window("Amberglass").await;
    });
    assert!(driven.is_err(), "the WebDriver drives the console");
}

#[tokio::test]
async fn the_engines_inspector_does_not_listen_in_the_installed_console() {
    let folder = tempfile::tempdir().unwrap();
    let programs = unpacked(&folder.path().join("package"));
    let desk = Desk::start(&folder.path().join("desk"), true).await.unwrap();
    let (web, plain) = (address_of_its_own(), address_of_its_own());
    let mut console = Command::new(programs.join("amberglass"));
    console
        .envs(desk.environment().iter().cloned())
        .env("HOME", folder.path())
        .env("WEBKIT_INSPECTOR_SERVER", plain.to_string())
        .env("WEBKIT_INSPECTOR_HTTP_SERVER", web.to_string());
    let _console = Process::start("the console", &mut console, &folder.path().join("console.log")).unwrap();
    desk.window("Amberglass").await;
    wait_until("the console's pages", LIMIT, || async {
        desk.picture()
            .ok()
            .filter(|picture| picture.count((0, 0, 1600, 1000), [0xfa, 0xfa, 0xf9], 2) > 100_000)
            .map(drop)
    })
    .await;
    for address in [web, plain] {
        assert!(std::net::TcpStream::connect(address).is_err(), "an inspector listens on {address}");
    }
}

#[test]
fn what_is_installed_has_neither_symbols_nor_hooks_for_tests() {
    let folder = tempfile::tempdir().unwrap();
    let program = unpacked(folder.path()).join("amberglass");
    let sections = run("readelf", &["--section-headers".as_ref(), program.as_os_str()], &[]).unwrap();
    for section in [".symtab", ".debug_info", ".debug_line"] {
        assert!(!sections.contains(section), "{section}");
    }
    let bytes = std::fs::read(&program).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("AMBERGLASS_SERVER"), "the search finds what is there");
    assert!(!has("AMBERGLASS_MACHINE_POLICY"), "a hook that only tests may have");
}
