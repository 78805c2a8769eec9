//! Archives made here, sound, hostile and damaged.

use super::*;
use std::io::Write;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tp été {name} {}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn zip_of(path: &Path, files: &[(&str, &[u8])]) {
    let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated);
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
}

/// The names go in as they are: the library's own writer would refuse the bad ones.
fn tar_gz_of(path: &Path, files: &[(&str, &[u8])]) {
    let compressed =
        flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(compressed);
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
}

#[test]
fn archives_and_folders_give_the_same_files() {
    let folder = Folder::new("sources");
    let files: [(&str, &[u8]); 3] = [
        ("a/1.jpg", b"un"),
        ("a/b/2.jpg", b"deux"),
        ("lisez.txt", b"x"),
    ];
    let (zipped, tarred) = (folder.0.join("x.zip"), folder.0.join("x.tgz"));
    zip_of(&zipped, &files);
    tar_gz_of(&tarred, &files);
    let plain = folder.0.join("plain");
    for (name, content) in files {
        fs::create_dir_all(plain.join(name).parent().unwrap()).unwrap();
        fs::write(plain.join(name), content).unwrap();
    }
    for (index, path) in [zipped, tarred, plain].iter().enumerate() {
        let source = Source::open(path).unwrap();
        let mut names = source.files().unwrap();
        names.sort();
        assert_eq!(names, files.map(|(name, _)| PathBuf::from(name)));
        let out = folder.0.join(format!("out{index}"));
        let place = |path: &Path| {
            path.extension()
                .is_some_and(|ending| ending == "jpg")
                .then(|| out.join(path.file_name().unwrap()))
        };
        let mut seen = 0;
        let first = source.extract(&names, place, |count| seen = count).unwrap();
        assert_eq!(
            (first, seen),
            (
                Extracted {
                    written: 2,
                    already: 0
                },
                3
            )
        );
        assert_eq!(fs::read(out.join("2.jpg")).unwrap(), b"deux");
        // Interrupted, then resumed: only what lacks is written.
        fs::remove_file(out.join("2.jpg")).unwrap();
        let again = source.extract(&names, place, |_| {}).unwrap();
        assert_eq!(
            again,
            Extracted {
                written: 1,
                already: 1
            }
        );
        assert_eq!(fs::read(out.join("2.jpg")).unwrap(), b"deux");
        assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
        // Of the same length, and another content: neither taken for the same nor replaced.
        fs::write(out.join("2.jpg"), b"quat").unwrap();
        fs::remove_file(out.join("1.jpg")).unwrap();
        let error = source.extract(&names, place, |_| {}).unwrap_err();
        assert!(
            error.to_string().contains("autre contenu (1 fichier"),
            "{error}"
        );
        assert_eq!(fs::read(out.join("2.jpg")).unwrap(), b"quat");
        assert!(!out.join("1.jpg").exists());
    }
}

#[test]
fn ways_out_are_refused_before_anything_is_written() {
    let folder = Folder::new("sorties");
    for (index, name) in ["../x.jpg", "a/../../x.jpg", "/x.jpg", "a\\..\\x.jpg"]
        .iter()
        .enumerate()
    {
        let files: [(&str, &[u8]); 2] = [("bon.jpg", b"x"), (name, b"x")];
        let tarred = folder.0.join(format!("{index}.tgz"));
        tar_gz_of(&tarred, &files);
        let error = Source::open(&tarred)
            .unwrap()
            .files()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("archive refusée") && error.contains(name),
            "{error}"
        );
    }
    let zipped = folder.0.join("x.zip");
    zip_of(&zipped, &[("../x.jpg", b"x")]);
    let error = Source::open(&zipped)
        .unwrap()
        .files()
        .unwrap_err()
        .to_string();
    assert!(error.contains("archive refusée"), "{error}");
}

#[test]
fn damaged_and_foreign_files_are_told() {
    let folder = Folder::new("abîmées");
    let page = folder.0.join("page.zip");
    fs::write(&page, b"<!DOCTYPE html><html>Quota exceeded</html>").unwrap();
    let error = Source::open(&page).unwrap_err().to_string();
    assert!(error.contains("page Web"), "{error}");
    let zipped = folder.0.join("x.zip");
    zip_of(&zipped, &[("1.jpg", &[7; 5_000]), ("2.jpg", b"deux")]);
    let whole = fs::read(&zipped).unwrap();
    fs::write(&zipped, &whole[..whole.len() / 2]).unwrap();
    let error = Source::open(&zipped)
        .unwrap()
        .files()
        .unwrap_err()
        .to_string();
    assert!(error.contains("abîmée ou incomplète"), "{error}");
    let tarred = folder.0.join("x.tgz");
    tar_gz_of(&tarred, &[("1.jpg", &[7; 50_000])]);
    let whole = fs::read(&tarred).unwrap();
    fs::write(&tarred, &whole[..whole.len() / 2]).unwrap();
    let source = Source::open(&tarred).unwrap();
    assert!(
        source
            .extract(&[], |_| Some(folder.0.join("1.jpg")), |_| {})
            .is_err()
    );
    assert!(!folder.0.join("1.jpg").exists());
}

