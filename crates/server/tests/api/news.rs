//! What security is told of.

use amberglass_server::{accounts, portals, sessions};
use amberglass_wire::{
    PortalId,
    audit::EventDetail,
    auth::{Role, SnapshotResponse},
    event_stream::ServerEvent,
    news::NewsResponse,
    problem::ErrorCode,
};
use reqwest::StatusCode;

use crate::{
    events::{Stream, is_heartbeat},
    journal::{Journal, deliver},
    world::{ADA, AMY, Console, LEO, PASSWORD, REASON, SANA, World, device_of, json, problem},
};

async fn news(world: &World, console: &Console) -> Vec<NewsResponse> {
    json::<SnapshotResponse>(world.get(console, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await.news
}

fn kinds(news: &[NewsResponse]) -> Vec<&str> {
    news.iter().map(|one| one.kind.as_str()).collect()
}

#[tokio::test]
async fn security_and_admins_are_told_of_each_change_and_nobody_else_is() {
    let world = World::new().await;
    let (sana, amy) = (world.sign_in(SANA, 1).await, world.sign_in(AMY, 2).await);
    let (leo, ada) = (world.sign_in(LEO, 3).await, world.sign_in(ADA, 4).await);
    let before = news(&world, &sana).await.len();
    let operator = world.operator().await;
    let barkside = PortalId::new("barkside");
    let kim = operator.accounts.add("Kim Extra", "kim@amberglass.example", Role::Agent, PASSWORD).await.unwrap();
    assert!(operator.accounts.set_role(&kim, Role::Lead, false).await.unwrap());
    operator.accounts.set_password(&kim, PASSWORD).await.unwrap();
    assert!(operator.accounts.set_active(&kim, false).await.unwrap());
    assert!(operator.accounts.set_active(&kim, true).await.unwrap());
    let key = portals::add_key(&operator, &barkside, "production").await.unwrap();
    assert!(portals::revoke_key(&operator, &key.id).await.unwrap());
    assert!(portals::disable(&operator, &barkside, REASON).await.unwrap());
    assert!(portals::enable(&operator, &barkside).await.unwrap());
    assert!(sessions::stop_as_operator(&operator, REASON).await.unwrap());
    assert!(sessions::lift_as_operator(&operator).await.unwrap());
    operator.close().await;
    let state = world.server().state();
    accounts::devices::revoke(state, &device_of(&amy), &sana.tokens.staff.id, REASON).await.unwrap();

    let told = news(&world, &sana).await;
    assert_eq!(
        kinds(&told[..told.len() - before]),
        [
            "device_revoked",
            "emergency_stop_lifted",
            "emergency_stopped",
            "portal_enabled",
            "portal_disabled",
            "portal_key_revoked",
            "portal_key_added",
            "staff_enabled",
            "staff_disabled",
            "password_changed",
            "staff_role_changed",
            "staff_added",
        ]
    );
    let (revoked, role) = (&told[0], &told[10]);
    assert_eq!(
        (revoked.device_name.as_deref(), revoked.by_name.as_deref()),
        (Some("Amy's laptop"), Some("Sana Okoye"))
    );
    assert_eq!((revoked.by.as_ref(), role.by.as_ref()), (Some(&sana.tokens.staff.id), None));
    assert_eq!((role.staff_name.as_deref(), role.by_name.as_deref()), (Some("Kim Extra"), None));
    let Some(EventDetail::StaffRoleChanged { from, to, by: None }) = &role.detail else { panic!("{role:?}") };
    assert_eq!((from.as_str(), to.as_str()), ("agent", "lead"));
    assert_eq!((told[4].portal_name.as_deref(), told[2].staff_name.as_deref()), (Some("Barkside"), None));
    // Their own beginning: the policy, the sample staff, the devices.
    for kind in ["policy_changed", "staff_added", "device_registered"] {
        assert!(kinds(&told[told.len() - before..]).contains(&kind), "{kind}");
    }
    assert_eq!(kinds(&news(&world, &ada).await), kinds(&told));
    assert!(news(&world, &leo).await.is_empty());
}

#[tokio::test]
async fn who_may_see_them_hears_of_changes_within_half_a_second_whoever_made_them() {
    let world = World::new().await;
    let (sana, leo) = (world.sign_in(SANA, 1).await, world.sign_in(LEO, 2).await);
    // Past the look that finds both of them signed in.
    world.clock.advance_seconds(1);
    let mut leos = Stream::open(&world, &leo).await;
    let mut sanas = Stream::open(&world, &sana).await;
    assert!(is_heartbeat(&sanas.next().await) && is_heartbeat(&leos.next().await));
    let operator = world.operator().await;
    operator.accounts.add("Kim Extra", "kim@amberglass.example", Role::Agent, PASSWORD).await.unwrap();
    operator.close().await;
    world.clock.advance_millis(500);
    assert_eq!(sanas.next().await, Some(ServerEvent::SnapshotChanged));
    assert_eq!(news(&world, &sana).await[0].kind, "staff_added");
    world.clock.advance_millis(1500);
    assert!(is_heartbeat(&leos.next().await), "it is not for them");
}

#[tokio::test]
async fn the_newest_fifty_of_the_last_seven_days_are_told() {
    let world = World::new().await;
    let sana = world.sign_in(SANA, 1).await;
    let operator = world.operator().await;
    let barkside = PortalId::new("barkside");
    for _ in 0..26 {
        assert!(portals::disable(&operator, &barkside, REASON).await.unwrap());
        assert!(portals::enable(&operator, &barkside).await.unwrap());
    }
    operator.close().await;
    let told = news(&world, &sana).await;
    assert_eq!((told.len(), told[0].kind.as_str()), (50, "portal_enabled"));
    assert!(told.iter().all(|one| one.kind.starts_with("portal_")));
    world.clock.advance_seconds(7 * 24 * 60 * 60 + 1);
    let sana = world.sign_in(SANA, 1).await;
    assert!(news(&world, &sana).await.iter().all(|one| !one.kind.starts_with("portal_")));
}

#[tokio::test]
async fn no_console_makes_up_what_security_is_told() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let before = news(&world, &sana).await;
    let reason = crate::world::start_request(crate::world::JANE).reason;
    let by = amy.tokens.staff.id.clone();
    for detail in [
        EventDetail::PolicyChanged { from: None, to: "0".repeat(64) },
        EventDetail::BreakGlassUsed { emergency: REASON.into(), reason },
        EventDetail::BreakGlassReviewed {
            by,
            outcome: amberglass_wire::break_glass::ReviewOutcome::Justified,
            note: REASON.into(),
        },
    ] {
        let record = Journal::of(&amy).append(None, detail);
        let answer = deliver(&world, &amy, &[record]).await;
        problem(answer, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::JournalInvalid).await;
    }
    assert_eq!(news(&world, &sana).await, before);
}
