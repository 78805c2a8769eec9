//! Where a notebook's variables wait from one cell to the next.
//!
//! evcxr writes a store of its own into the source of every cell, and thus compiles a hash map and its parts again with each
//! of them: half of the machine code of a small cell. The kernel's wrapper puts this module in its place, under the names that
//! evcxr's text uses, so that a cell holds no more than the boxing of its variables.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use super::tell_evcxr;

/// What evcxr reads when a variable's type was defined again.
pub const VARIABLE_CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";
/// What evcxr reads when a `?` ended a cell.
pub const USER_ERROR_OCCURRED: &str = "EVCXR_ERROR_OCCURRED";

/// The variables of a notebook, by name.
#[derive(Default)]
pub struct VariableStore {
    variables: HashMap<String, Box<dyn Any>>,
}

impl VariableStore {
    /// Keeps a variable, in place of one of the same name.
    pub fn put_variable<T: 'static>(&mut self, name: &str, value: T) {
        self.put(name, Box::new(value));
    }

    /// Whether a variable, if there is one of this name, still has the type `T`. evcxr hears of it when not: a `struct` that
    /// is defined again is another type.
    pub fn check_variable<T: 'static>(&mut self, name: &str) -> bool {
        self.check(name, TypeId::of::<T>())
    }

    /// Takes a variable out.
    ///
    /// # Panics
    /// When there is none of this name and type, which evcxr asks for only after [`check_variable`](Self::check_variable).
    pub fn take_variable<T: 'static>(&mut self, name: &str) -> T {
        match self.take(name).downcast() {
            Ok(value) => *value,
            Err(_) => refuse(name),
        }
    }

    /// The value of this name that all cells share, made when there is none (evcxr's runtime for `.await`).
    ///
    /// # Panics
    /// When a variable of this name has another type.
    pub fn lazy_arc<T: 'static, F: FnOnce() -> T>(&mut self, name: &str, create: F) -> Arc<T> {
        if !self.variables.contains_key(name) {
            self.put(name, Box::new(Arc::new(create())));
        }
        let value = self.variables.get(name);
        match value.and_then(|value| value.downcast_ref::<Arc<T>>()) {
            Some(value) => Arc::clone(value),
            None => refuse(name),
        }
    }

    /// Takes in the variables of another store.
    pub fn merge(&mut self, other: Self) {
        self.variables.extend(other.variables);
    }

    fn put(&mut self, name: &str, value: Box<dyn Any>) {
        self.variables.insert(name.to_owned(), value);
    }

    fn check(&self, name: &str, wanted: TypeId) -> bool {
        let found = self.variables.get(name);
        let same = found.is_none_or(|value| value.as_ref().type_id() == wanted);
        if !same {
            eprintln!("The type of the variable {name} was redefined, so was lost.");
            tell_evcxr(&format!("{VARIABLE_CHANGED_TYPE}{name}"));
        }
        same
    }

    fn take(&mut self, name: &str) -> Box<dyn Any> {
        match self.variables.remove(name) {
            Some(value) => value,
            None => refuse(name),
        }
    }
}

#[cold]
fn refuse(name: &str) -> ! {
    panic!("la variable « {name} » n'existe plus. Exécutez de nouveau la cellule qui la crée.")
}

/// A new store, which lives as long as the cells' process.
pub fn create_variable_store() -> *mut VariableStore {
    Box::into_raw(Box::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_comes_back_as_it_was_put() {
        let mut store = VariableStore::default();
        store.put_variable("ages", vec![1, 26]);
        assert!(store.check_variable::<Vec<i32>>("ages"));
        assert!(!store.check_variable::<Vec<u8>>("ages"));
        assert!(store.check_variable::<Vec<u8>>("absent"));
        store.put_variable("ages", vec![3]);
        let mut all = VariableStore::default();
        all.merge(store);
        assert_eq!(all.take_variable::<Vec<i32>>("ages"), [3]);
        assert!(all.variables.is_empty());
        assert_eq!(*all.lazy_arc("count", || 1), 1);
        assert_eq!(*all.lazy_arc("count", || 2), 1);
    }

    #[test]
    #[should_panic(expected = "« ages » n'existe plus")]
    fn a_variable_that_is_gone_is_named() {
        VariableStore::default().take_variable::<i32>("ages");
    }
}
