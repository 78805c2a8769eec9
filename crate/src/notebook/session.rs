//! The first cell of a lab: preset, device, data and seed, chosen once and said plainly.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use burn::tensor::Device;

use super::{
    data_source::{DataSource, SYNTHETIC},
    drawings,
    settings::{DATA_VARIABLE, IMAGES_VARIABLE, SessionBuilder},
    user_cache,
};
use crate::{
    data::{
        DetectionConfig, DetectionLoader, FAIRFACE_FOLDER, LoadOptions, Preset, SyntheticConfig,
        TestFaces, utkface::UTKFACE_FOLDERS,
    },
    device,
    error::{Error, Result},
};

/// The settings of a lab, in force in every cell.
///
/// ```
/// use visages::prelude::*;
/// let session = Session::builder("tp5").preset(Preset::Quick).device("flex").seed(7).open()?;
/// assert_eq!(session.seed(), 7);
/// # Ok::<(), visages::Error>(())
/// ```
#[derive(Clone)]
pub struct Session {
    pub(super) lab: String,
    pub(super) preset: Preset,
    pub(super) device: Device,
    pub(super) seed: u64,
    pub(super) max_images: Option<usize>,
    pub(super) data: DataSource,
}

impl Session {
    /// Opens the session of a lab (`"tp5"`) with the settings of the environment: `TP_PRESET`
    /// (default `seance`), `TP_DEVICE` (default: the fastest at hand), `TP_DONNEES` (default: the
    /// folder `data` of this folder or of one above, up to the repository's root, that holds a data
    /// set; else drawn images), `TP_GRAINE` (default 42). Seeds the device, and prints what was chosen.
    ///
    /// `TP_IMAGES` bounds the training images a class, for a slow device.
    /// `TP_DONNEES` is a folder, a file `train_face.h5`, or `synthetique` for drawn images. One that
    /// does not exist is no error here: [`data_dir`](Self::data_dir) tells.
    ///
    /// # Errors
    /// [`Error::Setting`] or [`Error::DeviceUnavailable`] for a setting that is not understood or
    /// cannot be met.
    pub fn open(lab: &str) -> Result<Session> {
        Self::builder(lab).open()
    }

    /// A session whose settings the cell gives itself, in part or all.
    pub fn builder(lab: &str) -> SessionBuilder {
        SessionBuilder::new(lab)
    }

    /// The lab's name.
    pub fn lab(&self) -> &str {
        &self.lab
    }

    /// How much is computed.
    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// The compute device, without autodiff.
    pub fn device(&self) -> Device {
        self.device.clone()
    }

    /// The seed of splits, batches and weights.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// This number of images of each kind, or the limit that `TP_IMAGES` sets when it is smaller: for what a lab
    /// draws by itself.
    pub fn at_most(&self, images: usize) -> usize {
        self.max_images.map_or(images, |max| images.min(max))
    }

    /// Whether images are drawn rather than read.
    pub fn is_synthetic(&self) -> bool {
        !matches!(self.data, DataSource::At(_))
    }

    /// The folder of the data sets; that of the file when the data are a `train_face.h5`.
    ///
    /// # Errors
    /// [`Error::DataRootMissing`] when images are drawn, [`Error::FolderMissing`] when the folder
    /// that was named does not exist.
    pub fn data_dir(&self) -> Result<PathBuf> {
        match &self.data {
            DataSource::At(path) if path.is_dir() => Ok(path.clone()),
            DataSource::At(path) if path.is_file() => {
                Ok(path.parent().unwrap_or(Path::new("/")).to_path_buf())
            }
            DataSource::At(path) => Err(Error::FolderMissing {
                what: "les données".to_owned(),
                path: path.clone(),
                remedy: format!(
                    "Corrigez {DATA_VARIABLE}, créez ce dossier, ou donnez-lui la valeur {SYNTHETIC} \
                     pour des visages dessinés"
                ),
            }),
            DataSource::Synthetic => Err(Error::DataRootMissing {
                searched: Vec::new(),
            }),
            DataSource::NotFound(searched) => Err(Error::DataRootMissing {
                searched: searched.clone(),
            }),
        }
    }

