//! Where images and labels come from: folders of pictures, the detection data set, the test faces.
//!
//! Every loader applies the same preprocessing: RGB, 8 bits, one size, then floats in `[0, 1]`.

mod batches;
mod decode;
mod detection;
mod folder;
mod image_store;
mod options;
mod preset;
mod split;
mod test_faces;

pub use batches::{Batch, Batches};
pub use detection::{
    DetectionConfig, DetectionLoader, FACE, FACE_FOLDERS, LabelledImages, NON_FACE,
    NON_FACE_FOLDERS,
};
pub use folder::{ImageFolder, UnreadableFile};
pub use image_store::{CHANNELS, ImageStore};
pub use options::{DEFAULT_SIDE, Fit, Framing, LoadOptions};
pub use preset::{PRESET_VARIABLE, Preset};
pub use split::{Split, split_by_content};
pub use test_faces::{FaceGroup, TEST_FACE_FOLDERS, TestFaces};
