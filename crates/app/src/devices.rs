//! The consoles that somebody signed in on.

use amberglass_domain::ports::BackendError;
use amberglass_wire::auth::DeviceResponse;

use crate::{
    controller::Actor,
    errors,
    input::Reply,
    view::{DevicesView, UiError},
};

#[derive(Default)]
pub(crate) struct Devices {
    number: u64,
    loading: bool,
    pub devices: Vec<DeviceResponse>,
    error: Option<UiError>,
}

impl Devices {
    pub fn view(&self) -> DevicesView {
        DevicesView { loading: self.loading, devices: self.devices.clone(), error: self.error.clone() }
    }
}

impl Actor {
    pub fn list_devices(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        let number = self.next_number();
        self.devices.number = number;
        self.devices.loading = true;
        self.devices.error = None;
        let everybodys = self.rights.manage_devices;
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.devices(&account.access, everybodys).await;
            Reply::Devices { number, result }
        });
    }

    pub fn on_devices(&mut self, number: u64, result: Result<Vec<DeviceResponse>, BackendError>) {
        if self.devices.number != number {
            return;
        }
        self.devices.loading = false;
        match result {
            Ok(devices) => self.devices.devices = devices,
            Err(error) => {
                self.devices.error = Some(errors::of_backend(&error));
                self.note_refusal(&error);
            }
        }
    }
}
