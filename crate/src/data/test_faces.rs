//! The four groups of test faces of the debiasing lab: women and men, of lighter or darker skin on photographs, in the common
//! or the rare version of a [world](super::World) on drawings.
//!
//! The original's `get_test_faces()` drops the alpha channel and stretches each picture to
//! 64 × 64. Ours are read like every other image (transparency over white, centre crop): the 20
//! files are opaque and nearly square, so this hardly differs, and training and test see the same
//! preprocessing. The sizes in the files are kept, because they are confounded with the groups.

use std::path::Path;

use polars::prelude::df;
use tp_protocol::data_sets::PPB;

use super::{
    detection::{FACE, LABEL, find_folder},
    folder::ImageFolder,
    image_store::ImageStore,
    labelled::Labelled,
    options::LoadOptions,
    ppb,
};
use crate::error::{Error, Result};

/// Folder of each group and its name, in the order of the original.
pub(super) const GROUPS: [(&str, &str); 4] = [
    ("LF", "Femmes à peau claire"),
    ("LM", "Hommes à peau claire"),
    ("DF", "Femmes à peau foncée"),
    ("DM", "Hommes à peau foncée"),
];

/// Test faces by group.
#[derive(Debug, Clone)]
pub struct TestFaces {
    /// The groups: women then men of the first kind, then of the second; LF, LM, DF, DM on photographs.
    pub groups: Vec<FaceGroup>,
}

/// The test faces of one group.
#[derive(Debug, Clone)]
pub struct FaceGroup {
    /// Name of the group: « Femmes à peau claire »…
    pub name: String,
    /// Name of its folder: `LF`, `LM`, `DF` or `DM`; on drawings `CF`, `CM`, `RF` or `RM`, common or rare.
    pub code: String,
    /// The faces, in the order of their file names.
    pub images: ImageStore,
    /// Width and height of each face in its file, in pixels.
    pub original_sizes: Vec<(u32, u32)>,
}

impl TestFaces {
    /// Reads the four groups under the data folder `root`: a whole PPB (`ppb/PPB-2017-metadata.csv`, as published, and its
    /// portraits), else the folders `ppb/LF`, `ppb/LM`, `ppb/DF`, `ppb/DM`.
    ///
    /// # Errors
    /// [`Error::FolderMissing`] naming the folder that lacks, [`Error::FolderEmpty`] for a group
    /// without a readable face or a table that names none of the portraits, [`Error::Labels`] for a table that is not PPB's.
    pub fn load(root: &Path, options: &LoadOptions) -> Result<Self> {
        let folder = find_folder(root, &PPB)?;
        if let Some(table) = ppb::table(&folder)? {
            return ppb::load(&folder, &table, options);
        }
        let groups = GROUPS
            .into_iter()
            .map(|(code, name)| FaceGroup::load(&folder, code, name, options))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { groups })
    }

    /// All the faces as one set, group after group.
    ///
    /// | column | type | content |
    /// |---|---|---|
    /// | `label` ([`LABEL`]) | u8 | 1: all are faces |
    /// | `group`, `code` | str | name and code of the group |
    /// | `width`, `height` | u32 | size of the picture in its file, in pixels |
    ///
    /// # Errors
    /// [`Error::Shape`] when the groups' images differ in size, or when a group has not one size an image.
    pub fn labelled(&self) -> Result<Labelled> {
        let (mut images, mut names, mut codes) = (None::<ImageStore>, Vec::new(), Vec::new());
        let mut sizes = Vec::new();
        for group in &self.groups {
            match &mut images {
                Some(images) => images.extend(&group.images)?,
                None => images = Some(group.images.clone()),
            }
            names.resize(names.len() + group.images.len(), group.name.as_str());
            codes.resize(codes.len() + group.images.len(), group.code.as_str());
            sizes.extend_from_slice(&group.original_sizes);
        }
        let (widths, heights): (Vec<u32>, Vec<u32>) = sizes.into_iter().unzip();
        let frame = df!(
            LABEL => vec![FACE; names.len()],
            "group" => names,
            "code" => codes,
            "width" => widths,
            "height" => heights,
        )?;
        Labelled::new(images.unwrap_or(ImageStore::new(1, 1)), frame)
    }

    /// Number of faces, all groups together.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.images.len()).sum()
    }

    /// Whether there is no face.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FaceGroup {
    fn load(folder: &Path, code: &str, name: &str, options: &LoadOptions) -> Result<Self> {
        let path = folder.join(code);
        let what = format!("le groupe « {name} »");
        if !path.is_dir() {
            return Err(Error::FolderMissing {
                what,
                path,
                remedy: format!(
                    "« {} » doit contenir les quatre dossiers LF, LM, DF et DM, ou PPB entier avec sa table",
                    folder.display()
                ),
            });
        }
        let folder = ImageFolder::load(&what, &path, options)?;
        Ok(Self {
            name: name.to_owned(),
            code: code.to_owned(),
            images: folder.images,
            original_sizes: folder.original_sizes,
        })
    }
}