/// Where a header of a zip archive is; `PK\x01\x02` for the list at its end, `PK\x03\x04` for the files.
fn header(archive: &[u8], signature: &[u8; 4]) -> usize {
    archive
        .windows(4)
        .position(|four| four == signature)
        .unwrap()
}

#[test]
fn too_much_is_refused_before_anything_is_written() {
    let folder = Folder::new("bombes");
    let path = folder.0.join("x.zip");
    zip_of(&path, &[("1.jpg", b"un"), ("2.jpg", b"deux")]);
    let whole = fs::read(&path).unwrap();
    let extract = |announced: u32, placed: &str| {
        let mut bytes = whole.clone();
        let last = header(&bytes, b"PK\x01\x02");
        let last = last + 4 + header(&bytes[last + 4..], b"PK\x01\x02");
        bytes[last + 24..last + 28].copy_from_slice(&announced.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        let source = Source::open(&path).unwrap();
        let place = |file: &Path| {
            let name = file.file_name().unwrap();
            (name == placed).then(|| folder.0.join("out").join(name))
        };
        let files = source.files().unwrap();
        source
            .extract(&files, place, |_| {})
            .unwrap_err()
            .to_string()
    };
    let error = extract(200 << 20, "2.jpg");
    assert!(error.contains("annonce 209 Mo"), "{error}");
    let error = extract(2_000_000_000, "1.jpg");
    assert!(error.contains("20 fois sa propre taille"), "{error}");
    assert!(!folder.0.join("out").exists());

    let mut endless = Bounded {
        content: io::repeat(0),
        left: 100_000,
    };
    let error = io::copy(&mut endless, &mut io::sink()).unwrap_err();
    assert!(
        damaged(&path, &error)
            .to_string()
            .contains("archive refusée")
    );
}

#[test]
fn what_comes_twice_is_written_once() {
    let folder = Folder::new("doubles");
    let path = folder.0.join("x.zip");
    let place = |file: &Path| Some(folder.0.join("out").join(file.file_name().unwrap()));
    zip_of(&path, &[("a/1.jpg", b"un"), ("b/1.jpg", b"un")]);
    let source = Source::open(&path).unwrap();
    let files = source.files().unwrap();
    let extracted = source.extract(&files, place, |_| {}).unwrap();
    assert_eq!((extracted.written, extracted.already), (1, 1));
    fs::remove_dir_all(folder.0.join("out")).unwrap();
    zip_of(&path, &[("a/1.jpg", b"un"), ("b/1.jpg", b"deux")]);
    let error = source
        .extract(&files, place, |_| {})
        .unwrap_err()
        .to_string();
    assert!(error.contains("même place"), "{error}");
    assert!(!folder.0.join("out").exists());
}

#[test]
fn what_is_wrong_inside_is_told_in_french() {
    let folder = Folder::new("raisons");
    let target = folder.0.join("out.jpg");
    let told = |path: &Path| {
        let source = Source::open(path).unwrap();
        let result = source
            .files()
            .and_then(|files| source.extract(&files, |_| Some(target.clone()), |_| {}));
        assert!(!target.exists());
        result.unwrap_err().to_string()
    };
    let content: Vec<u8> = (0..40_000_u32).map(|i| ((i * i) >> 3) as u8).collect();
    let zipped = folder.0.join("x.zip");
    zip_of(&zipped, &[("1.jpg", &content)]);
    let whole = fs::read(&zipped).unwrap();

    let mut bytes = whole.clone();
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = header(&bytes, signature);
        bytes[at + flags] |= 1;
    }
    fs::write(&zipped, &bytes).unwrap();
    assert!(told(&zipped).contains("mot de passe"), "{}", told(&zipped));

    let mut bytes = whole.clone();
    let at = header(&bytes, b"PK\x01\x02");
    bytes[at + 16] ^= 1;
    fs::write(&zipped, &bytes).unwrap();
    assert!(
        told(&zipped).contains("somme de contrôle"),
        "{}",
        told(&zipped)
    );

    let mut bytes = whole.clone();
    for byte in &mut bytes[60..400] {
        *byte ^= 0x5A;
    }
    fs::write(&zipped, &bytes).unwrap();
    assert!(told(&zipped).contains("incohérentes"), "{}", told(&zipped));

    fs::write(&zipped, &whole[..whole.len() - 30]).unwrap();
    assert!(told(&zipped).contains("avant la fin"), "{}", told(&zipped));

    let tarred = folder.0.join("x.tgz");
    tar_gz_of(&tarred, &[("1.jpg", &content), ("2.jpg", &content)]);
    let whole = fs::read(&tarred).unwrap();
    fs::write(&tarred, &whole[..whole.len() / 2]).unwrap();
    assert!(told(&tarred).contains("avant la fin"), "{}", told(&tarred));
    let mut plain = Vec::new();
    GzDecoder::new(&whole[..]).read_to_end(&mut plain).unwrap();
    let tarred = folder.0.join("x.tar");
    for cut in [700, 20_000, 40_700] {
        fs::write(&tarred, &plain[..cut]).unwrap();
        assert!(
            told(&tarred).contains("avant la fin"),
            "{cut} {}",
            told(&tarred)
        );
    }
    plain[2] = b'y';
    fs::write(&tarred, &plain).unwrap();
    assert!(told(&tarred).contains("en-tête"), "{}", told(&tarred));
}
