//! Stopping one portal, and letting it go on.

use amberglass_app::{
    Command,
    view::{ActionKind, ConnectionView, UiErrorCode},
};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    PortalId,
    auth::{PortalResponse, StoppedPortalResponse},
    problem::ErrorCode,
};

use crate::{
    approving::until_done,
    backend::{FakeServer, GATEWAY, State},
    world::World,
};

const WHY: &str = "It shows customers other people's invoices";

impl State {
    pub fn portal(&self) -> PortalResponse {
        PortalResponse {
            id: PortalId::new("barkside"),
            name: self.portal_name.clone(),
            gateway_origin: GATEWAY.into(),
            active: self.stopped_portals.is_empty(),
            unmasks: !self.masked.is_empty(),
        }
    }
}

impl FakeServer {
    pub fn switched(&self, portal: &PortalId, reason: Option<&str>) -> PortalResponse {
        let stopped_at = self.clock.now();
        self.with(|state| {
            state.stopped_portals = reason
                .map(|reason| StoppedPortalResponse { portal: portal.clone(), reason: reason.into(), stopped_at })
                .into_iter()
                .collect();
            state.portal()
        })
    }
}

#[tokio::test]
async fn a_portal_is_stopped_and_let_go_on_with_a_reason() {
    let world = World::online().await;
    let portal = PortalId::new("barkside");
    world.handle.command(Command::StopPortal { portal: portal.clone(), reason: "now".into() });
    let refused = until_done(&world, ActionKind::StopPortal).await.error.unwrap();
    assert_eq!(refused.code, UiErrorCode::Server(ErrorCode::ReasonTooShort));
    assert!(world.logged("stop_portal(").is_empty());
    world.handle.command(Command::StopPortal { portal: portal.clone(), reason: format!("  {WHY} ") });
    let view = world.until("stopped", |view| !view.stopped_portals.is_empty()).await;
    assert_eq!((view.stopped_portals[0].reason.as_str(), view.portals[0].active), (WHY, false));
    assert_eq!(world.logged("stop_portal("), [format!("stop_portal(barkside, {WHY})")]);
    world.handle.command(Command::LiftPortal { portal, reason: "The invoices are right again".into() });
    let view = world.until("goes on", |view| view.stopped_portals.is_empty()).await;
    assert!(view.portals[0].active);
}

#[tokio::test]
async fn stopping_a_portal_is_tried_however_bad_the_line_is_said_to_be() {
    let world = World::online().await;
    world.server.set_online(false);
    world.clock.advance_seconds(6);
    world.until("offline", |view| matches!(view.connection, ConnectionView::Offline { .. })).await;
    let portal = PortalId::new("barkside");
    world.handle.command(Command::LiftPortal { portal: portal.clone(), reason: WHY.into() });
    until_done(&world, ActionKind::LiftPortal).await.error.unwrap();
    world.handle.command(Command::StopPortal { portal, reason: WHY.into() });
    until_done(&world, ActionKind::StopPortal).await.error.unwrap();
    assert_eq!((world.logged("lift_portal(").len(), world.logged("stop_portal(").len()), (0, 1));
}
