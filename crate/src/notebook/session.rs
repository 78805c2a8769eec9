//! The first cell of a lab: preset, device, data and seed, chosen once and said plainly.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use burn::tensor::Device;

use tp_protocol::{
    class::ClassLine,
    data_sets::{CELEBA, DRAWINGS, DataSet, FAIRFACE, IMAGENETTE, PPB, TRAIN_FACE, UTKFACE},
};

use super::{
    data_source::{Choice, DataSource, present},
    drawings,
    settings::{DATA_VARIABLE, IMAGES_VARIABLE, SessionBuilder, Settings},
    user_cache,
};
use crate::{
    data::{
        DetectionConfig, DetectionLoader, LoadOptions, Preset, TestFaces, WorldConfig,
        keep_drawings_in,
    },
    device,
    error::{Error, Result},
    french::format_number,
};

/// What the debiasing lab needs. A detector trained on photographs is not tested on drawings: one of them there, all must be.
const DETECTION: [DataSet; 4] = [CELEBA, IMAGENETTE, TRAIN_FACE, PPB];

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
    pub(super) settings: Settings,
}

impl SessionBuilder {
    /// Opens the session; see [`Session::open`].
    ///
    /// # Errors
    /// Those of [`Session::open`].
    pub fn open(self) -> Result<Session> {
        let settings = self.resolve(|variable| {
            std::env::var_os(variable).map(|value| value.to_string_lossy().into_owned())
        })?;
        device::share_this_thread();
        settings.device.seed(settings.seed);
        keep_drawings_in(user_cache::drawings());
        let session = Session { settings };
        println!("{session}");
        Ok(session)
    }
}

