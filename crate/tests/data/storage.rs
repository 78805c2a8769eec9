//! Pictures read from the cache's file instead of memory: the same to the bit.

use std::path::PathBuf;

use crate::support::{TempFolder, png};
use visages::{
    burn::tensor::Device,
    data::{
        BatchConfig, DetectionLoader, ImageFolder, Labelled, LoadOptions, Storage,
        augment::{Augmenter, Transform},
        classes, read_images, split_by_content,
    },
    polars::prelude::df,
};

fn options() -> LoadOptions {
    LoadOptions::new().with_size(16, 16).with_verbose(false)
}

/// Sixty pictures in folders of three classes, an hour old, a damaged one and a text.
fn pictures() -> TempFolder {
    let folder = TempFolder::new();
    for index in 0..60 {
        folder.write(&format!("{}/{index}.png", index % 3), &png(20, 18, index));
    }
    folder.write("0/abimee.jpg", b"x");
    folder.write("notes.txt", b"x");
    for entry in ["0", "1", "2", "."] {
        for file in std::fs::read_dir(folder.path().join(entry)).unwrap() {
            let file = file.unwrap().path();
            if file.is_file() {
                age(&file);
            }
        }
    }
    folder
}

fn age(file: &std::path::Path) {
    let hour = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_modified(hour).unwrap();
}

fn files(folder: &TempFolder) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn images_on_disk_are_those_in_memory() {
    let (folder, kept) = (pictures(), TempFolder::new());
    let load =
        |options: &LoadOptions| ImageFolder::load("les essais", folder.path(), options).unwrap();
    let in_memory = load(&options());
    let disk = options()
        .with_cache(kept.path())
        .with_storage(Storage::Disk);
    // Written while they are decoded, then used where they are.
    for _ in 0..2 {
        let on_disk = load(&disk);
        assert!(on_disk.images.is_on_disk() && !in_memory.images.is_on_disk());
        assert_eq!(on_disk.images, in_memory.images);
        assert_eq!(on_disk.files, in_memory.files);
        assert_eq!(on_disk.original_sizes, in_memory.original_sizes);
        assert_eq!(on_disk.unreadable, in_memory.unreadable);
        assert_eq!(on_disk.ignored, in_memory.ignored);
        assert_eq!(files(&kept).len(), 1);
    }
    let written = std::fs::read(&files(&kept)[0]).unwrap();
    // A reading in memory finds them, and another smaller one on disk too.
    let both = load(&options().with_cache(kept.path()));
    assert_eq!(both.images, in_memory.images);
    let few = load(&disk.clone().with_max_images(Some(12)));
    assert_eq!(
        few.images,
        load(&options().with_max_images(Some(12))).images
    );
    assert_eq!(std::fs::read(&files(&kept)[0]).unwrap(), written);

    // What was opened stays what it was, whatever becomes of the files.
    let before = load(&disk);
    folder.write("1/1.png", &png(20, 18, 700));
    age(&folder.path().join("1/1.png"));
    let after = load(&disk);
    assert_eq!(before.images, in_memory.images);
    assert_ne!(after.images, in_memory.images);
    assert_eq!(after.images, load(&options()).images);
    std::fs::remove_file(&files(&kept)[0]).unwrap();
    assert_eq!(before.images, in_memory.images);
}

