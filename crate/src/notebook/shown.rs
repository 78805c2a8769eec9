//! What a cell shows of its last expression. The kernel's compiler wrapper puts [`shown!`](crate::shown) around it, where
//! evcxr would call `evcxr_display()` and, should that not compile, compile again with `{:?}`.
//!
//! In this order: nothing for `()`, a compact text for tensors and what holds them ([`Show`]); the value's own
//! `evcxr_display`, of a figure or a table; `{:?}`. The first that a type has is found by the compiler, in one pass: method
//! calls look at [`Shown`] itself, then at the value that it lends. A type that is known too late for a method call, as that
//! of `2.0 * tensor`, comes to [`show_debug`] in evcxr's second pass.

use std::{any::TypeId, fmt::Debug, marker::PhantomData, ops::Deref};

use burn::tensor::{Bool, Float, Int, Tensor};

use super::{display::print_blocks, tensor_text};

/// Shows the value of an expression as a cell's result; the kernel's compiler wrapper writes the call.
///
/// A value that is only `{:?}` is left to evcxr with `strict`: crates of the student's own may bring other ways to show it.
///
/// ```
/// let numbers = vec![1, 2, 3];
/// visages::shown!(numbers);
/// visages::shown!(for number in &numbers { assert!(*number > 0) });
/// assert_eq!(numbers.len(), 3, "it is only looked at");
/// ```
#[macro_export]
macro_rules! shown {
    ($value:expr) => {
        match &$value {
            value => {
                #[allow(unused_imports)]
                use $crate::notebook::shown::{AsDebug as _, AsShow as _};
                $crate::notebook::shown::Shown(value).evcxr_display()
            }
        }
    };
    ($value:expr, strict) => {
        match &$value {
            value => {
                #[allow(unused_imports)]
                use $crate::notebook::shown::AsShow as _;
                $crate::notebook::shown::Shown(value).evcxr_display()
            }
        }
    };
}

/// A value that a cell shows.
pub struct Shown<'a, T: ?Sized>(
    /// It is only looked at.
    pub &'a T,
);

impl<T: ?Sized> Deref for Shown<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0
    }
}

/// Values whose text is ours, where `{:?}` would say nothing useful.
pub trait Show {
    /// What is shown; `None` for what has nothing to show.
    fn text(&self) -> Option<String>;
}

/// The way of [`Show`].
pub trait AsShow {
    /// What the kernel calls for a cell's last expression.
    fn evcxr_display(&self);
}

impl<T: Show + ?Sized> AsShow for Shown<'_, T> {
    fn evcxr_display(&self) {
        if let Some(text) = self.0.text() {
            print_blocks(&[("text/plain", &text)]);
        }
    }
}

/// The last way: `{:?}`.
pub trait AsDebug {
    /// What the kernel calls for a cell's last expression.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> AsDebug for T {
    fn evcxr_display(&self) {
        print_blocks(&[("text/plain", &format!("{self:?}"))]);
    }
}

/// Shows a value that is known to be `{:?}` only: a tensor all the same as [`Show`] does.
pub fn show_debug<T: Debug + ?Sized>(value: &T) {
    let text = tensor(value).unwrap_or_else(|| format!("{value:?}"));
    print_blocks(&[("text/plain", &text)]);
}

/// The text of a value that is a tensor.
fn tensor<T: ?Sized>(value: &T) -> Option<String> {
    let id = type_id::<T>();
    macro_rules! try_each {
        ($kind:ty: $($rank:literal)*) => {$(
            if id == TypeId::of::<Tensor<$rank, $kind>>() {
                let value = std::ptr::from_ref(value).cast::<Tensor<$rank, $kind>>();
                // SAFETY: `T` is that very type, which holds no lifetime.
                return unsafe { &*value }.text();
            }
        )*};
    }
    try_each!(Float: 1 2 3 4 5 6);
    try_each!(Int: 1 2 3 4 5 6);
    try_each!(Bool: 1 2 3 4 5 6);
    None
}

