//! CACD → the folders of the « young or old » lab: `train/0`, `train/1`, `test/0`, `test/1`.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use image::RgbImage;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use rayon::prelude::*;

use super::{
    CacdName,
    plan::{FOLDERS, PARTIAL, Planned, take_over},
};
use crate::{
    data::{
        age_ranges::AGE_CLASSES,
        decode::{Outcome, read_picture},
        folder::list_pictures,
        options::LoadOptions,
    },
    error::{Error, Result},
};

/// Pictures written between two reports.
const CHUNK: usize = 256;

/// What is made from CACD.
#[derive(Debug, Clone, PartialEq)]
pub struct YoungOldConfig {
    /// Ages of class 0. Default: 20 to 26.
    pub young: RangeInclusive<i32>,
    /// Ages of class 1. Default: 52 to 62.
    pub old: RangeInclusive<i32>,
    /// Training pictures of each class, at most. Default: 20,000.
    pub train: usize,
    /// Test pictures of each class, at most. Default: 4,000.
    pub test: usize,
    /// Side of the pictures, in pixels. Default: 100.
    pub side: usize,
    /// Seed of the draw of people. Default: 42.
    pub seed: u64,
}

impl Default for YoungOldConfig {
    fn default() -> Self {
        Self {
            young: AGE_CLASSES[0].clone(),
            old: AGE_CLASSES[1].clone(),
            train: 20_000,
            test: 4_000,
            side: 100,
            seed: 42,
        }
    }
}

/// What [`YoungOldConfig::write`] made; classes are 0 and 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YoungOldReport {
    /// Training pictures of each class that are in the result.
    pub train: [usize; 2],
    /// Test pictures of each class that are in the result.
    pub test: [usize; 2],
    /// Pictures that could not be read: they are in none.
    pub unreadable: usize,
}

