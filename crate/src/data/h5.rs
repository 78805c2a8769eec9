//! Reader of `train_face.h5`, the training set of the MIT lab, in one file.
//!
//! Layout: `images`, `(n, 64, 64, 3)` unsigned bytes, blue first (the order of OpenCV), and
//! `labels`, `(n, 1)`, 1 for a face. The original turns images to RGB for training and forgets to for
//! its resampling; here they are RGB from the first.
//!
//! Only the images asked for are kept, and the file is read a window at a time: the memory needed is
//! that of the result.

use std::path::{Path, PathBuf};

use hdf5_pure::{DType, Dataset, File};
use tp_protocol::data_sets::TRAIN_FACE;

use super::{
    folder::spread,
    image_store::{CHANNELS, ImageStore},
    memory,
    options::DEFAULT_SIDE,
};
use crate::{
    error::{Error, Result, io_reason},
    host,
};

/// Rows read at a time: 12 MiB of images.
const WINDOW: usize = 1024;
/// Bytes of an image.
const IMAGE: usize = DEFAULT_SIDE * DEFAULT_SIDE * CHANNELS;

/// The file that `path` designates: itself when its name ends in `.h5` or `.hdf5`, or `train_face.h5` in it
/// when it is a folder.
pub(crate) fn h5_file(path: &Path) -> Option<PathBuf> {
    let is_h5 = path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("h5") || extension.eq_ignore_ascii_case("hdf5")
    });
    if is_h5 && !path.is_dir() {
        return Some(path.to_path_buf());
    }
    TRAIN_FACE.find(path)
}

/// The faces and the other images of a file in the layout of `train_face.h5`, at most so many of
/// each, spread evenly over the class, in RGB.
///
/// # Errors
/// [`Error::Io`] when the file cannot be opened, [`Error::DataFile`] when it is empty, truncated, of another kind or
/// another layout, [`Error::Memory`] when the images would not fit; [`Error::Stopped`] for an interrupt before the first image of a class. A later one
/// keeps what was read.
pub fn read_h5(
    path: &Path,
    max_faces: Option<usize>,
    max_non_faces: Option<usize>,
) -> Result<(ImageStore, ImageStore)> {
    let (images, labels) = labelled(path)?;
    let class = |face: bool, max| {
        let members = (0..labels.len()).filter(|&row| labels[row] == face);
        spread(members.collect(), max)
    };
    let (face_rows, other_rows) = (class(true, max_faces), class(false, max_non_faces));
    if face_rows.is_empty() || other_rows.is_empty() {
        return Err(bad(
            path,
            format!(
                "il contient {} visages et {} images sans visage ; il en faut des deux sortes",
                face_rows.len(),
                other_rows.len()
            ),
        ));
    }
    let count = face_rows.len() + other_rows.len();
    memory::check("les images du fichier", count, IMAGE)?;
    Ok((
        read_rows(&images, path, &face_rows, "les visages")?,
        read_rows(&images, path, &other_rows, "les images sans visage")?,
    ))
}

/// How many faces and how many other images a file in the layout of `train_face.h5` holds. Its labels are all read, and
/// its last image.
///
/// # Errors
/// [`Error::Io`] when the file cannot be opened, [`Error::DataFile`] when it is empty, truncated, of another kind or
/// another layout.
pub fn count_h5(path: &Path) -> Result<(usize, usize)> {
    let (images, labels) = labelled(path)?;
    if let Some(last) = labels.len().checked_sub(1) {
        images
            .read_raw_rows(last as u64, 1)
            .map_err(|error| failure(path, &error))?;
    }
    let faces = labels.iter().filter(|is_face| **is_face).count();
    Ok((faces, labels.len() - faces))
}

/// The images of the file, in the layout of `train_face.h5`, and whether each is a face.
fn labelled(path: &Path) -> Result<(Dataset, Vec<bool>)> {
    let file = open(path)?;
    let images = dataset(&file, path, "images")?;
    let labels = dataset(&file, path, "labels")?;

    let shape = images.shape().map_err(|error| failure(path, &error))?;
    let dtype = images.dtype().map_err(|error| failure(path, &error))?;
    let side = DEFAULT_SIDE as u64;
    let [count, height, width, channels] = shape[..] else {
        return Err(wrong_layout(path, "images", &shape, &dtype));
    };
    if (height, width, channels) != (side, side, CHANNELS as u64) || dtype != DType::U8 {
        return Err(wrong_layout(path, "images", &shape, &dtype));
    }
    let count = usize::try_from(count).map_err(|_| wrong_layout(path, "images", &shape, &dtype))?;
    let labels = read_labels(&labels, path, count)?;
    Ok((images, labels))
}

