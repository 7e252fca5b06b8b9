//! A staff member at work: backend, desk and console, ready to sign in. What stories in real windows share.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use amberglass_server::{SAMPLE_STAFF, SampleStaff};
use amberglass_wire::{auth::Role, session::SessionResponse};
use anyhow::{Context as _, Result};

use crate::{
    console::{Console, SignIn},
    desk::Desk,
    gateway_front::{Front, GatewayFront},
    portal_window::PortalWindow,
    stack::{Stack, StackSetting},
    staff::Staff,
    world_line::Line,
};

/// Ends in the order of its fields: the console before the desk, the desk before the backend.
pub struct Workplace {
    pub console: Console,
    pub desk: Desk,
    pub stack: Stack,
    line: Option<Line>,
    front: Option<GatewayFront>,
    pub folder: tempfile::TempDir,
}

/// See [`Workplace::colleague`]. The console ends before the desk.
pub struct Colleague {
    pub console: Console,
    pub desk: Desk,
}

/// How a workplace is set up.
pub struct Setting<'a> {
    pub bin_dir: &'a Path,
    /// The pages that attack the session window are served, and try to reach this other origin.
    pub hostile: Option<String>,
    /// Instead of the right one.
    pub password: Option<&'a str>,
    pub keyring: bool,
    /// See [`StackSetting::limits`].
    pub limits: String,
    /// See [`StackSetting::files`].
    pub files: Option<String>,
    /// The console reaches the API through [`Workplace::line`]. Such a test must not block its runtime, which carries it.
    pub through_a_line: bool,
    /// Somebody stands between the session window and the gateway: [`Workplace::front`].
    pub front: Option<Front>,
    /// What whoever manages the agent's computer has settled.
    pub machine_policy: &'a str,
    /// Of the desk's programs, with their values.
    pub variables: &'a [(&'a str, &'a str)],
}

impl<'a> Setting<'a> {
    pub fn usual(bin_dir: &'a Path) -> Self {
        Self {
            bin_dir,
            hostile: None,
            password: None,
            keyring: true,
            limits: String::new(),
            files: None,
            through_a_line: false,
            front: None,
            machine_policy: "",
            variables: &[],
        }
    }
}

pub fn sample_agent() -> Result<&'static SampleStaff> {
    sample(Role::Agent)
}

/// The sample staff member of this role.
pub fn sample(role: Role) -> Result<&'static SampleStaff> {
    SAMPLE_STAFF.iter().find(|staff| staff.role == role).context("no sample of this role")
}

fn address(api: &str) -> Result<SocketAddr> {
    Ok(api.trim_start_matches("http://").parse()?)
}

/// As the console is told.
fn api_of(stack: &Stack, line: Option<&Line>) -> String {
    line.map_or_else(|| stack.api.clone(), |line| format!("http://{}", line.address))
}