impl Session {
    /// Opens the session of a lab (`"tp5"`) with the settings of the environment: `TP_PRESET`
    /// (default `seance`), `TP_DEVICE` (default: the fastest at hand), `TP_DONNEES` (default: the
    /// folder `data` of this folder or of one above, up to the repository's root, that holds a data
    /// set), `TP_GRAINE` (default 42). Seeds the device, and prints what was chosen.
    ///
    /// `TP_IMAGES` bounds the training images a class, for a slow device.
    /// `TP_DONNEES` is a folder, a file `train_face.h5`, or `synthetique` for drawn images everywhere. One that
    /// does not exist is no error here: [`data_dir`](Self::data_dir) tells.
    ///
    /// A data set that is not in the folder is drawn; each method that gives images says what they are.
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
        &self.settings.lab
    }

    /// How much is computed.
    pub fn preset(&self) -> Preset {
        self.settings.preset
    }

    /// The compute device, without autodiff.
    pub fn device(&self) -> Device {
        self.settings.device.clone()
    }

    /// The seed of splits, batches and weights.
    pub fn seed(&self) -> u64 {
        self.settings.seed
    }

    /// Prints the line that the class pools with `cargo tp classe`: the lab, the seed, and each measure by its name. A
    /// name may end with the model in parentheses, « rappel rare (CNN) »: models are then compared seed by seed.
    ///
    /// # Errors
    /// [`Error::Argument`] when there is no measure, for a name that holds a semicolon, or a value that is not a finite number.
    pub fn class_line(&self, measures: &[(&str, f64)]) -> Result<()> {
        println!("{}", self.class_text(measures)?);
        Ok(())
    }

    fn class_text(&self, measures: &[(&str, f64)]) -> Result<String> {
        if measures.is_empty() {
            return Err(Error::argument(
                "measures",
                "liste vide",
                "au moins une mesure et son nom",
            ));
        }
        let measures = measures.iter();
        let line = ClassLine {
            lab: self.settings.lab.clone(),
            seed: self.settings.seed,
            measures: measures
                .map(|&(name, value)| (name.to_owned(), value))
                .collect(),
        };
        line.encode()
            .map_err(|reason| Error::argument("measures", "une mesure", reason))
    }

    /// This number of images of each kind, or the limit that `TP_IMAGES` sets when it is smaller: for what a lab
    /// draws by itself.
    pub fn at_most(&self, images: usize) -> usize {
        self.settings
            .max_images
            .map_or(images, |max| images.min(max))
    }

    /// The folder of the data sets; that of the file when the data are a `train_face.h5`.
    ///
    /// # Errors
    /// [`Error::DataRootMissing`] when images are drawn, [`Error::FolderMissing`] when the folder
    /// that was named does not exist.
    pub fn data_dir(&self) -> Result<PathBuf> {
        match &self.settings.data {
            DataSource::At(path) if path.is_dir() => Ok(path.clone()),
            DataSource::At(path) if path.is_file() => {
                Ok(path.parent().unwrap_or(Path::new("/")).to_path_buf())
            }
            DataSource::At(path) => Err(Error::FolderMissing {
                what: "les données".to_owned(),
                path: path.clone(),
                remedy: format!(
                    "Corrigez {DATA_VARIABLE}, créez ce dossier, ou donnez-lui la valeur {DRAWINGS} \
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

    /// The drawn detection set of this session, where drawings take the place of photographs.
    pub(super) fn drawn_detection(&self) -> Option<WorldConfig> {
        match self.settings.data.choose(&DETECTION) {
            Choice::Photographs(_) => None,
            Choice::Drawings(_) => {
                let config = drawings::detection(self.settings.preset, self.settings.seed);
                let [faces, non_faces] = [config.faces, config.non_faces].map(|n| self.at_most(n));
                Some(config.with_images(faces, non_faces))
            }
        }
    }

    /// Faces and non-faces for the detection labs, in the amount of the preset, split with the
    /// session's seed; prints what they are and how many. Reduced pictures and drawings are kept in the user's cache
    /// (`TP_CACHE`, else `~/.cache/tp-visages`), where the next session finds them. Drawn when none of the data sets of the
    /// lab is there; see [`WorldConfig`](crate::data::WorldConfig).
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir), of [`DetectionConfig::init`] and of
    /// [`WorldConfig::detection_loader`](crate::data::WorldConfig::detection_loader).
    pub fn detection_loader(&self) -> Result<DetectionLoader> {
        let loader = match self.settings.data.choose(&DETECTION) {
            Choice::Photographs(path) => {
                let mut config = DetectionConfig::for_preset(self.settings.preset)
                    .with_seed(self.settings.seed)
                    .with_load(real_pictures());
                if self.settings.max_images.is_some() {
                    config = config.with_max_images(self.settings.max_images);
                }
                let root = match path.is_file() {
                    true => path,
                    false => self.data_dir()?,
                };
                println!(
                    "Visages et images sans visage : des photos, de {}",
                    root.display()
                );
                config.init(&root)?
            }
            Choice::Drawings(why) => {
                let config = drawings::detection(self.settings.preset, self.settings.seed);
                let [faces, non_faces] = [config.faces, config.non_faces].map(|n| self.at_most(n));
                let config = config.with_images(faces, non_faces);
                println!("Visages et images sans visage : des dessins{why}.");
                config.detection_loader()?
            }
        };
        println!("{loader}");
        Ok(loader)
    }

    /// The test faces of the debiasing lab: read beside the training data, or drawn when these are. Prints which.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir), of [`TestFaces::load`] and of
    /// [`WorldConfig::test_faces`](crate::data::WorldConfig::test_faces).
    pub fn test_faces(&self) -> Result<TestFaces> {
        match self.settings.data.choose(&DETECTION) {
            Choice::Photographs(_) => {
                let root = self.data_dir()?;
                let faces = TestFaces::load(&root, &real_pictures())?;
                println!(
                    "Visages de test : {} photos, de {}",
                    faces.len(),
                    root.display()
                );
                Ok(faces)
            }
            Choice::Drawings(why) => {
                let faces =
                    drawings::detection(self.settings.preset, self.settings.seed).test_faces()?;
                println!(
                    "Visages de test : des dessins{why}, {} par groupe (le laboratoire du MIT en a 5)",
                    faces.groups[0].images.len()
                );
                Ok(faces)
            }
        }
    }

    /// The folder of UTKFace: that of the data, or one of drawn faces in the same format, with planted defects, made
    /// once in the user's cache for all labs. Prints which.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir) and of
    /// [`DrawnFacesConfig::write_utkface_folder`](crate::data::DrawnFacesConfig::write_utkface_folder);
    /// [`Error::Stopped`] for an interrupt, after which the drawing goes on
    /// where it was.
    pub fn utkface(&self) -> Result<PathBuf> {
        let why = match self.settings.data.choose(&[UTKFACE]) {
            Choice::Photographs(_) => {
                let root = self.data_dir()?;
                let folder = UTKFACE.find(&root).unwrap_or(root);
                println!("UTKFace : des photos, de {}", folder.display());
                return Ok(folder);
            }
            Choice::Drawings(why) => why,
        };
        let (folder, files) = drawings::utkface(self.settings.preset, self.settings.seed)?;
        println!(
            "UTKFace : des dessins au même format{why}, avec des défauts placés exprès ({} fichiers)",
            format_number(files as f64, 0)
        );
        Ok(folder)
    }

    /// The faces of FairFace by gender and origin; without that folder, says so and gives `None`: nothing is drawn in their
    /// place.
    ///
    /// # Errors
    /// Those of [`TestFaces::fairface`].
    pub fn fairface(&self) -> Result<Option<TestFaces>> {
        let faces = match self.data_dir() {
            Ok(root) => TestFaces::fairface(&root, &real_pictures())?,
            Err(_) => None,
        };
        match &faces {
            Some(faces) => println!("FairFace : {} photos", format_number(faces.len() as f64, 0)),
            None => println!(
                "FairFace n'est pas dans le dossier de données (sous-dossier « {} ») : cette partie ne s'exécute pas. \
                 Voyez data/README.md pour l'obtenir.",
                FAIRFACE.place()
            ),
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
            self.settings.lab,
            self.settings.preset,
            device::describe(&self.settings.device),
            self.settings.seed
        )?;
        if self.settings.preset == Preset::Quick {
            writeln!(
                f,
                "Ce préréglage vérifie seulement que tout s'exécute : les réseaux y apprennent à peine."
            )?;
        }
        if let Some(max) = self.settings.max_images {
            writeln!(
                f,
                "Au plus {max} images de chaque sorte ({IMAGES_VARIABLE})"
            )?;
        }
        match (&self.settings.data, self.data_dir()) {
            (DataSource::Synthetic, _) => write!(f, "Données : visages dessinés (synthétiques)"),
            (DataSource::NotFound(_), _) => write!(
                f,
                "Données : visages dessinés (synthétiques), faute de photos dans un dossier « data » ; \
                 voyez data/README.md"
            ),
            // The file, not the folder it is in.
            (DataSource::At(path), Ok(_)) if path.is_file() => {
                write!(f, "Données : {}", path.display())
            }
            (DataSource::At(path), Ok(root)) => {
                let titles: Vec<&str> = present(&root).iter().map(|set| set.title).collect();
                match titles.is_empty() {
                    true => write!(
                        f,
                        "Données : visages dessinés (synthétiques), faute d'un jeu connu dans {} ; voyez data/README.md",
                        path.display()
                    ),
                    false => write!(
                        f,
                        "Données : {} (photos : {} ; des dessins remplacent ce qui n'y est pas)",
                        path.display(),
                        titles.join(", ")
                    ),
                }
            }
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
        super::settings::{DEFAULT_SEED, SEED_VARIABLE},
        *,
    };
    use crate::{data::PRESET_VARIABLE, device::DEVICE_VARIABLE};

    fn resolve(builder: SessionBuilder, environment: &[(&str, &str)]) -> Result<Session> {
        let settings = builder.resolve(|name| {
            environment
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| (*value).to_owned())
        })?;
        Ok(Session { settings })
    }

    #[test]
    fn a_bound_on_the_images_is_read_and_checked() {
        let bounded = resolve(Session::builder("tp5"), &[(IMAGES_VARIABLE, " 120 ")]).unwrap();
        assert_eq!(bounded.settings.max_images, Some(120));
        assert_eq!((bounded.at_most(800), bounded.at_most(100)), (120, 100));
        assert!(bounded.to_string().contains("Au plus 120 images"));
        for wrong in ["3", "beaucoup", "-1"] {
            let error = resolve(Session::builder("tp5"), &[(IMAGES_VARIABLE, wrong)]).unwrap_err();
            assert!(error.to_string().contains("TP_IMAGES"), "{error}");
        }
    }

    #[test]
    fn the_environment_gives_what_the_cell_leaves_out() {
        let environment = [
            (PRESET_VARIABLE, "rapide"),
            (DEVICE_VARIABLE, "ndarray"),
            (SEED_VARIABLE, " 9 "),
            (DATA_VARIABLE, "quelque part"),
        ];
        let session = resolve(Session::builder("tp5"), &environment).unwrap();
        assert_eq!(session.preset(), Preset::Quick);
        assert_eq!(session.seed(), 9);
        assert_eq!(session.device(), device::from_name("ndarray").unwrap());
        let message = session.data_dir().unwrap_err().to_string();
        assert!(message.contains("quelque part"), "{message}");
        assert!(message.contains("TP_DONNEES"), "{message}");
        assert!(session.to_string().contains("⚠ Données"));

        let builder = Session::builder("tp5")
            .preset(Preset::Full)
            .device("flex")
            .seed(3)
            .data_dir(std::env::temp_dir());
        let session = resolve(builder, &environment).unwrap();
        assert_eq!(session.preset(), Preset::Full);
        assert_eq!(session.seed(), 3);
        assert_eq!(session.device(), Device::flex());
        assert!(session.data_dir().unwrap().is_absolute());
        assert!(!session.device().is_autodiff());
    }

    #[test]
    fn the_line_of_a_pair_tells_lab_seed_and_measures() {
        let session = resolve(Session::builder("tp5").seed(12), &[]).unwrap();
        let text = session.class_text(&[("rappel rare (CNN)", 0.81), ("écart", -0.1)]);
        assert_eq!(
            text.unwrap(),
            "classe ; tp5 ; graine 12 ; rappel rare (CNN) 0,8100 ; écart −0,1000"
        );
        for wrong in [&[][..], &[("a ; b", 1.0)], &[("a", f64::NAN)]] {
            let message = session.class_text(wrong).unwrap_err().to_string();
            assert!(message.contains("measures"), "{message}");
        }
    }

    #[test]
    fn empty_variables_count_as_absent() {
        let empty = [
            (PRESET_VARIABLE, ""),
            (DEVICE_VARIABLE, " "),
            (SEED_VARIABLE, ""),
            (DATA_VARIABLE, ""),
        ];
        let session = resolve(Session::builder("tp5"), &empty).unwrap();
        assert_eq!(session.preset(), Preset::Session);
        assert_eq!(session.seed(), DEFAULT_SEED);
        assert!(
            session
                .to_string()
                .starts_with("Séance tp5 · préréglage « seance »")
        );
        assert!(!session.to_string().contains("apprennent à peine"));
        let quick = resolve(Session::builder("tp5"), &[(PRESET_VARIABLE, "rapide")]).unwrap();
        assert!(quick.to_string().contains("apprennent à peine"));
    }

    #[test]
    fn settings_that_are_not_understood_name_the_accepted_ones() {
        let cases = [
            (PRESET_VARIABLE, "vite", "rapide, seance, complet"),
            (DEVICE_VARIABLE, "gpu", "flex, ndarray, cuda"),
            (SEED_VARIABLE, "-1", "un entier de 0"),
            (SEED_VARIABLE, "quarante", "un entier de 0"),
        ];
        for (variable, value, accepted) in cases {
            let error = resolve(Session::builder("tp5"), &[(variable, value)]).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(variable), "{message}");
            assert!(message.contains(value), "{message}");
            assert!(message.contains(accepted), "{message}");
        }
    }

    #[test]
    fn drawings_are_asked_for_by_name() {
        for word in ["synthetique", "Synthétique", "/ailleurs/synthetique"] {
            let session = resolve(Session::builder("tp5"), &[(DATA_VARIABLE, word)]).unwrap();
            assert_eq!(session.settings.data, DataSource::Synthetic, "{word}");
            assert!(
                session
                    .to_string()
                    .contains("visages dessinés (synthétiques)")
            );
            let message = session.data_dir().unwrap_err().to_string();
            assert!(message.contains("visages dessinés"), "{message}");
        }
        let session = resolve(Session::builder("tp5"), &[(DATA_VARIABLE, "autre")]).unwrap();
        assert!(session.utkface().unwrap_err().to_string().contains("autre"));
    }

    /// The folder of photographs that the data's README asks for first.
    #[test]
    fn a_session_says_which_photographs_there_are() {
        let root = std::env::temp_dir().join(format!("visages-jeux-{}", std::process::id()));
        std::fs::create_dir_all(root.join("UTKFace")).unwrap();
        let session = resolve(Session::builder("tp1").data_dir(&root), &[]).unwrap();
        assert!(
            session.to_string().contains("photos : UTKFace ;"),
            "{session}"
        );
        assert_eq!(session.utkface().unwrap(), root.join("UTKFace"));
        // One part of the detection set: what lacks is told.
        std::fs::create_dir(root.join("imagenette")).unwrap();
        let message = session.detection_loader().unwrap_err().to_string();
        assert!(message.contains("« CelebA »"), "{message}");
        std::fs::remove_dir_all(&root).unwrap();
        std::fs::create_dir(&root).unwrap();
        assert!(
            session.to_string().contains("faute d'un jeu connu"),
            "{session}"
        );
        std::fs::remove_dir_all(&root).unwrap();
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