    /// Faces and non-faces for the detection labs, in the amount of the preset, split with the
    /// session's seed; prints how many there are. Reduced pictures are kept in the user's cache (`TP_CACHE`, else
    /// `~/.cache/tp-visages`), where the next session finds them. Drawn when there is no data set; see
    /// [`SyntheticConfig`].
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir), of [`DetectionConfig::init`] and of
    /// [`SyntheticConfig::detection_loader`].
    pub fn detection_loader(&self) -> Result<DetectionLoader> {
        let loader = match &self.data {
            DataSource::At(path) => {
                let mut config = DetectionConfig::for_preset(self.preset)
                    .with_seed(self.seed)
                    .with_load(real_pictures());
                if self.max_images.is_some() {
                    config = config.with_max_images(self.max_images);
                }
                let root = if path.is_file() {
                    path.clone()
                } else {
                    self.data_dir()?
                };
                config.init(&root)?
            }
            DataSource::Synthetic | DataSource::NotFound(_) => {
                let config = SyntheticConfig::for_preset(self.preset).with_seed(self.seed);
                let [faces, non_faces] = [config.faces, config.non_faces].map(|n| self.at_most(n));
                let config = config.with_images(faces, non_faces);
                println!(
                    "Visages dessinés (synthétiques), biaisés à dessein : {:.0} % ont la peau foncée (Fitzpatrick IV à VI), \
                     et l'appareil photo les sous-expose",
                    100.0 * config.dark_share
                );
                config.detection_loader()?
            }
        };
        println!("{loader}");
        Ok(loader)
    }

    /// The test faces of the debiasing lab, read beside the training data, or drawn.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir), of [`TestFaces::load`] and of
    /// [`SyntheticConfig::test_faces`].
    pub fn test_faces(&self) -> Result<TestFaces> {
        if !self.is_synthetic() {
            return TestFaces::load(&self.data_dir()?, &real_pictures());
        }
        let config = SyntheticConfig::for_preset(self.preset).with_seed(self.seed);
        println!(
            "Visages de test dessinés : {} par groupe (le laboratoire du MIT en a 5)",
            config.test_faces_per_group
        );
        config.test_faces()
    }

    /// The folder of UTKFace: that of the data, or one of drawn faces in the same format, with planted defects, made
    /// once in the user's cache. Prints which.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir); [`Error::FolderMissing`] when the data have no UTKFace; those of
    /// [`DrawnFacesConfig::write_utkface_folder`](crate::data::DrawnFacesConfig::write_utkface_folder);
    /// [`Error::Stopped`] for an interrupt, after which the drawing goes on
    /// where it was.
    pub fn utkface(&self) -> Result<PathBuf> {
        if self.is_synthetic() {
            return drawings::utkface(self.preset, self.seed);
        }
        let root = self.data_dir()?;
        let mut folders = UTKFACE_FOLDERS.iter().map(|name| root.join(name));
        let folder = folders
            .find(|folder| folder.is_dir())
            .ok_or_else(|| Error::FolderMissing {
                what: "UTKFace".to_owned(),
                path: root.join(UTKFACE_FOLDERS[0]),
                remedy: format!(
                    "Placez-y les images (voir data/README.md), ou donnez à {DATA_VARIABLE} la valeur {SYNTHETIC} pour des \
                     visages dessinés"
                ),
            })?;
        println!("UTKFace : {}", folder.display());
        Ok(folder)
    }

    /// The faces of FairFace by gender and origin; without that folder, says so and gives `None`.
    ///
    /// # Errors
    /// Those of [`TestFaces::fairface`].
    pub fn fairface(&self) -> Result<Option<TestFaces>> {
        let faces = match self.data_dir() {
            Ok(root) => TestFaces::fairface(&root, &real_pictures())?,
            Err(_) => None,
        };
        if faces.is_none() {
            println!(
                "FairFace n'est pas dans le dossier de données (sous-dossier « {FAIRFACE_FOLDER} ») : cette partie est sautée. \
                 Voyez data/README.md pour l'obtenir."
            );
        }
        Ok(faces)
    }
}

