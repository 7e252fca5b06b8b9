//! The API is what its document says.

use std::{collections::BTreeSet, panic::catch_unwind, path::Path};

use amberglass_wire::{
    portal::{CustomerSessionListResponse, CustomerSessionResponse},
    problem::ErrorCode,
};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json as value};

use crate::world::{
    JANE, REASON, SANA, World,
    document::{check, document, followed, misfit, operations},
    extend_request, json, start_request,
};

/// `AMBERGLASS_WRITE_OPENAPI=1 cargo test -p amberglass-server openapi` writes it.
#[test]
fn the_committed_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let expected = amberglass_server::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("AMBERGLASS_WRITE_OPENAPI").is_some_and(|value| value == "1") {
        std::fs::write(&path, &expected).unwrap();
    }
    // A checkout on Windows may have turned the line ends.
    let found = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let same = found.lines().zip(expected.lines()).take_while(|(found, expected)| found == expected).count();
    let advice = "run AMBERGLASS_WRITE_OPENAPI=1 cargo test -p amberglass-server openapi";
    assert!(found == expected, "docs/openapi.json is out of date from line {} on: {advice}", same + 1);
}

#[test]
fn every_operation_says_what_it_is_who_may_call_it_and_how_it_refuses() {
    let names = |pointer: &str, key: &str| -> BTreeSet<&str> {
        let listed = document().pointer(pointer).unwrap();
        match listed.as_object() {
            Some(listed) => listed.keys().map(String::as_str).collect(),
            None => listed.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap()).collect(),
        }
    };
    let (schemes, tags) = (names("/components/securitySchemes", ""), names("/tags", "name"));
    let mut ids = BTreeSet::new();
    for operation in operations() {
        let id = operation.id();
        assert!(ids.insert(id), "{id} is there twice");
        let says = operation.says;
        assert!(says["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{id} has no summary");
        let tag = says["tags"][0].as_str().unwrap();
        assert!(tags.contains(tag), "{id}: {tag}");
        let expected = match tag {
            "staff" => Some("staff"),
            "device" => Some("device_signature"),
            "portal" => Some("portal_key"),
            _ => (id == "sign_out").then_some("staff"),
        };
        assert_eq!(operation.security(), expected, "{id}");
        assert!(operation.security().is_none_or(|scheme| schemes.contains(scheme)), "{id}");
        let in_path: BTreeSet<&str> =
            operation.path.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
        assert_eq!(operation.parameters("path").collect::<BTreeSet<_>>(), in_path, "{id}");
        let statuses: Vec<u16> =
            says["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect();
        assert!(statuses.iter().any(|status| *status < 400), "{id} never answers");
        let problems = statuses
            .iter()
            .filter(|status| operation.answer(**status).unwrap()["content"].get("application/problem+json").is_some());
        assert!(problems.count() > 0, "{id} names no problem");
        for status in statuses.into_iter().filter(|status| *status >= 400) {
            let answer = operation.answer(status).unwrap();
            for (kind, content) in answer["content"].as_object().unwrap() {
                match kind.as_str() {
                    "application/problem+json" => {
                        assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem");
                        assert!(!answer["x-error-codes"].as_array().unwrap().is_empty(), "{id} {status}");
                    }
                    "text/html" => assert_eq!(tag, "sign-in", "{id}: people read pages, programs problems"),
                    other => panic!("{id} refuses in {other}"),
                }
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_nothing_stands_there_unused() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    references(document(), &mut found);
    for reference in &found {
        assert!(followed(&Value::from(*reference)).is_object(), "{reference}");
    }
    for kind in ["schemas", "responses"] {
        for name in document()["components"][kind].as_object().unwrap().keys() {
            // What a record's `body` holds as text is named in words.
            let is_used = found.contains(format!("#/components/{kind}/{name}").as_str()) || name == "EventBody";
            assert!(is_used, "nobody uses {kind}/{name}");
        }
    }
}

#[tokio::test]
async fn every_documented_endpoint_is_served_with_the_methods_that_are_documented() {
    let world = World::new().await;
    let served: Value =
        json(world.client.get(world.url("/v1/openapi.json")).send().await.unwrap(), StatusCode::OK).await;
    assert!(served == *document(), "the server gives the document that it was built with");
    for (path, item) in document()["paths"].as_object().unwrap() {
        let options = world.client.request(Method::OPTIONS, world.url(path)).send().await.unwrap();
        assert_eq!(options.status(), StatusCode::NO_CONTENT, "{path}");
        let allowed = options.headers()[header::ALLOW].to_str().unwrap().to_lowercase();
        let allowed: BTreeSet<&str> = allowed.split(',').filter(|method| *method != "head").collect();
        assert_eq!(allowed, item.as_object().unwrap().keys().map(String::as_str).collect(), "{path}");
    }
}

/// `json` holds each answer against its schema.
#[tokio::test]
async fn every_endpoint_that_answers_in_json_does_so_as_documented() {
    let world = World::new().await;
    let (mut amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    world.refresh(&mut amy).await;
    let key = &world.portal_key("barkside").await.secret;

    for path in ["/.well-known/jwks.json", "/v1/ready", "/v1/server", "/v1/openapi.json"] {
        json::<Value>(world.client.get(world.url(path)).send().await.unwrap(), StatusCode::OK).await;
    }
    let started = world.start(&amy).await;
    let id = &started.session.id;
    let entry = world.entry_request(&amy, id, &started.grant.unwrap());
    json::<Value>(world.try_enter(&amy, id, &entry).await, StatusCode::OK).await;
    json::<Value>(world.try_start(&amy, "key-1", &start_request(JANE)).await, StatusCode::OK).await;
    world.beat(&amy, id, 0).await;
    json::<Value>(world.try_extend(&amy, id, "key-2", &extend_request(60)).await, StatusCode::OK).await;
    world.session(&amy, id).await;
    crate::unmasking::list_and_show(&world, &amy, id).await;
    assert!(!world.trail(&amy, id).await.is_empty());
    let card = format!("/v1/portals/barkside/customers/{JANE}");
    let options = format!("/v1/start-options?portal=barkside&customer={JANE}");
    let lists = [
        "/v1/snapshot",
        "/v1/customers?portal=barkside&query=a",
        "/v1/sessions",
        "/v1/record/own",
        "/v1/devices",
        "/v1/reviews",
        "/v1/requests",
    ];
    for path in lists.into_iter().chain([card.as_str(), options.as_str()]) {
        json::<Value>(world.get(&amy, path).send().await.unwrap(), StatusCode::OK).await;
    }
    crate::journal::deliver_one(&world, &amy).await;

    let sessions = world.client.get(world.url("/v1/portal/sessions")).bearer_auth(key);
    let sessions: CustomerSessionListResponse = json(sessions.send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(sessions.sessions[0].id, *id);
    let end = world.client.post(world.url(&format!("/v1/portal/sessions/{id}/end"))).bearer_auth(key);
    json::<CustomerSessionResponse>(end.json(&value!({})).send().await.unwrap(), StatusCode::OK).await;
    world.end(&amy, id).await;
    crate::break_glass::use_and_review(&world, &amy, &sana).await;
    crate::approvals::ask_decide_and_withdraw(&world, &amy, &sana).await;
    for what in ["stop", "lift"] {
        json::<Value>(crate::portal_stop::switch(&world, &sana, what, REASON).await, StatusCode::OK).await;
    }
    for path in ["/v1/emergency-stop".to_owned(), format!("/v1/devices/{}/revoke", amy.tokens.device)] {
        let request = world.post(&sana, &path).json(&value!({ "reason": REASON }));
        json::<Value>(request.send().await.unwrap(), StatusCode::OK).await;
    }
    crate::alarms::look_at_one(&world, &amy, &sana).await;
    crate::elevation::ask_and_send_one().await;
    // With the stop in force.
    json::<Value>(world.get(&sana, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await;

    let documented: BTreeSet<String> =
        operations().filter(|operation| operation.gives_json()).map(|operation| operation.id().to_owned()).collect();
    assert_eq!(crate::world::document::seen(), documented);
}

#[test]
fn an_answer_that_is_not_as_documented_is_found() {
    let reason = value!({ "$ref": "#/components/schemas/Reason" });
    let whole = value!({ "code": "billing", "text": "Charged twice", "ticket": null });
    assert_eq!(misfit(&reason, &whole), None);
    for (field, wrong) in
        [("code", Some(value!(7))), ("text", None), ("ticket", Some(value!(false))), ("more", Some(value!(1)))]
    {
        let mut other = whole.clone();
        match wrong {
            Some(wrong) => other[field] = wrong,
            None => drop(other.as_object_mut().unwrap().remove(field)),
        }
        assert!(misfit(&reason, &other).is_some(), "{other}");
    }
    assert!(misfit(&value!({ "$ref": "#/components/schemas/Mode" }), &value!("write_only")).is_some());

    let problem = |code: ErrorCode| value!({ "type": "about:blank", "title": "x", "status": 404, "code": code, "reference": "00000000" });
    let snapshot: url::Url = "http://127.0.0.1/v1/snapshot".parse().unwrap();
    let session = snapshot.join("/v1/sessions/x").unwrap();
    let (kind, plain) = ("application/problem+json", "application/json");
    check(&session, 404, kind, &problem(ErrorCode::NotFound));
    let table = [
        (session.clone(), 404, kind, problem(ErrorCode::CustomerUnknown)),
        (session.clone(), 409, kind, problem(ErrorCode::NotFound)),
        (session.clone(), 404, plain, problem(ErrorCode::NotFound)),
        (session, 404, kind, value!({ "code": "not_found" })),
        (snapshot.clone(), 404, kind, problem(ErrorCode::NotFound)),
        (snapshot.join("/v1/nothing").unwrap(), 200, plain, value!({})),
    ];
    for (url, status, kind, body) in table {
        let found = catch_unwind(|| check(&url, status, kind, &body)).is_err();
        assert!(found, "{url} {status} {kind} {body}");
    }
}
