//! How figures are told: each beside its peer's and what was aimed at.

/// The best that a ratio or figure may be.
pub(crate) enum Aim {
    /// Of ours to the peer's.
    Ratio(f64),
    /// Of ours.
    Most(f64),
    /// None: it is told.
    None,
}

/// Prints one figure.
pub(crate) fn figure(what: &str, unit: &str, ours: f64, peer: Option<(&str, f64)>, aim: &Aim) {
    let number = |value: f64| match value {
        value if value >= 1000.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.3}"),
    };
    let ratio = peer.map(|(_, peer)| ours / peer);
    let beside = match (peer, ratio) {
        (Some((name, peer)), Some(ratio)) => {
            format!("; {name} {} {unit}; ratio {ratio:.2}", number(peer))
        }
        _ => String::new(),
    };
    let judged = |met: bool, aim: String| {
        let word = if met { "met" } else { "MISSED" };
        format!("; aim {aim}: {word}")
    };
    let aim = match (aim, ratio) {
        (Aim::Ratio(most), Some(ratio)) => judged(ratio <= *most, format!("≤ {most} of it")),
        (Aim::Most(most), _) => judged(ours <= *most, format!("≤ {most} {unit}")),
        _ => String::new(),
    };
    println!("{what}: {} {unit}{beside}{aim}", number(ours));
}