/// How the pictures of data sets are read: decoded once, then found in the user's cache.
fn real_pictures() -> LoadOptions {
    LoadOptions::default().with_cache(user_cache::images())
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Séance {} · préréglage « {} » · {} · graine {}",
            self.lab,
            self.preset,
            device::describe(&self.device),
            self.seed
        )?;
        if let Some(max) = self.max_images {
            writeln!(
                f,
                "Au plus {max} images de chaque sorte ({IMAGES_VARIABLE})"
            )?;
        }
        match (&self.data, self.data_dir()) {
            (DataSource::Synthetic, _) => write!(f, "Données : visages dessinés (synthétiques)"),
            (DataSource::NotFound(_), _) => write!(
                f,
                "Données : visages dessinés (synthétiques), faute de photos dans un dossier « data » ; \
                 voyez data/README.md"
            ),
            // The file, not the folder it is in.
            (DataSource::At(path), Ok(_)) => write!(f, "Données : {}", path.display()),
            (DataSource::At(_), Err(error)) => write!(f, "⚠ Données : {error}"),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{data_source::find_data, settings::tests::resolve},
        *,
    };

    #[test]
    fn data_are_searched_upward_to_the_root_of_the_repository() {
        let base = std::env::temp_dir().join(format!("visages-seance-{}", std::process::id()));
        let nested = base.join("depot/notebooks/etudiant");
        std::fs::create_dir_all(&nested).unwrap();
        std::fs::create_dir_all(base.join("data")).unwrap();
        std::fs::write(base.join("depot/Cargo.lock"), "").unwrap();
        // Beyond the root of the repository nothing is taken.
        let DataSource::NotFound(searched) = find_data(&nested) else {
            panic!("a folder outside the repository was taken");
        };
        assert_eq!(searched.len(), 3);
        assert_eq!(searched[2], base.join("depot/data"));

        // A folder that holds no data set is not enough; a part of one is.
        let data = base.join("depot/data");
        std::fs::create_dir(&data).unwrap();
        assert!(matches!(find_data(&nested), DataSource::NotFound(_)));
        std::fs::create_dir(data.join("visages")).unwrap();
        assert_eq!(find_data(&nested), DataSource::At(data.clone()));
        std::fs::remove_dir(data.join("visages")).unwrap();
        std::fs::write(data.join("train_face.h5"), "").unwrap();
        assert_eq!(find_data(&nested), DataSource::At(data));
        std::fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn drawings_are_asked_for_by_name() {
        for word in ["synthetique", "Synthétique", "/ailleurs/synthetique"] {
            let session = resolve(Session::builder("tp5"), &[(DATA_VARIABLE, word)]).unwrap();
            assert!(session.is_synthetic(), "{word}");
            assert!(
                session
                    .to_string()
                    .contains("visages dessinés (synthétiques)")
            );
            let message = session.data_dir().unwrap_err().to_string();
            assert!(message.contains("visages dessinés"), "{message}");
        }
        let session = resolve(Session::builder("tp5"), &[(DATA_VARIABLE, "autre")]).unwrap();
        assert!(!session.is_synthetic());
    }

    #[test]
    fn a_file_stands_for_its_folder() {
        let folder = std::env::temp_dir().join(format!("visages-fichier-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("mes_visages.h5");
        std::fs::write(&file, "").unwrap();
        let session = resolve(Session::builder("tp5").data_dir(&file), &[]).unwrap();
        assert_eq!(session.data_dir().unwrap(), folder);
        assert!(session.to_string().ends_with("mes_visages.h5"));
        let message = session.detection_loader().unwrap_err().to_string();
        assert!(message.contains("il est vide"), "{message}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
