//! Chains of corrections and retractions, each written as `id`, `id>corrected`, `id!retracted`; `~` in front is not
//! told yet, `@x` behind is another area. They are recorded in the order given.

use super::*;

fn link(offset: usize, text: &str) -> Link {
    let told = !text.starts_with('~');
    let (text, area) = text.trim_start_matches('~').split_once('@').unwrap_or((text.trim_start_matches('~'), "here"));
    let (id, supersedes, retracts) = match (text.split_once('>'), text.split_once('!')) {
        (Some((id, target)), _) => (id, Some(target), None),
        (_, Some((id, target))) => (id, None, Some(target)),
        _ => (text, None, None),
    };
    Link {
        event_id: id.to_owned(),
        position: (Some(0), 0, 0, offset as i64),
        area: area.to_owned(),
        supersedes: supersedes.map(str::to_owned),
        retracts: retracts.map(str::to_owned),
        told,
    }
}

/// Facts in force, in order; retractions bring none and are left out.
fn in_force(events: &str) -> String {
    let links: Vec<Link> = events.split_whitespace().enumerate().map(|(at, text)| link(at, text)).collect();
    let fates = resolve(&links);
    let standing = links.iter().filter(|l| l.retracts.is_none() && l.told && !fates.contains_key(l.event_id.as_str()));
    standing.map(|l| l.event_id.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn who_is_in_force() {
    for (events, expected) in [
        ("a", "a"),
        ("a b>a", "b"),
        ("a b>a c>b", "c"),
        // The last recorded of two corrections wins, whatever corrects the other one later.
        ("a b>a c>a", "c"),
        ("a b>a c>a d>b", "c"),
        // Retracting a correction revives what it replaced.
        ("a b>a r!b", "a"),
        ("a b>a c>b r!c", "b"),
        ("a b>a c>a r!c", "b"),
        ("a b>a c>b r!c s!b", "a"),
        // Taken back in the middle, the later correction stays the last word.
        ("a b>a c>b r!b", "c"),
        ("a b>a r!a", "b"),
        ("a r!a", ""),
        ("a b>a r!a s!b", ""),
        // A retraction can be taken back, too.
        ("a r!a s!r", "a"),
        ("a r!a s!r t!s", ""),
        ("a b>a r!b s!r", "b"),
        // What arrives before its target waits for it; order of arrival then does not matter.
        ("b>a", ""),
        ("b>a c>b", ""),
        ("b>a a", "b"),
        ("r!a a", ""),
        // Nobody changes across a border.
        ("a b>a@there", "a"),
        ("a r!a@there", "a"),
        ("a b>a@there c>b@there", "a"),
        // Rings change nothing.
        ("a>b b>a", ""),
        ("a>a", ""),
        ("r!s s!r a", "a"),
        ("r!r a", "a"),
        // What had not been told yet does not count, but what it replaced is known.
        ("a ~b>a", "a"),
        ("~a b>a", "b"),
        ("a ~b>a c>b", "c"),
        ("a ~r!a", "a"),
    ] {
        assert_eq!(in_force(events), expected, "{events}");
    }
}

#[test]
fn a_fate_names_the_other_event() {
    let links: Vec<Link> =
        "a b>a c>b r!b d>x e>c@there".split_whitespace().enumerate().map(|(at, text)| link(at, text)).collect();
    let fates = resolve(&links);
    assert_eq!(fates.get("a"), Some(&Fate::Corrected("c".into())));
    assert_eq!(fates.get("b"), Some(&Fate::Retracted("r".into())));
    assert_eq!(fates.get("c"), None);
    assert_eq!(fates.get("d"), Some(&Fate::Waiting("x".into())));
    assert_eq!(fates.get("e"), Some(&Fate::OtherArea("c".into())));
}

#[test]
fn long_chains_need_no_deep_stack() {
    let mut links = vec![link(0, "e0")];
    links.extend((1..100_000).map(|at| link(at, &format!("e{at}>e{}", at - 1))));
    links.push(link(100_000, "r0!e99999"));
    links.extend((1..100_000).map(|at| link(100_000 + at, &format!("r{at}!r{}", at - 1))));
    // An even number of retractions on top of each other: the last correction stands.
    let fates = resolve(&links);
    assert_eq!(fates.get("e0"), Some(&Fate::Corrected("e99999".into())));
    assert!(!fates.contains_key("e99999"));
}
