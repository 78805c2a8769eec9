//! Which photographs go into which part: each picture once, no person in two parts, as many of each class.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use polars::prelude::{Column, DataFrame, NamedFrom, Series, df};

use super::{AgeClassesConfig, PERSON, empty};
use crate::{
    data::{
        SplitConfig,
        age_ranges::age_class,
        cacd,
        detection::LABEL,
        distinct::once,
        folder::spread,
        labelled::take,
        split::{Matched, matched_rows},
        utkface,
    },
    error::{Error, Result},
};

/// Rows of the training, validation and test parts.
pub(super) type Parts = [Vec<usize>; 3];

/// The files to read, and where each goes: the parts of one split, or those of several folds.
pub(super) struct Planned<P> {
    /// One row a file to read, with its `path`.
    pub files: DataFrame,
    /// Columns that students see.
    pub shown: &'static [&'static str],
    /// Where they go.
    pub parts: P,
}

/// Columns of UTKFace that students see.
const UTKFACE_COLUMNS: &[&str] = &[LABEL, "age", "gender", "race", PERSON, "content_hash"];

/// The faces of both age classes in UTKFace, and all pairs of them matched on gender × code, stratum after stratum.
fn utkface_pairs(folder: &Path, config: &AgeClassesConfig) -> Result<(DataFrame, Vec<Matched>)> {
    let scanned = utkface::correct(&utkface::scan(folder)?)?;
    let ages: Vec<Option<i32>> = scanned.column("age")?.i32()?.iter().collect();
    let genders: Vec<Option<u8>> = scanned.column("gender")?.u8()?.iter().collect();
    let races: Vec<Option<u8>> = scanned.column("race")?.u8()?.iter().collect();
    let labels: Vec<Option<u8>> = ages.iter().map(|age| age.and_then(age_class)).collect();
    // Copies whose names disagree are worth nothing.
    let said = |row: usize| (labels[row], genders[row], races[row]);
    let rows = once(&scanned, (0..scanned.height()).collect(), |one, other| {
        said(one) == said(other)
    })?;
    let rows: Vec<usize> = rows
        .into_iter()
        .filter(|&row| labels[row].is_some())
        .collect();
    let mut faces = take(&scanned, &rows)?;
    let labels: Vec<u8> = rows.iter().filter_map(|&row| labels[row]).collect();
    faces.with_column(Column::from(Series::new(LABEL.into(), labels)))?;
    let pairs = matched_rows(&faces, LABEL, &["gender", "race"], config.seed)?;
    Ok((faces, pairs))
}

/// UTKFace: matched on gender × code, as many pairs in each part as wanted, or in the same proportions.
pub(super) fn utkface(folder: &Path, config: &AgeClassesConfig) -> Result<Planned<Parts>> {
    let (faces, pairs) = utkface_pairs(folder, config)?;
    let wanted = [config.train, config.validation, config.test];
    let total: usize = wanted.iter().sum();
    // Pairs stand stratum after stratum: each keeps its share of them.
    let pairs = spread(pairs, Some(total));
    let strata: Vec<u32> = pairs.iter().map(|pair| pair.stratum).collect();
    let share = |images: usize| images as f64 / total as f64;
    let parts = SplitConfig::new()
        .with_shares(share(wanted[1]), share(wanted[2]))
        .with_stratify(&["stratum"])
        .with_seed(config.seed)
        .split(&df!("stratum" => strata)?)?;
    let rows = [parts.train, parts.validation, parts.test].map(|part| of_pairs(&pairs, &part));
    // Nobody is known: each picture has a number of its own.
    let numbers = |files: &DataFrame| Ok((0..files.height() as u32).collect());
    plan(&faces, &rows, UTKFACE_COLUMNS, numbers)?.ok_or_else(|| no_pairs(folder))
}

