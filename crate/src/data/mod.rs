//! Where images and labels come from: folders of pictures, `train_face.h5`,
//! the detection data set, the test faces, drawn images.
//!
//! Every loader applies the same preprocessing: RGB, 8 bits, one size, then floats in `[0, 1]`.

mod age_classes;
mod age_ranges;
pub mod augment;
pub mod cacd;
mod cache;
pub mod celeba;
pub mod classes;
mod deck;
mod decode;
mod detection;
mod detection_batches;
mod distinct;
pub mod fairface;
mod features;
mod folder;
mod h5;
mod image_store;
mod inspect;
mod intake;
mod jpeg;
mod kept;
mod labelled;
mod measured;
mod memory;
mod options;
mod picture_file;
mod pixel_file;
mod ppb;
mod preset;
mod resize;
mod rows;
mod sampler;
mod split;
mod synthetic;
mod test_faces;
pub mod utkface;
mod world_measures;

pub use age_classes::{
    AgeClasses, AgeClassesConfig, AgeSource, drawn_elsewhere, fairface_elsewhere,
};
pub use age_ranges::{AGE_CLASSES, age_class};
pub(crate) use decode::decode_bytes;
pub use detection::{DetectionConfig, DetectionLoader, FACE, LABEL, NON_FACE};
pub use detection_batches::{Batch, DetectionBatches};
pub use features::{FeatureBatch, FeatureBatches, FeatureConfig, Features, weights_hash};
pub use folder::{ImageFolder, UnreadableFile};
pub(crate) use h5::h5_file;
pub use h5::{count_h5, read_h5};
pub use image_store::{CHANNELS, ImageStore};
pub use labelled::{BatchConfig, Batches, Labelled, LabelledBatch, LabelledSplit};
pub use measured::{mean_image, picture_measures, squared_errors};
pub use options::{Crop, DEFAULT_SIDE, Decoding, Framing, LoadOptions, Storage};
pub use preset::{PRESET_VARIABLE, Preset};
pub use rows::read_images;
pub use sampler::IndexBatches;
pub use split::{
    Blocks, Split, SplitConfig, SplitRows, match_classes, split_by_content, split_in_blocks,
};
pub(crate) use synthetic::keep_drawings_in;
pub use synthetic::{
    Background, Beard, Bias, CHOICES, Cut, Defect, DrawnFacesConfig, DrawnPeopleConfig, DrawnWorld,
    FACTORS, FaceFactors, FaceLabel, FaceRecord, FolderReport, Glasses, HairTexture, Headwear,
    MANIFEST, MEASURES, NonFaceFactors, NonFaceKind, Presentation, RareFactor, Shot, SkinTone,
    TONES_BY_CODE, Variation, World, WorldConfig, WorldTest, draw_faces, drawn_objects,
    faces_frame, non_faces_frame, varied_faces,
};
pub use test_faces::{FaceGroup, TestFaces};
/// The data sets that the labs know, each described once.
pub use tp_protocol::data_sets::{self, DATA_SETS, DataSet};
pub use world_measures::world_measures;
