//! Frames of the other data sets: CACD, CelebA, FairFace, folders of classes.

use crate::support::{TempFolder, jpeg, png};
use visages::{
    data::{cacd, celeba, classes, fairface},
    polars::prelude::*,
};

fn texts(df: &DataFrame, column: &str) -> Vec<Option<String>> {
    let column = df.column(column).unwrap().str().unwrap();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

fn some<const N: usize>(texts: [&str; N]) -> [Option<String>; N] {
    texts.map(|text| (!text.is_empty()).then(|| text.to_owned()))
}

#[test]
fn cacd_tells_people_apart() {
    let folder = TempFolder::new();
    folder.write("14_Aaron_Johnson_0001.jpg", &jpeg(8, 8, 1));
    folder.write("52_Renée_Zellweger_0002.jpg", &jpeg(8, 8, 2));
    folder.write("x.jpg", &jpeg(8, 8, 2));
    let df = cacd::scan(folder.path()).unwrap();
    assert_eq!(
        texts(&df, "identity"),
        some(["Aaron Johnson", "Renée Zellweger", ""])
    );
    assert_eq!(
        texts(&df, "issue"),
        some(["", "", "nom qui ne suit pas âge_prénom_nom_numéro"])
    );
    let hashes = texts(&df, "content_hash");
    assert!(hashes[1] == hashes[2] && hashes[0] != hashes[1]);
}

#[test]
fn celeba_has_attributes_and_people_where_their_tables_are() {
    let folder = TempFolder::new();
    folder.write("img/000001.jpg", &jpeg(8, 8, 1));
    folder.write("img/000002.jpg", &jpeg(8, 8, 2));
    folder.write("img/notes.txt", b"x");
    let df = celeba::scan(folder.path().join("img")).unwrap();
    assert_eq!(df.shape(), (2, 5));

    folder.write("identity_CelebA.txt", b"000001.jpg 2880\n000002.jpg 17\n");
    folder.write(
        "list_attr_celeba.txt",
        b"2\nMale Young \n000001.jpg -1  1\n000003.jpg  1 -1\n",
    );
    let df = celeba::scan(folder.path().join("img")).unwrap();
    let people = df.column("identity").unwrap().u32().unwrap();
    assert_eq!(people.iter().collect::<Vec<_>>(), [Some(2880), Some(17)]);
    let young = df.column("Young").unwrap().bool().unwrap();
    assert_eq!(young.iter().collect::<Vec<_>>(), [Some(true), None]);
    assert_eq!(texts(&df, "issue"), some(["", "sans attributs"]));

    // The same table with commas, as copies of the data set have it.
    folder.write(
        "img/list_attr_celeba.csv",
        b"image_id,Male\n000001.jpg,-1\n000002.jpg,1\n",
    );
    std::fs::remove_file(folder.path().join("list_attr_celeba.txt")).unwrap();
    let df = celeba::scan(folder.path().join("img")).unwrap();
    let men = df.column("Male").unwrap().bool().unwrap();
    assert_eq!(men.iter().collect::<Vec<_>>(), [Some(false), Some(true)]);

    for (table, expected) in [
        ("image_id,Male\n000001.jpg,2\n", "valeur « 2 » inattendue"),
        (
            "image_id,Male\n000001.jpg,1,1\n",
            "ligne 2 a 2 valeurs au lieu de 1",
        ),
    ] {
        folder.write("img/list_attr_celeba.csv", table.as_bytes());
        let message = celeba::scan(folder.path().join("img"))
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn fairface_follows_its_table() {
    let folder = TempFolder::new();
    folder.write("train/1.jpg", &jpeg(8, 8, 1));
    folder.write("train/2.jpg", &jpeg(8, 8, 2));
    let message = fairface::scan(folder.path()).unwrap_err().to_string();
    assert!(message.contains("labels.csv"), "{message}");
    folder.write(
        "labels.csv",
        b"file,age,gender,race,service_test\ntrain/1.jpg,more than 70,Female,East Asian,TRUE\n\
          train/9.jpg,3-9,Male,Black,False\n",
    );
    let df = fairface::scan(folder.path()).unwrap();
    assert_eq!(
        texts(&df, "file"),
        some(["train/1.jpg", "train/2.jpg", "train/9.jpg"])
    );
    assert_eq!(texts(&df, "race"), some(["East Asian", "", "Black"]));
    assert_eq!(texts(&df, "age_group"), some(["more than 70", "", "3-9"]));
    let tests = df.column("service_test").unwrap().bool().unwrap();
    assert_eq!(
        tests.iter().collect::<Vec<_>>(),
        [Some(true), None, Some(false)]
    );
    assert_eq!(
        texts(&df, "issue"),
        some(["", "absente de la table des étiquettes", "fichier absent"])
    );
}

#[test]
fn folders_of_classes() {
    let folder = TempFolder::new();
    folder.write("train/0/a.png", &png(8, 8, 1));
    folder.write("test/1/b.png", &png(8, 8, 2));
    folder.write("perdu.png", &png(8, 8, 3));
    let df = classes::scan(folder.path()).unwrap();
    assert_eq!(texts(&df, "split"), some(["", "test", "train"]));
    assert_eq!(texts(&df, "class"), some(["", "1", "0"]));
    assert_eq!(
        texts(&df, "issue"),
        some(["image hors d'un dossier de classe", "", ""])
    );
}
