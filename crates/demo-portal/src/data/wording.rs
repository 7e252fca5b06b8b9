//! Sentences of the sample data.

use super::model::Species;

/// Breed and how its coat is cared for. The first ones decide the ears of the drawing by their place.
pub(super) fn breeds(species: Species) -> &'static [(&'static str, &'static str)] {
    match species {
        Species::Dog => &[
            ("Cocker Spaniel", "Silky coat, brushed through every visit; ears kept short inside"),
            ("Border Collie", "Double coat, de-shedded in spring and autumn"),
            ("Miniature Poodle", "Lamb trim, 12 mm body, round feet"),
            ("Beagle", "Short coat, bath and a rubber brush"),
            ("Welsh Corgi", "Double coat, trousers tidied, never clipped"),
            ("Bichon Frise", "Scissored round, face kept open"),
        ],
        Species::Cat => &[
            ("Tabby", "Short coat, brushed; no bath unless asked for"),
            ("Maine Coon", "Long coat, combed out, belly and trousers checked for knots"),
            ("Ragdoll", "Semi-long coat, combed; sanitary trim"),
        ],
        Species::Rabbit => &[
            ("Holland Lop", "Brushed by hand, nails trimmed, never bathed"),
            ("Lionhead", "Mane combed out, nails trimmed, never bathed"),
            ("Dutch rabbit", "Brushed by hand, nails trimmed"),
        ],
    }
}

pub(super) const NOTES: [&str; 8] = [
    "Loves the warm towel. Give it first.",
    "Nervous of the dryer: use the quiet room.",
    "Knows the treat jar and will ask for it.",
    "Left front paw is ticklish, go slowly.",
    "Best in the morning, sleepy after lunch.",
    "Stands like a statue. A dream on the table.",
    "Likes to hold the brush. Bring two.",
    "Prefers Mira, but warms up to everyone.",
];

pub(super) const WISHES: [&str; 5] = [
    "",
    "Please keep the fringe a little longer.",
    "",
    "Short for the summer, please.",
    "Allergic to lavender shampoo.",
];

/// Subject and body of the salon's messages; `{pet}` and `{name}` are filled in.
pub(super) const FROM_SALON: [(&str, &str); 6] = [
    (
        "{pet} did wonderfully today",
        "Hello {name},\n\n{pet} was a star today. We found two small knots behind the ears and brushed them out \
         gently; a minute with the wide comb every other day keeps them away.\n\nSee you next time,\nMira",
    ),
    (
        "A quieter hour for {pet}",
        "Hello {name},\n\nyou told us that {pet} does not care for noise. On Tuesdays before ten we keep the dryers \
         off and the radio low. Tell us if you would like your next visit moved there.\n\nWarmly,\nEdith",
    ),
    (
        "Your reminder: time for a trim",
        "Hello {name},\n\nit has been seven weeks since {pet} was here. Most coats like ours are happiest every six to \
         eight. You can book whenever it suits you under Appointments.\n\nThe Barkside team",
    ),
    (
        "New: oat and honey shampoo",
        "Hello {name},\n\nwe have changed our gentle shampoo to one made with oat and honey, without perfume. Nothing \
         to do for you. If {pet} has had trouble with oats before, write back and we keep the old one on the shelf.\n\n\
         The Barkside team",
    ),
    (
        "About your last invoice",
        "Hello {name},\n\nthe teeth clean on your last invoice was booked by us and should have been free of charge. We \
         have taken it off already; the sum you see is the right one.\n\nSorry for the bother,\nJonah",
    ),
    (
        "Holiday opening hours",
        "Hello {name},\n\nwe close at two on the last working day before a public holiday and open again the morning \
         after it. If {pet} needs a spot before then, book early: those days fill up first.\n\nThe Barkside team",
    ),
];

pub(super) const FROM_CUSTOMER: [(&str, &str); 3] = [
    (
        "Can {pet} come a little earlier?",
        "Hi, would nine instead of half past ten work for {pet}? I start work at eleven. Thank you, {name}",
    ),
    ("Sore paw", "Hello, {pet} cut a paw in the garden. It is healing, but please mind it at the nail trim. {name}"),
    ("Thank you", "{pet} came home smelling of biscuits and has been strutting about all afternoon. Thank you! {name}"),
];