impl Workplace {
    pub async fn open(setting: Setting<'_>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let front = match setting.front {
            Some(front) => Some(GatewayFront::start(front).await?),
            None => None,
        };
        let gateway_origin = front.as_ref().map(|front| front.origin.clone()).unwrap_or_default();
        let stack_setting = StackSetting {
            hostile: setting.hostile,
            limits: setting.limits,
            files: setting.files,
            gateway_origin,
            ..StackSetting::default()
        };
        let stack = Stack::start_as(setting.bin_dir, &folder.path().join("stack"), stack_setting)?;
        if let Some(front) = &front {
            front.lead_to(SocketAddr::from(([127, 0, 0, 1], stack.gateway_port)));
        }
        let mut desk = Desk::start(&folder.path().join("desk"), setting.keyring).await?;
        if !setting.machine_policy.is_empty() {
            let file = folder.path().join("desk").join("console.toml");
            std::fs::write(&file, setting.machine_policy)?;
            desk.add_environment("AMBERGLASS_MACHINE_POLICY", &file.display().to_string());
        }
        for (name, value) in setting.variables {
            desk.add_environment(name, value);
        }
        let agent = sample_agent()?;
        let sign_in = SignIn { email: agent.email, password: setting.password.unwrap_or(agent.password) };
        let home = folder.path().join("console");
        let line = if setting.through_a_line { Some(Line::to(address(&stack.api)?).await) } else { None };
        let console = Console::start(&desk, setting.bin_dir, &api_of(&stack, line.as_ref()), &home, sign_in).await?;
        Ok(Self { console, desk, stack, line, front, folder })
    }

    /// # Panics
    /// Unless the console was set up to go through it.
    #[allow(clippy::expect_used, reason = "a test fails by panicking")]
    pub fn line(&self) -> &Line {
        self.line.as_ref().expect("there is a line")
    }

    /// # Panics
    /// Unless somebody was set between window and gateway.
    #[allow(clippy::expect_used, reason = "a test fails by panicking")]
    pub fn front(&self) -> &GatewayFront {
        self.front.as_ref().expect("somebody stands between window and gateway")
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("console")
    }

    /// What the console has written into its log so far.
    ///
    /// # Errors
    /// When there is none yet.
    pub fn console_log(&self) -> Result<String> {
        let files = std::fs::read_dir(self.home().join("data").join("logs"))?;
        files.map(|file| Ok(std::fs::read_to_string(file?.path())?)).collect()
    }

    pub async fn sign_in(&self) -> Result<()> {
        self.console.press("sign-in").await?;
        self.console.see("find-field").await;
        Ok(())
    }

    /// Finds the customer, opens the card, fills the start sheet and presses start.
    pub async fn press_start(&self, customer: &str) -> Result<()> {
        self.open_card(customer).await?;
        self.console.press("reason-code-billing").await?;
        self.console.fill("ticket", "TCK-4821").await?;
        self.console.fill("reason-text", "Asks why the last invoice was charged twice").await?;
        self.console.press("start-session").await
    }

    pub async fn open_card(&self, customer: &str) -> Result<()> {
        self.console.fill("find-field", customer).await?;
        self.console.press(&format!("customer-{customer}")).await?;
        self.console.see("start-session").await;
        Ok(())
    }

    /// From the card to the painted portal.
    pub async fn start_session(&self, customer: &str) -> Result<PortalWindow<'_>> {
        self.press_start(customer).await?;
        PortalWindow::wait_until_painted(&self.desk).await
    }

    /// Another staff member at another desk, with a console of their own on the same backend.
    pub async fn colleague(&self, bin_dir: &Path, role: Role) -> Result<Colleague> {
        let name = self.folder.path().join(format!("{role:?}").to_lowercase());
        let mut desk = Desk::start(&name.join("desk"), true).await?;
        desk.show_toasts().await?;
        let staff = sample(role)?;
        let sign_in = SignIn { email: staff.email, password: staff.password };
        let console = Console::start(&desk, bin_dir, &self.stack.api, &name.join("console"), sign_in).await?;
        console.press("sign-in").await?;
        console.see("find-field").await;
        Ok(Colleague { console, desk })
    }

    /// Starts the console again, after it has gone.
    pub async fn start_console_again(&mut self, bin_dir: &Path) -> Result<()> {
        let agent = sample_agent()?;
        let sign_in = SignIn { email: agent.email, password: agent.password };
        let api = api_of(&self.stack, self.line.as_ref());
        self.console = Console::start(&self.desk, bin_dir, &api, &self.home(), sign_in).await?;
        Ok(())
    }

    /// The sample staff member of this role at the API, with a device of their own.
    pub async fn at_api_as(&self, role: Role) -> Result<Staff> {
        let staff = sample(role)?;
        Staff::sign_in(&self.stack.api, staff.email, staff.password).await
    }

    /// The same staff member at the API, with a device of its own.
    pub async fn at_api(&self) -> Result<Staff> {
        self.at_api_as(Role::Agent).await
    }

    pub async fn running(&self, staff: &Staff) -> Result<Vec<SessionResponse>> {
        Ok(staff.sessions().await?.into_iter().filter(|session| session.state.is_running()).collect())
    }
}