impl YoungOldConfig {
    /// Writes JPEG files under `out` from the pictures under `dir`, named as CACD names them. A person is on one
    /// side only, training or test, whatever their age in the picture. Files that are there already are kept: an
    /// interrupted writing is finished by the same call. Who is on which side depends on all the names: what a call with
    /// other names or settings wrote there is removed first. `progress` is told how many are done, of how many.
    ///
    /// # Errors
    /// Those of reading `dir`; [`Error::FolderEmpty`] when no name has one of the ages; [`Error::DataFile`] when `out` holds
    /// pictures that no such call wrote; [`Error::Io`] when a file cannot be written.
    pub fn write(
        &self,
        dir: &Path,
        out: &Path,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<YoungOldReport> {
        let options = LoadOptions::new().with_size(self.side, self.side);
        options.check()?;
        let plan = self.plan(list_pictures("CACD", dir)?);
        if plan.is_empty() {
            return Err(Error::FolderEmpty {
                what: "CACD".to_owned(),
                path: dir.to_path_buf(),
                remedy: "Aucun nom de fichier ne suit âge_prénom_nom_numéro.jpg avec un âge voulu"
                    .to_owned(),
            });
        }
        for folder in FOLDERS {
            let folder = out.join(folder);
            fs::create_dir_all(&folder)
                .map_err(|error| Error::io("créer le dossier", &folder, error))?;
        }
        take_over(out, self.side, &plan)?;
        let counts: [[AtomicUsize; 2]; 2] = Default::default();
        let unreadable = AtomicUsize::new(0);
        for (done, chunk) in plan.chunks(CHUNK).enumerate() {
            progress(done * CHUNK, plan.len());
            chunk.par_iter().try_for_each(|planned| -> Result<()> {
                let target = out.join(&planned.target);
                if !target.is_file() {
                    match read_picture(&dir.join(&planned.source), &options) {
                        Outcome::Picture(picture) => save(picture.rgb, self.side, &target)?,
                        Outcome::Unreadable(_) | Outcome::Unreachable(_) | Outcome::Ignored => {
                            unreadable.fetch_add(1, Ordering::Relaxed);
                            return Ok(());
                        }
                    }
                }
                counts[planned.side][planned.class].fetch_add(1, Ordering::Relaxed);
                Ok(())
            })?;
        }
        progress(plan.len(), plan.len());
        let [train, test] = counts.map(|side| side.map(AtomicUsize::into_inner));
        Ok(YoungOldReport {
            train,
            test,
            unreadable: unreadable.into_inner(),
        })
    }

    /// Which files go where.
    fn plan(&self, files: Vec<PathBuf>) -> Vec<Planned> {
        // Pictures of each class by person, everything in a fixed order; a name met twice is one picture.
        let mut people: BTreeMap<String, [Vec<PathBuf>; 2]> = BTreeMap::new();
        let mut names = HashSet::new();
        for file in files {
            let name = CacdName::parse(&file.file_name().unwrap_or_default().to_string_lossy());
            let (Some(age), Some(identity)) = (name.age, name.identity) else {
                continue;
            };
            let class = match age {
                age if self.young.contains(&age) => 0,
                age if self.old.contains(&age) => 1,
                _ => continue,
            };
            if names.insert(file.file_stem().unwrap_or_default().to_owned()) {
                people.entry(identity).or_default()[class].push(file);
            }
        }
        let mut people: Vec<[Vec<PathBuf>; 2]> = people.into_values().collect();
        people.shuffle(&mut StdRng::seed_from_u64(self.seed));

        // The test side takes its share of what there is, so that a small copy of CACD has both sides.
        let available: [usize; 2] =
            std::array::from_fn(|class| people.iter().map(|person| person[class].len()).sum());
        let share = self.test as f64 / (self.test + self.train).max(1) as f64;
        let wanted = available.map(|count| self.test.min((count as f64 * share).round() as usize));
        let mut plan = Vec::new();
        let mut counts = [[0; 2]; 2];
        for person in people {
            let needed =
                |class: usize| !person[class].is_empty() && counts[1][class] < wanted[class];
            let side = usize::from(needed(0) || needed(1));
            let (folder, most) = match side {
                0 => ("train", [self.train; 2]),
                _ => ("test", wanted),
            };
            for (class, files) in person.into_iter().enumerate() {
                for source in files {
                    // What exceeds the number is left out: it may not go to the other side.
                    if counts[side][class] == most[class] {
                        break;
                    }
                    counts[side][class] += 1;
                    let name = source.file_name().unwrap_or_default();
                    let target = Path::new(folder).join(class.to_string()).join(name);
                    plan.push(Planned {
                        source,
                        target: target.with_extension("jpg"),
                        side,
                        class,
                    });
                }
            }
        }
        plan
    }
}

/// Writes a square picture as JPEG; it appears whole or not at all.
fn save(rgb: Vec<u8>, side: usize, target: &Path) -> Result<()> {
    let failed = |error| Error::io("écrire l'image", target, error);
    let side = side as u32;
    let image = RgbImage::from_raw(side, side, rgb)
        .ok_or_else(|| failed(std::io::ErrorKind::InvalidData.into()))?;
    let mut bytes = std::io::Cursor::new(Vec::new());
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
    image
        .write_with_encoder(encoder)
        .map_err(|error| failed(std::io::Error::other(error)))?;
    let partial = target.with_extension(PARTIAL);
    fs::write(&partial, bytes.into_inner())
        .and_then(|()| fs::rename(&partial, target))
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// 40 people: half with ten pictures at 23, half with ten at 55; one person has both; others are 40.
    fn files() -> Vec<PathBuf> {
        let mut files = Vec::new();
        for person in 0..40 {
            for picture in 0..10 {
                let age = if person % 2 == 0 { 23 } else { 55 };
                files.push(PathBuf::from(format!("{age}_P{person}_X_{picture:04}.jpg")));
            }
        }
        files.extend((0..5).map(|picture| PathBuf::from(format!("60_P0_X_1{picture:03}.jpg"))));
        files.extend((0..5).map(|picture| PathBuf::from(format!("40_P1_X_1{picture:03}.jpg"))));
        files
    }

    #[test]
    fn people_are_on_one_side_and_numbers_are_kept() {
        let config = YoungOldConfig {
            train: 100,
            test: 25,
            ..YoungOldConfig::default()
        };
        let plan = config.plan(files());
        assert_eq!(counts(&plan), [[100, 100], [25, 25]]);
        assert_eq!(plan.len(), 250);
        let person = |planned: &Planned| {
            let name = planned.source.to_str().unwrap().to_owned();
            name.split('_').nth(1).unwrap().to_owned()
        };
        let side = |name: &str| -> HashSet<String> {
            let within = plan
                .iter()
                .filter(|planned| planned.target.starts_with(name));
            within.map(person).collect()
        };
        assert!(side("train").is_disjoint(&side("test")));
        for planned in &plan {
            let class = if planned.target.parent().unwrap().ends_with("0") {
                "23_"
            } else {
                "5"
            };
            let name = planned.source.to_str().unwrap();
            assert!(
                name.starts_with(class) || (class == "5" && name.starts_with("60_")),
                "{planned:?}"
            );
        }
        assert_eq!(config.plan(files()), plan);
        // The same names in another folder are the same pictures.
        let mut twice = files();
        twice.extend(files().iter().map(|file| Path::new("z").join(file)));
        assert_eq!(config.plan(twice), plan);
    }

    fn counts(plan: &[Planned]) -> [[usize; 2]; 2] {
        let mut counts = [[0; 2]; 2];
        for planned in plan {
            counts[planned.side][planned.class] += 1;
        }
        counts
    }

    #[test]
    fn a_small_copy_has_both_sides() {
        let [train, test] = counts(&YoungOldConfig::default().plan(files()));
        // A sixth of 200 and of 205, in whole people cut at the number wanted.
        assert_eq!(test, [33, 34]);
        assert!(train[0] >= 150 && train[1] >= 150, "{train:?}");
    }

    #[test]
    fn pictures_are_written_once() {
        let root = std::env::temp_dir().join(format!("visages-cacd-{}", std::process::id()));
        let source = root.join("source");
        fs::create_dir_all(&source).unwrap();
        for (index, file) in files().iter().enumerate() {
            let image = RgbImage::from_pixel(12, 12, image::Rgb([index as u8; 3]));
            image.save(source.join(file)).unwrap();
        }
        fs::write(source.join("23_P2_X_0000.jpg"), b"x").unwrap();
        let config = YoungOldConfig {
            side: 10,
            ..YoungOldConfig::default()
        };
        let out = root.join("cacd");
        let mut last = (0, 0);
        let report = config
            .write(&source, &out, |done, total| last = (done, total))
            .unwrap();
        assert_eq!(last.0, last.1);
        assert_eq!(report.unreadable, 1);
        let written = walk(&out);
        // What is counted is what is there.
        let counted: usize = report.train.iter().chain(&report.test).sum();
        assert_eq!(written.len(), counted);
        let image = image::open(&written[0]).unwrap();
        assert_eq!((image.width(), image.height()), (10, 10));
        fs::remove_file(&written[0]).unwrap();
        assert_eq!(config.write(&source, &out, |_, _| {}).unwrap(), report);
        assert_eq!(walk(&out), written);
        let nobody = root.join("nobody");
        fs::create_dir_all(&nobody).unwrap();
        fs::write(nobody.join("x.jpg"), b"x").unwrap();
        assert!(config.write(&nobody, &out, |_, _| {}).is_err());
        fs::remove_dir_all(&root).unwrap();
    }

    /// People of a side of the result.
    fn people(out: &Path, side: &str) -> HashSet<String> {
        let person = |file: PathBuf| {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            name.split('_').nth(1).unwrap().to_owned()
        };
        walk(&out.join(side)).into_iter().map(person).collect()
    }

    #[test]
    fn other_people_make_another_result() {
        let root = std::env::temp_dir().join(format!("visages-cacd-plan-{}", std::process::id()));
        let (source, out) = (root.join("source"), root.join("cacd"));
        fs::create_dir_all(&source).unwrap();
        let image = RgbImage::from_pixel(12, 12, image::Rgb([9; 3]));
        let add = |person: usize| {
            for age in [23, 55] {
                let file = format!("{age}_P{person}_X_0001.jpg");
                image.save(source.join(file)).unwrap();
            }
        };
        let config = YoungOldConfig {
            side: 10,
            ..YoungOldConfig::default()
        };
        (0..30).for_each(add);
        config.write(&source, &out, |_, _| {}).unwrap();
        let before = people(&out, "test");
        // A file that was being written when the power went.
        fs::write(out.join("train/0/23_P1_X_0001.partiel"), b"x").unwrap();

        (30..60).for_each(add);
        let report = config.write(&source, &out, |_, _| {}).unwrap();
        let (train, test) = (people(&out, "train"), people(&out, "test"));
        assert!(train.is_disjoint(&test), "{train:?} {test:?}");
        assert_eq!(train.len() + test.len(), 60);
        // Otherwise this test would show nothing.
        assert!(!before.is_subset(&test), "{before:?} {test:?}");
        let counted: usize = report.train.iter().chain(&report.test).sum();
        assert_eq!(walk(&out).len(), counted);

        // Pictures that came otherwise are neither mixed in nor removed.
        let foreign = out.join("test/1/55_P1_X_0099.jpg");
        fs::write(&foreign, b"x").unwrap();
        let error = config.write(&source, &out, |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("55_P1_X_0099.jpg"), "{error}");
        fs::remove_file(out.join(".plan")).unwrap();
        assert!(config.write(&source, &out, |_, _| {}).is_err());
        assert!(foreign.is_file() && walk(&out).len() == counted + 1);
        fs::remove_dir_all(&root).unwrap();
    }

    fn walk(out: &Path) -> Vec<PathBuf> {
        let files = list_pictures("cacd", out).unwrap();
        files.into_iter().map(|file| out.join(file)).collect()
    }
}