/// UTKFace whole: the files of every matched pair, and the parts of each fold, whose tests share no picture and together
/// are all of them.
pub(super) fn utkface_folds(
    folder: &Path,
    config: &AgeClassesConfig,
    folds: usize,
) -> Result<Planned<Vec<Parts>>> {
    let (faces, pairs) = utkface_pairs(folder, config)?;
    let share = config.validation as f64 / (config.train + config.validation) as f64;
    // Within a stratum pairs stand as they were drawn: one in so many is as good as any.
    let of_fold = |fold: usize| (0..pairs.len()).filter(move |pair| pair % folds == fold);
    let mut dealt = Vec::with_capacity(folds);
    for fold in 0..folds {
        let learnt: Vec<usize> = (0..pairs.len())
            .filter(|pair| pair % folds != fold)
            .collect();
        let strata: Vec<u32> = learnt.iter().map(|&pair| pairs[pair].stratum).collect();
        let parts = SplitConfig::new()
            .with_shares(share, 0.0)
            .with_stratify(&["stratum"])
            .with_seed(config.seed)
            .split(&df!("stratum" => strata)?)?;
        let within = |part: &[usize]| part.iter().map(|&at| learnt[at]).collect::<Vec<_>>();
        // The files stand pair after pair, two of each.
        let files = |pairs: Vec<usize>| -> Vec<usize> {
            pairs
                .into_iter()
                .flat_map(|pair| [2 * pair, 2 * pair + 1])
                .collect()
        };
        let rows = [
            files(within(&parts.train)),
            files(within(&parts.validation)),
            files(of_fold(fold).collect()),
        ];
        if rows.iter().any(Vec::is_empty) {
            return Err(no_pairs(folder));
        }
        dealt.push(rows);
    }
    let rows: Vec<usize> = pairs.iter().flat_map(|pair| pair.rows.clone()).collect();
    let mut files = take(&faces, &rows)?;
    let numbers: Vec<u32> = (0..files.height() as u32).collect();
    files.with_column(Column::from(Series::new(PERSON.into(), numbers)))?;
    Ok(Planned {
        files,
        shown: UTKFACE_COLUMNS,
        parts: dealt,
    })
}

fn no_pairs(folder: &Path) -> Error {
    empty(
        "les âges de 20 à 26 ans et de 52 à 62 ans",
        folder,
        "Il faut des visages des deux âges, de même genre et de même code, pour chacune des trois parties",
    )
}

