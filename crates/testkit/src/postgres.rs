//! A real PostgreSQL for the tests of one process, and a fresh database in it for each test. Without durability, unless it is
//! asked for.
#![allow(clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// `initdb` refuses root: then the user that Debian's package makes runs it.
const AS_WHOM: &str =
    r#"if [ "$(id -u)" = 0 ]; then exec runuser -u postgres -- sh -c "$1" sh; else exec sh -c "$1" sh; fi"#;

const SCRIPT: &str = include_str!("postgres.sh");

/// Nothing of the tests outlives them: without fsync a database is made in a tenth of the time.
const FOR_TESTS: &str = "-c fsync=off -c full_page_writes=off -c shared_buffers=32MB";

/// One running server. It ends with this value, or with the process, however that ends.
pub struct Server {
    keeper: Mutex<Keeper>,
    /// Folder of `psql`.
    programs: PathBuf,
    /// Folder of the socket.
    home: PathBuf,
    databases: AtomicU32,
}

/// The shell that looks after the server; it ends with its standard input.
struct Keeper {
    shell: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// Starts one; takes a second or two.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or it does not start.
    pub fn start() -> Arc<Self> {
        Self::start_with(FOR_TESTS)
    }

    /// As its packagers ship it, for what is measured: what was committed is on disk.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_durable() -> Arc<Self> {
        Self::start_with("")
    }

    fn start_with(settings: &str) -> Arc<Self> {
        let script = format!("settings='{settings}'\n{SCRIPT}");
        let mut shell = Command::new("sh")
            .args(["-c", AS_WHOM, "sh", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C in the terminal is for the tests; this ends after them.
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        let orders = shell.stdin.take();
        let answers = shell.stdout.take().expect("the output is a pipe");
        let mut keeper = Keeper { shell, orders, answers: BufReader::new(answers) };
        let (programs, home) = (PathBuf::from(keeper.answer()), PathBuf::from(keeper.answer()));
        Arc::new(Self { keeper: Mutex::new(keeper), programs, home, databases: AtomicU32::new(0) })
    }

    /// The one of this process, started when it is first asked for.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Server>> = OnceLock::new();
        SHARED.get_or_init(Self::start).clone()
    }

    /// A fresh, empty database.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn database(self: &Arc<Self>) -> Database {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"))
            .unwrap_or_else(|error| panic!("no database could be made: {error}"));
        Database { server: self.clone(), name }
    }

    /// Its folder: data, log and socket.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// For one who connects as `role`, perhaps with a password in `role` as in a URL.
    pub fn url(&self, role: &str, database: &str) -> String {
        let home = self.home.display().to_string().replace('/', "%2F");
        format!("postgres://{role}@localhost:5432/{database}?host={home}")
    }

    /// What the database's owner could do from a shell: gives what `psql` prints, one row a line.
    ///
    /// # Errors
    /// With what `psql` says.
    pub fn sql(&self, database: &str, text: &str) -> Result<String, String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-p", "5432", "-U", "postgres"])
            .arg("-h")
            .arg(&self.home)
            .args(["-d", database, "-c", text])
            .env("PGCONNECT_TIMEOUT", "5")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    /// Stops it as an operator would; every connection is gone.
    pub fn stop(&self) {
        self.order("stop");
    }

    /// On the same data, after [`Server::stop`].
    pub fn start_again(&self) {
        self.order("start");
    }

    /// Stands still without a word, as behind a network that swallows everything: connections stay, nothing answers.
    pub fn freeze(&self) {
        self.order("freeze");
    }

    /// Goes on after [`Server::freeze`].
    pub fn thaw(&self) {
        self.order("thaw");
    }

    fn order(&self, word: &str) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let orders = keeper.orders.as_mut().expect("the server runs");
        writeln!(orders, "{word}").expect("the server's keeper listens");
        let answer = keeper.answer();
        assert_eq!(answer, word);
    }
}

impl Keeper {
    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the server's keeper speaks text");
        assert!(!line.is_empty(), "PostgreSQL did not start; what it said stands above");
        line.trim_end().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(keeper.orders.take());
        // Until its folder is gone.
        let _ = keeper.shell.wait();
    }
}

/// One database. It is dropped with this value, whoever is still connected.
pub struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    /// As its owner, who may do everything.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// As another role, perhaps with its password: `guarded:secret`.
    pub fn url_of(&self, role: &str) -> String {
        self.server.url(role, &self.name)
    }

    /// # Errors
    /// As [`Server::sql`].
    pub fn sql(&self, text: &str) -> Result<String, String> {
        self.server.sql(&self.name, text)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that is stopped takes its databases with it.
        let _ = self.server.sql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