/// Opens the file and tells an empty or foreign one from a damaged one.
fn open(path: &Path) -> Result<File> {
    let io = |error| Error::io("lire le fichier", path, error);
    let metadata = std::fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        return Err(io(std::io::ErrorKind::IsADirectory.into()));
    }
    if metadata.len() == 0 {
        return Err(bad(path, "il est vide (0 octet)"));
    }
    if !hdf5_pure::is_hdf5(path).map_err(io)? {
        return Err(bad(path, "ce n'est pas un fichier HDF5"));
    }
    let file = File::open_streaming(path).map_err(|error| failure(path, &error))?;
    // A download that was cut keeps its beginning: the file says how long it should be.
    let expected = file.superblock().eof_address;
    if metadata.len() < expected {
        return Err(bad(
            path,
            format!(
                "il est tronqué ({} octets sur {expected}) : téléchargez-le de nouveau",
                metadata.len()
            ),
        ));
    }
    Ok(file)
}

fn dataset(file: &File, path: &Path, name: &str) -> Result<Dataset> {
    file.dataset(name).map_err(|_| {
        let found = match file.root().datasets() {
            Ok(names) if names.is_empty() => "aucun tableau à sa racine".to_owned(),
            Ok(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("« {name} »")).collect();
                format!("à sa racine : {}", quoted.join(", "))
            }
            Err(_) => "sa racine est illisible".to_owned(),
        };
        bad(
            path,
            format!("il n'a pas le tableau « {name} » du laboratoire du MIT ({found})"),
        )
    })
}

/// Whether each row is a face.
fn read_labels(labels: &Dataset, path: &Path, count: usize) -> Result<Vec<bool>> {
    let shape = labels.shape().map_err(|error| failure(path, &error))?;
    let dtype = labels.dtype().map_err(|error| failure(path, &error))?;
    let numeric = matches!(
        dtype,
        DType::U8
            | DType::U16
            | DType::U32
            | DType::U64
            | DType::I8
            | DType::I16
            | DType::I32
            | DType::I64
            | DType::F32
            | DType::F64
    );
    if !numeric || !(shape == [count as u64, 1] || shape == [count as u64]) {
        return Err(wrong_layout(path, "labels", &shape, &dtype));
    }
    let values = labels.read_f64().map_err(|error| failure(path, &error))?;
    if values.len() != count {
        return Err(wrong_layout(path, "labels", &shape, &dtype));
    }
    values
        .into_iter()
        .enumerate()
        .map(|(row, value)| match value {
            0.0 => Ok(false),
            1.0 => Ok(true),
            value => Err(bad(
                path,
                format!("l'étiquette de l'image {row} vaut {value} ; il faut 0 ou 1"),
            )),
        })
        .collect()
}

/// The images at `rows`, which increase, turned from BGR to RGB; the first of them after an interrupt. `what` names them
/// with their article.
fn read_rows(images: &Dataset, path: &Path, rows: &[usize], what: &str) -> Result<ImageStore> {
    let mut store = ImageStore::with_capacity(DEFAULT_SIDE, DEFAULT_SIDE, rows.len());
    let mut rest = rows;
    while let Some(&first) = rest.first() {
        if host::asked() {
            if store.is_empty() {
                return Err(Error::Stopped {
                    what: format!("la lecture ({what})"),
                });
            }
            host::answer(&format!(
                "Lecture arrêtée à votre demande ({what}) : {} images lues sur {}, elles sont gardées.",
                store.len(),
                rows.len()
            ));
            break;
        }
        let wanted = rest.partition_point(|&row| row < first + WINDOW);
        let (window, after) = rest.split_at(wanted);
        let last = window.last().copied().unwrap_or(first);
        let bytes = images
            .read_raw_rows(first as u64, (last - first + 1) as u64)
            .map_err(|error| failure(path, &error))?;
        for &row in window {
            let start = (row - first) * IMAGE;
            let mut pixels = bytes
                .get(start..start + IMAGE)
                .ok_or_else(|| bad(path, "il est tronqué : téléchargez-le de nouveau"))?
                .to_vec();
            for pixel in pixels.chunks_exact_mut(CHANNELS) {
                pixel.swap(0, 2);
            }
            store.push(&pixels)?;
        }
        rest = after;
    }
    Ok(store)
}

fn bad(path: &Path, reason: impl Into<String>) -> Error {
    Error::DataFile {
        path: path.to_path_buf(),
        reason: reason.into(),
    }
}

fn wrong_layout(path: &Path, name: &str, shape: &[u64], dtype: &DType) -> Error {
    let expected = match name {
        "images" => "(n, 64, 64, 3), en octets (uint8)",
        _ => "(n, 1), en nombres, une étiquette par image",
    };
    bad(
        path,
        format!("« {name} » est de forme {shape:?} et de type {dtype} ; attendu : {expected}"),
    )
}

/// What the HDF5 library answers, without its English.
fn failure(path: &Path, error: &hdf5_pure::Error) -> Error {
    match error {
        hdf5_pure::Error::Io(error) => bad(path, io_reason(error)),
        _ => bad(
            path,
            "il est endommagé, ou écrit dans une forme récente de HDF5 que ce lecteur ne connaît pas ; \
             téléchargez-le de nouveau",
        ),
    }
}