/// The identity of a type, whatever the lifetimes it holds, as the crate `typeid` has it.
fn type_id<T: ?Sized>() -> TypeId {
    trait Identity {
        fn of(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T: ?Sized> Identity for PhantomData<T> {
        fn of(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let phantom: &dyn Identity = &PhantomData::<T>;
    // SAFETY: the object is only asked for the identity of a type, which no lifetime changes.
    Identity::of(unsafe {
        std::mem::transmute::<&dyn Identity, &(dyn Identity + 'static)>(phantom)
    })
}

impl Show for () {
    fn text(&self) -> Option<String> {
        None
    }
}

macro_rules! tensors {
    ($($kind:ty, $name:literal);*) => {$(
        impl<const D: usize> Show for Tensor<D, $kind> {
            fn text(&self) -> Option<String> {
                Some(tensor_text::describe($name, &self.dims(), &self.to_data()))
            }
        }
    )*};
}

tensors!(Float, ""; Int, "Int"; Bool, "Bool");

macro_rules! as_debug {
    ($($kind:ty)*) => {$(
        impl Show for $kind {
            fn text(&self) -> Option<String> {
                Some(format!("{self:?}"))
            }
        }
    )*};
}

// Beside tensors in a list or a tuple.
as_debug!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 bool char str String);

impl<T: Show + ?Sized> Show for &T {
    fn text(&self) -> Option<String> {
        (**self).text()
    }
}

impl<T: Show + ?Sized> Show for Box<T> {
    fn text(&self) -> Option<String> {
        (**self).text()
    }
}

impl<T: Show> Show for Option<T> {
    fn text(&self) -> Option<String> {
        Some(match self {
            Some(value) => group("Some(", [inner(value)], ")"),
            None => "None".to_owned(),
        })
    }
}

impl<T: Show> Show for [T] {
    fn text(&self) -> Option<String> {
        Some(group("[", self.iter().map(inner), "]"))
    }
}

impl<T: Show, const N: usize> Show for [T; N] {
    fn text(&self) -> Option<String> {
        self.as_slice().text()
    }
}

impl<T: Show> Show for Vec<T> {
    fn text(&self) -> Option<String> {
        self.as_slice().text()
    }
}

macro_rules! tuples {
    ($($($kind:ident)+;)+) => {$(
        impl<$($kind: Show),+> Show for ($($kind,)+) {
            fn text(&self) -> Option<String> {
                #[expect(non_snake_case, reason = "a value is named as its type")]
                let ($($kind,)+) = self;
                Some(group("(", [$(inner($kind)),+], ")"))
            }
        }
    )+};
}

tuples!(A B; A B C; A B C D; A B C D E; A B C D E F;);

fn inner(value: &(impl Show + ?Sized)) -> String {
    value.text().unwrap_or_else(|| "()".to_owned())
}

/// Values on one line, or, when one takes several, each on its own.
fn group(open: &str, values: impl IntoIterator<Item = String>, close: &str) -> String {
    let values: Vec<String> = values.into_iter().collect();
    if values.iter().all(|value| !value.contains('\n')) {
        return format!("{open}{}{close}", values.join(", "));
    }
    let lines = values
        .iter()
        .map(|value| format!("  {},\n", value.replace('\n', "\n  ")));
    format!("{open}\n{}{close}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn text_of(value: impl Show) -> String {
        value.text().unwrap()
    }

    #[test]
    fn what_holds_no_tensor_reads_as_rust_writes_it() {
        assert_eq!(().text(), None);
        assert_eq!(3.text().unwrap(), "3");
        assert_eq!((1.0 / 2.0).text().unwrap(), "0.5");
        let values = (1_u8, "a\"b", Some(2.5_f32), vec![true]);
        assert_eq!(values.text().unwrap(), format!("{values:?}"));
        assert_eq!(text_of([[1, 2], [3, 4]]), format!("{:?}", [[1, 2], [3, 4]]));
        assert_eq!(Vec::<i32>::new().text().unwrap(), "[]");
    }

    #[test]
    fn a_tensor_is_compact_wherever_it_is() {
        let t = Tensor::<1>::from_floats([1.0, 3.0], &Device::flex());
        let text = "Tensor<1> [2] f32 · min 1 · moyenne 2 · max 3\n[1.0, 3.0]";
        assert_eq!(text_of(&t), text);
        let pair = (t.clone(), 7).text().unwrap();
        assert_eq!(
            pair,
            format!("(\n  {},\n  7,\n)", text.replace('\n', "\n  "))
        );
        let held = Some(vec![t]).text().unwrap();
        assert!(
            held.starts_with("Some(\n  [\n    Tensor<1> [2] f32"),
            "{held}"
        );
    }

    #[test]
    fn a_tensor_is_known_without_its_trait() {
        let local = 3;
        let borrowed = Some(&local);
        assert_eq!(tensor(&borrowed), None);
        assert_eq!(tensor("texte"), None);
        let t = Tensor::<2>::ones([2, 3], &Device::flex());
        assert_eq!(tensor(&(2.0 * t.clone())), (t * 2.0).text());
    }

    /// The values of every kind that a cell may end with: this must compile.
    #[test]
    fn every_value_has_its_way() {
        #[derive(Debug)]
        struct Plain;
        struct Own(std::cell::Cell<bool>);
        impl Own {
            fn evcxr_display(&self) {
                self.0.set(true);
            }
        }
        let a = 3;
        crate::shown!(a);
        let h = 1.0 / 2.0;
        crate::shown!(h);
        let mut total = 0;
        for step in 0..3 {
            total += step;
        }
        crate::shown!(total);
        let list = vec![1, 2];
        let first = list[0];
        crate::shown!(first);
        crate::shown!(if first > 0 {
            total += 1
        });
        crate::shown!(Plain);
        crate::shown!(list);
        crate::shown!(*"texte");
        let own = Own(std::cell::Cell::new(false));
        crate::shown!(own);
        assert!(own.0.get());
        crate::shown!(own, strict);
        crate::shown!(a, strict);
        let t = Tensor::<2>::ones([2, 3], &Device::flex());
        show_debug(&(2.0 * t.clone()));
        crate::shown!(t.clone().greater_elem(0.5));
        assert_eq!((t.dims(), total), ([2, 3], 4));
    }
}