#[test]
fn what_is_made_of_images_on_disk_is_the_same() {
    let (folder, kept) = (pictures(), TempFolder::new());
    let rows = classes::scan(folder.path()).unwrap();
    let rows = Labelled::new(
        visages::data::ImageStore::from_tensor(visages::burn::Tensor::zeros(
            [rows.height(), 3, 1, 1],
            &Device::flex(),
        ))
        .unwrap(),
        rows,
    )
    .unwrap();
    let usable = visages::polars::prelude::col("content_hash").is_not_null();
    let rows = rows.filter(usable).unwrap().frame().clone();
    let disk = options()
        .with_cache(kept.path())
        .with_storage(Storage::Disk);
    let sets = [&options(), &disk].map(|options| Labelled::read(&rows, options).unwrap());
    assert!(sets[1].images().is_on_disk());
    assert_eq!(sets[0], sets[1]);
    assert_eq!(sets[0].len(), 60);
    let hashes = sets
        .each_ref()
        .map(|set| set.content_hash(&["class"]).unwrap());
    assert_eq!(hashes[0], hashes[1]);
    let splits = sets
        .each_ref()
        .map(|set| split_by_content(set.images(), 0.3, 1).unwrap());
    assert_eq!(splits[0], splits[1]);

    let device = Device::flex();
    let augmenter = Augmenter::new(3).with(Transform::Zoom { share: 0.2 });
    for config in [
        BatchConfig::new(7),
        BatchConfig::new(9).balanced("class"),
        BatchConfig::new(7).with_augmenter(augmenter),
    ] {
        let epochs = sets.each_ref().map(|set| {
            let batches = config.epoch(set, 2, &device).unwrap();
            let values = |batch: visages::data::LabelledBatch| {
                (batch.rows, batch.images.try_into_vec_as::<f32>().unwrap())
            };
            batches
                .map(|batch| values(batch.unwrap()))
                .collect::<Vec<_>>()
        });
        assert!(epochs[0] == epochs[1]);
    }

    // Faces and other images: one on disk, one in memory.
    let part = |set: &Labelled, class: &str| {
        let class = visages::polars::prelude::col("class")
            .eq(visages::polars::prelude::lit(class.to_owned()));
        set.filter(class).unwrap().images().clone()
    };
    let loader = |set: &Labelled| {
        DetectionLoader::new(&part(set, "0"), &part(&sets[0], "1"), 0.3, 1).unwrap()
    };
    let loaders = [loader(&sets[0]), loader(&sets[1])];
    assert_eq!(
        loaders[0].content_hash().unwrap(),
        loaders[1].content_hash().unwrap()
    );
    let batches = loaders.each_ref().map(|loader| {
        let batches = loader.batches(6, 4, &device).unwrap();
        let images = batches.map(|batch| batch.unwrap().images.try_into_vec_as::<f32>().unwrap());
        images.collect::<Vec<_>>()
    });
    assert!(batches[0] == batches[1]);
}

#[test]
fn frames_and_their_images_are_chosen_together() {
    let folder = pictures();
    let path = |index: usize| {
        let path = folder.path().join(format!("{}/{index}.png", index % 3));
        path.to_str().unwrap().to_owned()
    };
    let paths: Vec<String> = (0..60).map(path).collect();
    let numbers: Vec<u32> = (0..60).collect();
    let frame = df!("path" => paths, "number" => numbers).unwrap();
    let whole = Labelled::read(&frame, &options()).unwrap();
    let few = Labelled::read(&frame, &options().with_max_images(Some(15))).unwrap();
    assert_eq!((whole.len(), few.len()), (60, 15));
    for (row, number) in few.classes("number").unwrap().into_iter().enumerate() {
        assert_eq!(
            few.images().image(row).unwrap(),
            whole.images().image(number).unwrap()
        );
    }
    assert_eq!(read_images(&frame, &options()).unwrap(), *whole.images());
}

#[test]
fn a_reading_on_disk_that_fails_leaves_nothing() {
    let (folder, kept) = (pictures(), TempFolder::new());
    let disk = options().with_storage(Storage::Disk);
    let message = ImageFolder::load("les essais", folder.path(), &disk)
        .unwrap_err()
        .to_string();
    assert!(message.contains("with_cache"), "{message}");
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let frame = df!("path" => [path("0/0.png"), path("0/abimee.jpg")]).unwrap();
    assert!(read_images(&frame, &disk.clone().with_cache(kept.path())).is_err());
    assert!(files(&kept).is_empty());
    // A folder that is a file.
    folder.write("cache", b"x");
    let cached = disk.with_cache(folder.path().join("cache/images"));
    let message = read_images(&frame, &cached).unwrap_err().to_string();
    assert!(message.contains("cache d'images"), "{message}");
}
