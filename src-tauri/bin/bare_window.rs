//! The least that shows a page on Linux: a window and a webview, opened in a program that runs already. What the session
//! window is measured against (`cargo xtask bench start`); built with the feature `automation` only, never bundled.
//!
//! Reads lines from the standard input: `open ADDRESS`, `close`. Answers `ready`, `opened`, `closed`.

#![allow(clippy::print_stdout, reason = "it answers whoever started it")]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::run()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{cell::RefCell, error::Error, io::BufRead as _};

    use gtk::{glib, prelude::*};
    use wry::{WebView, WebViewBuilder, WebViewBuilderExtUnix as _};

    /// As large as the session window.
    const SIZE: (i32, i32) = (1280, 840);
    /// In a corner, where it covers nothing.
    const IDLE_SIZE: (i32, i32) = (120, 80);

    struct Opened {
        window: gtk::Window,
        view: WebView,
    }

    thread_local! {
        static OPENED: RefCell<Option<Opened>> = const { RefCell::new(None) };
    }

    pub fn run() -> Result<(), Box<dyn Error>> {
        gtk::init()?;
        // The console has a webview before the first session, so this program has one too: engine and network process
        // are there already.
        let idle = open("Idle", "about:blank", IDLE_SIZE)?;
        idle.window.move_(0, 0);
        std::thread::spawn(|| {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                glib::MainContext::default().invoke(move || obey(&line));
            }
            glib::MainContext::default().invoke(gtk::main_quit);
        });
        println!("ready");
        gtk::main();
        Ok(())
    }

    fn obey(line: &str) {
        match line.split_once(' ') {
            Some(("open", address)) => match open("Bare window", address, SIZE) {
                Ok(opened) => {
                    OPENED.set(Some(opened));
                    println!("opened");
                }
                Err(error) => println!("failed: {error}"),
            },
            _ => {
                if let Some(Opened { window, view }) = OPENED.take() {
                    drop(view);
                    window.close();
                }
                println!("closed");
            }
        }
    }

    fn open(title: &str, address: &str, size: (i32, i32)) -> Result<Opened, Box<dyn Error>> {
        let window = gtk::Window::new(gtk::WindowType::Toplevel);
        window.set_title(title);
        window.set_default_size(size.0, size.1);
        window.set_position(gtk::WindowPosition::Center);
        let container = gtk::Box::new(gtk::Orientation::Vertical, 0);
        window.add(&container);
        window.show_all();
        let view = WebViewBuilder::new().with_incognito(true).with_url(address).build_gtk(&container)?;
        Ok(Opened { window, view })
    }
}
