//! Counting the values a model holds.

use burn::{
    Tensor,
    module::{Module, ModuleVisitor, Param},
};

/// Number of values a model holds: trained parameters, frozen ones and batch-norm statistics.
///
/// A free function beside burn's `num_params()`, because the notebook kernel's analyser knows no
/// method that comes from `#[derive(Module)]`.
pub fn num_params<M: Module>(model: &M) -> usize {
    model.num_params()
}

/// Number of values that training changes by gradient descent: neither the batch-norm statistics
/// nor the frozen parameters.
pub fn num_trainable_params<M: Module>(model: &M) -> usize {
    struct Count(usize);

    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.val().is_require_grad() {
                self.0 += param.shape().num_elements();
            }
        }
    }

    // Only a model in training mode says which of its parameters are trained; tensors are shared,
    // not copied.
    let mut count = Count(0);
    model.clone().train().visit(&mut count);
    count.0
}