/// CACD, prepared: the test part is its folder `test`, the validation part is taken from its folder `train`.
pub(super) fn cacd(folder: &Path, config: &AgeClassesConfig) -> Result<Planned<Parts>> {
    if !folder.join("train").is_dir() || !folder.join("test").is_dir() {
        return Err(Error::FolderMissing {
            what: "CACD, partagé en « train » et « test »".to_owned(),
            path: folder.join("train"),
            remedy: "Préparez-le avec : cargo tp data import DOSSIER --jeu cacd".to_owned(),
        });
    }
    let scanned = cacd::scan(folder)?;
    let files = scanned.column("file")?.str()?;
    let places: Vec<Option<(usize, u8)>> = files.iter().map(|file| file.and_then(place)).collect();
    let of_side = |side: usize| -> Vec<usize> {
        let within = |row: &usize| places[*row].is_some_and(|(of, _)| of == side);
        (0..places.len()).filter(within).collect()
    };
    // A picture that is in both is one of the test.
    let same_class = |one: usize, other: usize| match (places[one], places[other]) {
        (Some((_, one)), Some((_, other))) => one == other,
        _ => false,
    };
    let rows = once(&scanned, [of_side(1), of_side(0)].concat(), same_class)?;
    let identities: Vec<Option<&str>> = scanned.column("identity")?.str()?.iter().collect();
    let of_test = |row: usize| places[row].is_some_and(|(side, _)| side == 1);
    let tested: HashSet<&str> = rows
        .iter()
        .filter(|&&row| of_test(row))
        .filter_map(|&row| identities[row])
        .collect();
    let rows: Vec<usize> = rows
        .into_iter()
        .filter(|&row| of_test(row) || identities[row].is_none_or(|who| !tested.contains(who)))
        .collect();
    let mut faces = take(&scanned, &rows)?;
    let labels: Vec<u8> = rows
        .iter()
        .filter_map(|&row| places[row].map(|(_, class)| class))
        .collect();
    faces.with_column(Column::from(Series::new(LABEL.into(), labels)))?;

    let (test, train): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|&at| of_test(rows[at]));
    let learnt = config.train.saturating_add(config.validation);
    let parts = SplitConfig::new()
        .with_shares(config.validation as f64 / learnt as f64, 0.0)
        .with_stratify(&[LABEL])
        .with_together(&["identity"])
        .with_seed(config.seed)
        .split(&take(&faces, &train)?)?;
    let within = |part: &[usize]| -> Vec<usize> { part.iter().map(|&row| train[row]).collect() };
    let balanced = |rows: &[usize], most: usize| -> Result<Vec<usize>> {
        let mut pairs = matched_rows(&take(&faces, rows)?, LABEL, &[], config.seed)?;
        pairs.truncate(most);
        let every: Vec<usize> = (0..pairs.len()).collect();
        Ok(of_pairs(&pairs, &every)
            .into_iter()
            .map(|row| rows[row])
            .collect())
    };
    let rows = [
        balanced(&within(&parts.train), config.train)?,
        balanced(&within(&parts.validation), config.validation)?,
        balanced(&test, config.test)?,
    ];
    plan(&faces, &rows, &[LABEL, "age", PERSON, "content_hash"], people)?.ok_or_else(|| {
        empty(
            "CACD",
            folder,
            "Il faut des images des deux classes dans « train » et dans « test », de personnes différentes",
        )
    })
}

/// The side (0 for training, 1 for test) and the class of a file of the prepared folder.
fn place(file: &str) -> Option<(usize, u8)> {
    let mut folders = file.split('/');
    let side = match folders.next()? {
        "train" => 0,
        "test" => 1,
        _ => return None,
    };
    let class = match folders.next()? {
        "0" => 0,
        "1" => 1,
        _ => return None,
    };
    folders.next().map(|_| (side, class))
}

/// The rows of some pairs, sorted.
fn of_pairs(pairs: &[Matched], chosen: &[usize]) -> Vec<usize> {
    let mut rows: Vec<usize> = chosen
        .iter()
        .flat_map(|&pair| pairs[pair].rows.clone())
        .collect();
    rows.sort_unstable();
    rows
}

/// The files of the parts, part after part, with the number of each person; `None` when a part is empty.
fn plan(
    faces: &DataFrame,
    rows: &Parts,
    shown: &'static [&'static str],
    people: impl Fn(&DataFrame) -> Result<Vec<u32>>,
) -> Result<Option<Planned<Parts>>> {
    if rows.iter().any(Vec::is_empty) {
        return Ok(None);
    }
    let mut files = take(faces, &rows.concat())?;
    let numbers = people(&files)?;
    files.with_column(Column::from(Series::new(PERSON.into(), numbers)))?;
    let mut first = 0;
    let parts = std::array::from_fn(|part| {
        let from = first;
        first += rows[part].len();
        (from..first).collect()
    });
    Ok(Some(Planned {
        files,
        shown,
        parts,
    }))
}

/// A number for each identity, in the order in which they come; whom no name tells has a number of their own.
fn people(files: &DataFrame) -> Result<Vec<u32>> {
    let mut numbers = HashMap::new();
    let mut next = 0;
    let identities = files.column("identity")?.str()?;
    let mut new = || {
        next += 1;
        next - 1
    };
    Ok(identities
        .iter()
        .map(|identity| match identity {
            Some(who) => *numbers.entry(who.to_owned()).or_insert_with(&mut new),
            None => new(),
        })
        .collect())
}
