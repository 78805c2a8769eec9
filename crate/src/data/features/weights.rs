//! What tells the weights of a model from others.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Bool, Int, Tensor},
};
use sha2::{Digest, Sha256};

use super::file::bytes_of;

use crate::{
    data::image_store::hexadecimal,
    error::{Error, Result},
};

/// SHA-256 of the shapes and values of all parameters and running statistics of a model, sixteen hexadecimal digits.
///
/// # Errors
/// [`Error::TensorRead`] when the device fails.
pub fn weights_hash<M: Module>(model: &M) -> Result<String> {
    struct Weights(Sha256, Result<()>);

    impl Weights {
        fn add(&mut self, shape: &[usize], bytes: Result<Vec<u8>>) {
            self.0.update(format!("{shape:?}"));
            match bytes {
                Ok(bytes) => self.0.update(bytes),
                Err(error) => self.1 = Err(error),
            }
        }
    }

    impl ModuleVisitor for Weights {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val();
            let shape = tensor.dims();
            let values = tensor.try_into_vec_as::<f32>().map_err(Error::from);
            self.add(&shape, values.map(|values| bytes_of(&values)));
        }
        fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
            let tensor = param.val();
            let shape = tensor.dims();
            let values = tensor.try_into_vec_as::<i64>().map_err(Error::from);
            let bytes = |values: Vec<i64>| values.iter().flat_map(|v| v.to_le_bytes()).collect();
            self.add(&shape, values.map(bytes));
        }
        fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
            let tensor = param.val();
            let shape = tensor.dims();
            let values = tensor.int().try_into_vec_as::<i64>().map_err(Error::from);
            let bytes = |values: Vec<i64>| values.iter().map(|value| *value as u8).collect();
            self.add(&shape, values.map(bytes));
        }
    }

    let mut weights = Weights(Sha256::new(), Ok(()));
    model.visit(&mut weights);
    let Weights(hasher, read) = weights;
    read?;
    Ok(hexadecimal(&hasher.finalize()[..8]))
}
