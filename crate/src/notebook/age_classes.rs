//! The images of the young-or-old lab: photographs of CACD or UTKFace where they are, else drawn people.

use tp_protocol::data_sets::{CACD, FAIRFACE, UTKFACE};

use super::{Session, data_source::Choice, output::print_line, user_cache};
use crate::{
    data::{
        AgeClasses, AgeClassesConfig, Labelled, LoadOptions, drawn_elsewhere, fairface_elsewhere,
    },
    error::Result,
};

impl Session {
    /// Faces of 20 to 26 years and of 52 to 62 years, 100 × 100 pixels, in the amount of the preset (or `TP_IMAGES` of each
    /// class, when it is smaller); prints what they are and how many. Of CACD where it is prepared in the data folder, else of
    /// UTKFace, else drawn people, each in several pictures; see [`AgeClassesConfig`].
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir), of [`AgeClassesConfig::cacd`], of [`AgeClassesConfig::utkface`] and of
    /// [`AgeClassesConfig::drawn`].
    pub fn age_classes(&self) -> Result<AgeClasses> {
        let (faces, whence) = match self.settings.data.choose(&[CACD, UTKFACE]) {
            Choice::Photographs(_) => {
                let root = self.data_dir()?;
                let config = self.age_classes_config(false);
                let whence = format!(", de {}", root.display());
                match (CACD.find(&root), UTKFACE.find(&root)) {
                    (Some(cacd), _) => (config.cacd(&cacd)?, whence),
                    (None, Some(utkface)) => (config.utkface(&utkface)?, whence),
                    (None, None) => (config.utkface(&root)?, whence),
                }
            }
            Choice::Drawings(why) => (self.age_classes_config(true).drawn()?, why.to_string()),
        };
        print_line(&format!(
            "Visages de 20 à 26 ans et de 52 à 62 ans : {}",
            faces.described(&whence)
        ));
        Ok(faces)
    }

    /// Faces of both age classes that do not come from where those of [`age_classes`](Self::age_classes) come from: at most
    /// `count`, half of each class, 100 × 100 pixels. Photographs of FairFace where they are, else drawings of other people in
    /// worse conditions; prints which.
    ///
    /// # Errors
    /// Those of [`data_dir`](Self::data_dir), [`fairface_elsewhere`] and [`drawn_elsewhere`].
    pub fn faces_from_elsewhere(&self, count: usize) -> Result<Labelled> {
        let load = self.age_classes_config(false).load;
        let photographs = match self.settings.data.choose(&[FAIRFACE]) {
            Choice::Photographs(_) => {
                fairface_elsewhere(&self.data_dir()?, count, &load, self.settings.seed)?
            }
            Choice::Drawings(_) => None,
        };
        let (faces, what) = match photographs {
            Some(faces) => (
                faces,
                "photos de FairFace, de 20 à 29 ans et de 50 à 69 ans",
            ),
            None => (
                drawn_elsewhere(count, load.width, self.settings.seed)?,
                "personnes dessinées, dans des conditions plus difficiles",
            ),
        };
        print_line(&format!("Visages d'ailleurs : {} {what}", faces.len()));
        Ok(faces)
    }

    fn age_classes_config(&self, drawn: bool) -> AgeClassesConfig {
        let config = AgeClassesConfig::for_preset(self.settings.preset, drawn);
        let [train, validation, test] =
            [config.train, config.validation, config.test].map(|images| self.at_most(images));
        let load: LoadOptions = config.load.clone().with_cache(user_cache::images());
        config
            .with_images(train, validation, test)
            .with_seed(self.settings.seed)
            .with_load(load)
    }
}
