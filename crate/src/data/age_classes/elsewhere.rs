//! Faces that come from somewhere else than those of the lab: what a network is worth outside of its own data set.

use std::path::Path;

use polars::prelude::{Column, IdxCa, IdxSize, IntoLazy, NamedFrom, Series, col};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use tp_protocol::data_sets::FAIRFACE;

use super::{LABEL, Labelled};
use crate::{
    data::{DrawnPeopleConfig, LoadOptions, fairface},
    error::{Error, Result},
};

/// How hard the drawings of elsewhere are: harder than those of the lab, whose default
/// [`AgeClassesConfig`](super::AgeClassesConfig) tells.
const DIFFICULTY: f64 = 0.9;
/// Added to the seed of the lab: other people.
const OTHER_PEOPLE: u64 = 7_919;
/// The ranges of FairFace that come nearest to the two classes: ages 20–29, then 50–59 and 60–69.
const RANGES: [(&str, u8); 3] = [("20-29", 0), ("50-59", 1), ("60-69", 1)];

/// `count` drawn people whom no lab of this seed has met, one picture each, taken in worse conditions; as many of both
/// classes, one after the other.
///
/// # Errors
/// [`Error::Argument`] for less than two people, and those of [`DrawnPeopleConfig::labelled`].
pub fn drawn_elsewhere(count: usize, side: usize, seed: u64) -> Result<Labelled> {
    if count < 2 {
        return Err(Error::argument("count", count, "au moins deux visages"));
    }
    DrawnPeopleConfig::new()
        .with_people(count / 2 * 2)
        .with_shots(1)
        .with_side(side)
        .with_seed(seed.wrapping_add(OTHER_PEOPLE))
        .with_difficulty(DIFFICULTY)
        .labelled()
}

/// `count` photographs of FairFace, as many of both classes, drawn with `seed`: the table gives ranges, 20–29 against 50–69,
/// which are wider than those of the lab. `None` without FairFace under the data folder `root`.
///
/// # Errors
/// Those of [`fairface::scan`] and of [`Labelled::read`]; [`Error::FolderEmpty`] when a class has no photograph.
pub fn fairface_elsewhere(
    root: &Path,
    count: usize,
    load: &LoadOptions,
    seed: u64,
) -> Result<Option<Labelled>> {
    let Some(folder) = FAIRFACE.find(root) else {
        return Ok(None);
    };
    let files = fairface::scan(&folder)?;
    let usable = col("issue")
        .is_null()
        .and(col("content_hash").is_not_null());
    let files = files
        .lazy()
        .filter(usable.and(col("age_group").is_not_null()));
    let files = files.sort(["file"], Default::default()).collect()?;
    let ranges = files.column("age_group")?.str()?;
    let mut of_class: [Vec<IdxSize>; 2] = Default::default();
    for (row, range) in (0..).zip(ranges.iter()) {
        if let Some((_, class)) = RANGES.iter().find(|(name, _)| range == Some(*name)) {
            of_class[usize::from(*class)].push(row);
        }
    }
    let each = (count / 2).min(of_class[0].len()).min(of_class[1].len());
    if each == 0 {
        return Err(Error::FolderEmpty {
            what: "FairFace".to_owned(),
            path: folder,
            remedy: "Il y faut des photos des tranches 20-29 et 50-59 ou 60-69 ans".to_owned(),
        });
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for (class, mut members) in (0_u8..).zip(of_class) {
        members.shuffle(&mut rng);
        rows.extend(members.into_iter().take(each));
        labels.extend(std::iter::repeat_n(class, each));
    }
    let mut chosen = files.take(&IdxCa::from_vec("row".into(), rows))?;
    chosen.with_column(Column::from(Series::new(LABEL.into(), labels)))?;
    let images = Labelled::read(&chosen, load)?;
    let shown = images.frame().select([LABEL, "age_group"])?;
    Labelled::new(images.images().clone(), shown).map(Some)
}

#[cfg(test)]
mod tests {
    use polars::prelude::lit;

    use super::*;

    #[test]
    fn both_classes_are_there_and_nobody_is_met_twice() {
        let faces = drawn_elsewhere(5, 32, 42).unwrap();
        assert_eq!(faces.len(), 4);
        let ones = faces
            .frame()
            .clone()
            .lazy()
            .filter(col(LABEL).eq(lit(1_u8)));
        assert_eq!(ones.collect().unwrap().height(), 2);
        assert!(drawn_elsewhere(1, 32, 42).is_err());
        let own = super::super::AgeClassesConfig::new().with_images(2, 2, 2);
        let own = own
            .with_load(LoadOptions::default().with_size(32, 32))
            .drawn()
            .unwrap();
        let hash = faces.images().content_hash().unwrap();
        assert_ne!(
            hash,
            own.train.head(4).unwrap().images().content_hash().unwrap()
        );
        let none = fairface_elsewhere(Path::new("/nowhere"), 4, &LoadOptions::default(), 1);
        assert!(none.unwrap().is_none());
    }
}
