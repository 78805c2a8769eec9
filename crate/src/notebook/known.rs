//! What is known of a session's images: which training faces are rare, whether they are photographs.

use super::{Attempt, Session, output::print_line};
use crate::{
    data::DetectionLoader,
    error::{Error, Result},
};

/// What a cell says that needs what drawings alone tell.
const DRAWINGS_ONLY: &str = "○ Vos images sont des photos : rien n'y dit quels visages d'entraînement sont rares. Cette cellule ne \
     s'exécute que sur des dessins (TP_DONNEES=synthetique).";

/// What a cell says that needs photographs.
const PHOTOGRAPHS_ONLY: &str = "○ Votre séance emploie des dessins : cette cellule ne s'exécute que sur des photos. Passez à la suivante.";

impl Session {
    /// Whether each training face of [`detection_loader`](Self::detection_loader) has the version that is rare in the
    /// [world of the drawings](crate::data::World::LAB). On photographs nobody knows: the attempt says so.
    ///
    /// # Errors
    /// Those of [`WorldConfig::training`](crate::data::WorldConfig::training); [`Error::Shape`] for the loader of another
    /// session.
    pub fn rare_faces(&self, loader: &DetectionLoader) -> Result<Attempt<Vec<bool>>> {
        let Some(config) = self.drawn_detection() else {
            print_line(DRAWINGS_ONLY);
            return Ok(Attempt::Missing(DRAWINGS_ONLY.to_owned()));
        };
        let rare = config.training()?.rare;
        if rare.len() != loader.faces().len() {
            return Err(Error::shape(
                "visages d'entraînement de la séance",
                [rare.len()],
                [loader.faces().len()],
            ));
        }
        Ok(Attempt::Done(rare))
    }

    /// This session where its images are photographs; an attempt that says why the cell has nothing to show where they are
    /// drawings.
    pub fn photographs(&self) -> Attempt<Session> {
        match self.drawn_detection() {
            None => Attempt::Done(self.clone()),
            Some(_) => {
                print_line(PHOTOGRAPHS_ONLY);
                Attempt::Missing(PHOTOGRAPHS_ONLY.to_owned())
            }
        }
    }
}
