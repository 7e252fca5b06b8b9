//! Sample staff of the demo. Their passwords are known to everyone, which is why the demo stays on loopback.

use amberglass_wire::auth::Role;

#[derive(Clone, Copy, Debug)]
pub struct SampleStaff {
    pub name: &'static str,
    pub email: &'static str,
    pub role: Role,
    pub password: &'static str,
}

const PASSWORD: &str = "amber-glass-demo";

/// One of each role.
pub const SAMPLE_STAFF: [SampleStaff; 4] = [
    SampleStaff { name: "Amy Lee", email: "amy@amberglass.example", role: Role::Agent, password: PASSWORD },
    SampleStaff { name: "Leo Brandt", email: "leo@amberglass.example", role: Role::Lead, password: PASSWORD },
    SampleStaff { name: "Sana Okoye", email: "sana@amberglass.example", role: Role::Security, password: PASSWORD },
    SampleStaff { name: "Ada Nowak", email: "ada@amberglass.example", role: Role::Admin, password: PASSWORD },
];
