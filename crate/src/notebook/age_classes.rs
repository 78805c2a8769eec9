//! The images of the young-or-old lab: photographs of CACD or UTKFace where they are, else drawn people.

use tp_protocol::data_sets::{CACD, UTKFACE};

use super::{Session, data_source::Choice, output::print_line, user_cache};
use crate::{
    data::{AgeClasses, AgeClassesConfig, LoadOptions},
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
