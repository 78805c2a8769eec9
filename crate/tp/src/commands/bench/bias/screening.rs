//! The map of the worlds: the gap that the control leaves in each, what the rules would draw there, and the choice of two.

use super::study::{Entry, Mechanism, Outcome, World};
use crate::statistics::mean;

/// Smallest gap, in parts of 1, of a world that may be chosen.
pub const LEAST_GAP: f64 = 0.15;
/// Enrichment that the lab's rule must reach once, for the choice to be made on it.
pub const LEAST_ENRICHMENT: f64 = 1.5;

/// What the control tells of a world, means over the seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub world: World,
    pub common: f64,
    pub rare: f64,
    pub gap: f64,
    /// The gap of each seed.
    pub gaps: Vec<f64>,
    pub true_share: f64,
    /// Drawn share of the rare ÷ their true share, by each rule.
    pub rule: f64,
    pub active: f64,
    pub product: f64,
    pub active_variables: f64,
    pub r_squared: f64,
}

/// Two worlds, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// World A: the largest enrichment.
    pub most: World,
    /// World B: the smallest one by the lab's rule.
    pub least: World,
    /// Whether A was chosen by the rule on active variables, because the lab's rule enriches nowhere.
    pub by_active: bool,
    /// Whether fewer than two worlds had the gap that the protocol asks for.
    pub few_gaps: bool,
}

/// Every world, by the control alone.
pub struct Screening {
    entries: Vec<Entry>,
    places: Vec<Place>,
}

impl Screening {
    pub fn new(entries: Vec<Entry>) -> Self {
        let places = World::ALL
            .into_iter()
            .filter_map(|world| place(world, &entries))
            .collect();
        Self { entries, places }
    }

    pub fn trials(&self) -> &[Entry] {
        &self.entries
    }

    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Machine time of the screening, in seconds.
    pub fn seconds(&self) -> f64 {
        self.entries.iter().map(|entry| entry.seconds).sum()
    }

    /// The protocol's choice; it looks at no resampled training.
    pub fn choice(&self) -> Choice {
        let rare: Vec<&Place> = self
            .places
            .iter()
            .filter(|place| !place.world.is_balanced())
            .collect();
        let mut eligible: Vec<&Place> = rare
            .iter()
            .copied()
            .filter(|place| place.gap >= LEAST_GAP)
            .collect();
        let few_gaps = eligible.len() < 2;
        if few_gaps {
            eligible = rare;
            eligible.sort_by(|a, b| b.gap.total_cmp(&a.gap));
            eligible.truncate(2);
        }
        let largest = |of: fn(&Place) -> f64| {
            eligible
                .iter()
                .copied()
                .reduce(|best, place| if of(place) > of(best) { place } else { best })
        };
        let by_active = largest(|place| place.rule).is_none_or(|best| best.rule < LEAST_ENRICHMENT);
        let most = match by_active {
            true => largest(|place| place.active),
            false => largest(|place| place.rule),
        };
        let most = most.map_or(World::ALL[0], |place| place.world);
        let least = eligible
            .iter()
            .copied()
            .filter(|place| place.world != most)
            .reduce(|best, place| if place.rule < best.rule { place } else { best })
            .map_or(World::ALL[1], |place| place.world);
        Choice {
            most,
            least,
            by_active,
            few_gaps,
        }
    }
}

fn place(world: World, entries: &[Entry]) -> Option<Place> {
    let own: Vec<&Outcome> = entries
        .iter()
        .filter(|entry| entry.trial.is_in(&world))
        .map(|entry| &entry.outcome)
        .collect();
    if own.is_empty() {
        return None;
    }
    let each =
        |of: &dyn Fn(&Outcome) -> f64| -> Vec<f64> { own.iter().map(|one| of(one)).collect() };
    let over = |of: &dyn Fn(&Mechanism, f64) -> f64| {
        let found = own.iter().filter_map(|outcome| {
            let mechanism = outcome.mechanism.as_ref()?;
            Some(of(mechanism, outcome.true_share()))
        });
        mean(&found.collect::<Vec<f64>>())
    };
    let gaps = each(&Outcome::gap);
    Some(Place {
        world,
        common: mean(&each(&|outcome| outcome.common.recall())),
        rare: mean(&each(&|outcome| outcome.rare.recall())),
        gap: mean(&gaps),
        gaps,
        true_share: mean(&each(&Outcome::true_share)),
        rule: over(&|mechanism, share| mechanism.rule / share),
        active: over(&|mechanism, share| mechanism.active / share),
        product: over(&|mechanism, share| mechanism.product / share),
        active_variables: over(&|mechanism, _| mechanism.active_variables as f64),
        r_squared: over(&|mechanism, _| mechanism.r_squared),
    })
}

#[cfg(test)]
mod tests {
    use super::super::study::{Arm, examples::entry};
    use super::*;

    /// Every world with a gap of `gap` people in 300 and an enrichment of 1, but for those that are named.
    fn screening(gap: usize, others: &[(usize, usize, f64)]) -> Screening {
        let entries = World::ALL.into_iter().enumerate().map(|(place, world)| {
            let own = others.iter().find(|(of, ..)| *of == place);
            let (gap, drawn) = own.map_or((gap, 1.0), |(_, gap, drawn)| (*gap, *drawn));
            entry(world, Arm::Uniform, 101, [290, 290 - gap], drawn)
        });
        Screening::new(entries.collect())
    }

    #[test]
    fn the_choice_is_between_worlds_with_a_gap() {
        // World 3 is enriched most, but has no gap; 5 and 8 have one.
        let found = screening(9, &[(3, 9, 9.0), (5, 60, 2.0), (8, 60, 1.2)]).choice();
        assert_eq!((found.most, found.least), (World::ALL[5], World::ALL[8]));
        assert!(!found.by_active && !found.few_gaps);
    }

    #[test]
    fn without_enrichment_the_active_variables_choose() {
        let found = screening(9, &[(5, 60, 1.4), (8, 60, 1.2), (9, 60, 1.3)]).choice();
        assert!(found.by_active);
        assert_eq!((found.most, found.least), (World::ALL[5], World::ALL[8]));
    }

    #[test]
    fn with_few_gaps_the_two_largest_are_taken() {
        let found = screening(9, &[(5, 60, 1.6), (8, 30, 1.2)]).choice();
        assert!(found.few_gaps);
        assert_eq!((found.most, found.least), (World::ALL[5], World::ALL[8]));
        // The balanced world is never chosen.
        let found = screening(9, &[(13, 90, 3.0), (5, 60, 1.6), (8, 30, 1.2)]).choice();
        assert_ne!(found.most, World::ALL[13]);
    }

    #[test]
    fn a_place_by_hand() {
        let found = screening(30, &[]);
        let place = &found.places()[0];
        assert!((place.gap - 0.1).abs() < 1e-12 && (place.rule - 1.0).abs() < 1e-12);
        assert!((place.active - 2.0).abs() < 1e-12);
        assert_eq!(found.seconds(), 14.0 * 60.0);
    }
}
