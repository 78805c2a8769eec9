//! What a training is: two trainings with the same key would go through the same weights.

use std::any::type_name;

use burn::{
    Tensor,
    module::{Module, ModuleVisitor, Param},
    tensor::{Bool, Int},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::FitConfig;
use crate::{data::DetectionLoader, error::Result};

/// Model, configuration, data and seed of a training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointKey {
    /// Name of the model's type, number of its values and a fingerprint of their shapes.
    pub model: String,
    /// Name and value of each setting that changes the weights: not the number of epochs, which may
    /// be raised, nor what is only shown.
    pub configuration: Vec<(String, String)>,
    /// [`DetectionLoader::content_hash`] of the data.
    pub data: String,
    /// The seed.
    pub seed: u64,
}

impl CheckpointKey {
    /// The key of a training of `model` on `data` with `config`; `settings` are those of its kind.
    ///
    /// # Errors
    /// Those of [`DetectionLoader::content_hash`].
    pub fn new<M: Module>(
        model: &M,
        config: &FitConfig,
        data: &DetectionLoader,
        settings: &[(&str, String)],
    ) -> Result<Self> {
        let mut configuration = vec![
            ("taille de lot".to_owned(), config.batch_size.to_string()),
            (
                "pas d'apprentissage (learning_rate)".to_owned(),
                config.learning_rate.to_string(),
            ),
        ];
        configuration.extend(
            settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        Ok(Self {
            model: signature(model),
            configuration,
            data: data.content_hash()?,
            seed: config.seed,
        })
    }

    /// Name of the folder of this training: the model's type and a fingerprint of the whole key.
    pub(super) fn folder_name(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(format!("{self:?}"));
        // The type's name comes first in `model`; it holds neither spaces nor separators.
        let model = self.model.split(' ').next().unwrap_or_default();
        format!("{model}-{}", hexadecimal(&hasher.finalize()[..6]))
    }

    /// What makes `self`, the training one wants, another than `saved`, in French.
    pub(super) fn differences(&self, saved: &CheckpointKey) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, here: &str, there: &str| {
            if here != there {
                found.push(format!("{what} : {there} à l'enregistrement, {here} ici"));
            }
        };
        compare("architecture du modèle", &self.model, &saved.model);
        let value = |key: &'_ CheckpointKey, name: &str| {
            key.configuration
                .iter()
                .find(|(other, _)| other == name)
                .map_or("absent".to_owned(), |(_, value)| value.clone())
        };
        for (name, here) in &self.configuration {
            compare(name, here, &value(saved, name));
        }
        for (name, there) in &saved.configuration {
            if value(self, name) == "absent" {
                compare(name, "absent", there);
            }
        }
        compare("données (empreinte)", &self.data, &saved.data);
        compare("graine", &self.seed.to_string(), &saved.seed.to_string());
        found
    }
}

/// Type name, size and fingerprint of the shapes of a model.
fn signature<M: Module>(model: &M) -> String {
    struct Shapes(String);

    impl ModuleVisitor for Shapes {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push_str(&format!("f{:?}", param.shape()));
        }
        fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
            self.0.push_str(&format!("i{:?}", param.shape()));
        }
        fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
            self.0.push_str(&format!("b{:?}", param.shape()));
        }
    }

    let mut shapes = Shapes(String::new());
    model.visit(&mut shapes);
    // `a::b::Net<c::D>` → `Net`: where a cell defines a struct changes from session to session.
    let full = type_name::<M>();
    let plain = full.split('<').next().unwrap_or(full);
    let name = plain.rsplit("::").next().unwrap_or(plain);
    let digest = Sha256::digest(shapes.0.as_bytes());
    format!(
        "{name} ({} valeurs, formes {})",
        model.num_params(),
        hexadecimal(&digest[..4])
    )
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
