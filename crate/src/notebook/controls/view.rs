//! What a function of controls gives: a picture, a table, a text.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tp_protocol::controls;

use crate::{
    error::{Error, Result},
    figures::Figure,
    notebook::{Attempt, Table},
};

/// An output of [`interact`](super::interact), made by [`IntoView`].
#[derive(Debug, Clone)]
pub struct View(Shown);

#[derive(Debug, Clone)]
enum Shown {
    Picture(Box<Figure>),
    Table(Table),
    Text(String),
}

/// What can be shown below controls: a figure, a table, a text, or one of these after `?`.
///
/// ```
/// use visages::prelude::*;
/// let view = show_table(&df!("n" => [1, 2])?).into_view()?;
/// # let _ = view;
/// # Ok::<(), Error>(())
/// ```
pub trait IntoView {
    /// The value as an output.
    ///
    /// # Errors
    /// The value's own.
    fn into_view(self) -> Result<View>;
}

impl IntoView for View {
    fn into_view(self) -> Result<View> {
        Ok(self)
    }
}

impl IntoView for Figure {
    fn into_view(self) -> Result<View> {
        Ok(View(Shown::Picture(Box::new(self))))
    }
}

impl IntoView for Table {
    fn into_view(self) -> Result<View> {
        Ok(View(Shown::Table(self)))
    }
}

impl IntoView for String {
    fn into_view(self) -> Result<View> {
        Ok(View(Shown::Text(self)))
    }
}

impl IntoView for &str {
    fn into_view(self) -> Result<View> {
        self.to_owned().into_view()
    }
}

/// What waits for an exercise says so.
impl<T: IntoView> IntoView for Attempt<T> {
    fn into_view(self) -> Result<View> {
        match self {
            Attempt::Done(value) => value.into_view(),
            Attempt::Missing(line) => line.into_view(),
        }
    }
}

// One error type, so that a `?` in a closure needs no type written.
impl<T: IntoView> IntoView for std::result::Result<T, Error> {
    fn into_view(self) -> Result<View> {
        self?.into_view()
    }
}

impl View {
    /// The bytes of a picture.
    pub fn png(&self) -> Option<&[u8]> {
        match &self.0 {
            Shown::Picture(figure) => Some(figure.png()),
            _ => None,
        }
    }

    /// The text, that of a table, or what a picture shows, in words.
    pub fn text(&self) -> &str {
        match &self.0 {
            Shown::Picture(figure) => figure.alt_text(),
            Shown::Table(table) => table.text(),
            Shown::Text(text) => text,
        }
    }

    /// As it travels to the adapter, with the bytes of a picture.
    pub(super) fn message(&self) -> (controls::View, &[u8]) {
        match &self.0 {
            Shown::Picture(figure) => (
                controls::View::Picture {
                    alt: figure.alt_text().to_owned(),
                    width: figure.width(),
                    height: figure.height(),
                },
                figure.png(),
            ),
            Shown::Table(table) => (
                controls::View::Table {
                    html: table.html().to_owned(),
                    text: table.text().to_owned(),
                },
                &[],
            ),
            Shown::Text(text) => (controls::View::Text { text: text.clone() }, &[]),
        }
    }

    /// As a notebook keeps it.
    pub(super) fn media(&self) -> BTreeMap<String, String> {
        let media = match &self.0 {
            Shown::Picture(figure) => vec![
                ("image/png", STANDARD.encode(figure.png())),
                ("text/plain", figure.alt_text().to_owned()),
            ],
            Shown::Table(table) => vec![
                ("text/html", table.html().to_owned()),
                ("text/plain", table.text().to_owned()),
            ],
            Shown::Text(text) => vec![("text/plain", text.clone())],
        };
        let owned = media.into_iter();
        owned
            .map(|(media, body)| (media.to_owned(), body))
            .collect()
    }
}
