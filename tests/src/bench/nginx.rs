//! Debian's nginx: the portal that only serves files, and what the gateway is measured beside.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use amberglass_testkit::address_of_its_own;
use anyhow::{Context as _, Result};

use crate::process::Process;

/// A page, and a picture.
pub const SMALL: (&str, usize) = ("/small", 2 * 1024);
pub const LARGE: (&str, usize) = ("/large", 1024 * 1024);

/// Three servers: the files, an authority that says yes, and a proxy that asks it before each request.
pub struct Nginx {
    /// Port of the files.
    pub files: u16,
    /// Port of the proxy.
    pub proxy: u16,
    _running: [Process; 3],
}

impl Nginx {
    /// # Errors
    /// When nginx is not installed or does not start.
    pub fn start(dir: &Path) -> Result<Self> {
        let root = dir.join("files");
        std::fs::create_dir_all(&root)?;
        for (name, length) in [SMALL, LARGE] {
            std::fs::write(root.join(name.trim_start_matches('/')), "x".repeat(length))?;
        }
        let [files, authority, proxy] = std::array::from_fn(|_| address_of_its_own().port());
        let running = [
            run(dir, "files", &files_of(files, &root))?,
            run(dir, "authority", &authority_of(authority))?,
            run(dir, "proxy", &proxy_of(proxy, files, authority, dir))?,
        ];
        Ok(Self { files, proxy, _running: running })
    }
}

fn run(dir: &Path, name: &str, server: &str) -> Result<Process> {
    let home = dir.join(name);
    std::fs::create_dir_all(&home)?;
    let file: PathBuf = home.join("nginx.conf");
    // Workers give up what they are allowed to, also where the bench runs as root on files of root's.
    let is_roots = std::fs::metadata(&home)?.uid() == 0;
    let user = if is_roots { "user root;" } else { "" };
    let home = home.display();
    let config = format!(
        "{user}\nworker_processes 2;\ndaemon off;\npid {home}/pid;\nerror_log {home}/error.log;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n  default_type text/html;\n  sendfile on;\n  tcp_nopush on;\n  keepalive_requests 1000000000;\n\
         client_body_temp_path {home}/body;\n  proxy_temp_path {home}/proxied;\n  fastcgi_temp_path {home}/a;\n\
         uwsgi_temp_path {home}/b;\n  scgi_temp_path {home}/c;\n{server}}}\n"
    );
    std::fs::write(&file, config)?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-e").arg(format!("{home}/error.log"));
    Process::start(name, &mut command, &dir.join(format!("{name}.log")))
        .context("nginx does not start: `cargo xtask setup` installs it")
}

fn files_of(port: u16, root: &Path) -> String {
    format!("  access_log off;\n  server {{ listen 127.0.0.1:{port}; root {}; }}\n", root.display())
}

fn authority_of(port: u16) -> String {
    format!("  access_log off;\n  server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}\n")
}

/// Kept connections on both sides, a buffered log with a line for each request, and nothing in temporary files.
fn proxy_of(port: u16, files: u16, authority: u16, dir: &Path) -> String {
    let log = dir.join("proxy").join("access.log");
    let kept = "proxy_http_version 1.1;\n      proxy_set_header Connection \"\";";
    format!(
        "  access_log {} combined buffer=64k flush=5s;\n  proxy_max_temp_file_size 0;\n\
         upstream files {{ server 127.0.0.1:{files}; keepalive 64; }}\n\
         upstream authority {{ server 127.0.0.1:{authority}; keepalive 64; }}\n\
         server {{\n    listen 127.0.0.1:{port};\n\
         location / {{\n      auth_request /authority;\n      proxy_pass http://files;\n      {kept}\n    }}\n\
         location = /authority {{\n      internal;\n      proxy_pass http://authority;\n      proxy_pass_request_body off;\n\
         proxy_set_header Content-Length \"\";\n      {kept}\n    }}\n  }}\n",
        log.display()
    )
}
