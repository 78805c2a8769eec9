//! What a training is: two trainings with the same key would go through the same weights.
//!
//! Settings name what they are; what a step computes is told by a [`Probe`].

use std::any::type_name;

use burn::{
    Tensor,
    module::{Module, ModuleVisitor, Param},
    tensor::{Bool, Int},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::probe::Probe;
use crate::models::num_trainable_params;

/// Model, configuration, data, seed and step of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CheckpointKey {
    /// Name of the model's type, number of its values and a fingerprint of their shapes.
    pub(super) model: String,
    /// Name and value of each setting that changes the weights: not the number of epochs, which may
    /// be raised, nor what is only shown.
    pub(super) configuration: Vec<(String, String)>,
    /// A fingerprint of the data.
    pub(super) data: String,
    /// The seed.
    pub(super) seed: u64,
    /// What the step computes; compared with a tolerance, so no part of the folder's name.
    pub(super) probe: Option<Probe>,
}

impl CheckpointKey {
    /// Name of the folder of this training: the model's type and a fingerprint of the whole key.
    pub(super) fn folder_name(&self) -> String {
        let mut hasher = Sha256::new();
        let Self {
            model,
            configuration,
            data,
            seed,
            ..
        } = self;
        hasher.update(format!("{model:?} {configuration:?} {data:?} {seed}"));
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
        // What a setting explains is not told a second time.
        if found.is_empty()
            && let (Some(here), Some(there)) = (&self.probe, &saved.probe)
        {
            found.extend(here.difference(there));
        }
        found
    }
}

/// Type name, size and fingerprint of the shapes of a model, and how many of its values train.
pub(super) fn signature<M: Module>(model: &M) -> String {
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
        "{name} ({} valeurs dont {} entraînées, formes {})",
        model.num_params(),
        num_trainable_params(model),
        hexadecimal(&digest[..4])
    )
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
