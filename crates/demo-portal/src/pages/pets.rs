//! The animals, as their groomers know them.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use maud::html;

use super::{Section, View, appointments, frame};
use crate::{format, identity::Viewer, portal::Shared};

pub(crate) async fn show(State(shared): State<Arc<Shared>>, viewer: Viewer) -> Response {
    match View::new(&shared, viewer) {
        Ok(view) => page(&view),
        Err(refusal) => refusal,
    }
}

fn page(view: &View) -> Response {
    let upcoming = appointments::upcoming(view);
    let content = html! {
        h1 { "Your pets" }
        div class="pets" {
            @for pet in &view.customer.pets {
                @let next = upcoming.iter().find(|visit| visit.pet == pet.id);
                section class="card pet" {
                    img src=(pet.look.path()) alt={ "Drawing of " (pet.name) ", a " (pet.species.word()) } width="148" height="148";
                    div class="pet-words" {
                        h2 { (pet.name) }
                        p class="quiet" {
                            (pet.breed) " · " (pet.age_years) @if pet.age_years == 1 { " year" } @else { " years" }
                            " · " (format::weight(pet.weight_hectograms))
                        }
                        dl {
                            dt { "Coat" } dd { (pet.coat_care) }
                            dt { "From the groomer’s card" } dd { (pet.groomer_note) }
                            dt { "Next visit" }
                            dd {
                                @if let Some(next) = next {
                                    (next.service) ", " (format::day(next.at)) " at " (format::time(next.at))
                                } @else {
                                    a href="/appointments#book" { "Book one for " (pet.name) }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    frame(view, Section::Pets, "Your pets", None, content)
}
