//! The checks of the lab on labels, `tp1_utkface`.

use std::sync::LazyLock;

use visages::prelude::*;

/// A small drawn folder, with every defect, as the lab reads it.
static FILES: LazyLock<DataFrame> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("visages-tp1-{}", std::process::id()));
    DrawnFacesConfig::new()
        .with_faces(120)
        .with_side(32)
        .write_utkface_folder(&folder, &StopFlag::new(), |_, _| {})
        .unwrap();
    let files = utkface::scan(&folder).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    files
});

/// The labelled faces, with the columns that the lab adds.
fn people() -> DataFrame {
    let labelled = col("race").is_not_null();
    let people = FILES.clone().lazy().filter(labelled).collect().unwrap();
    utkface::with_names(&people).unwrap()
}

/// One module a solution: its items answer one check cell.
macro_rules! cases {
    ($cell:tt; $($name:ident: $expected:ident { $($item:item)* })*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use visages::prelude::*;
            $($item)*
            #[test]
            fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                #[allow(unused_variables)]
                let files = $crate::lab_checks::tp1::FILES.clone();
                #[allow(unused_variables)]
                let people = $crate::lab_checks::tp1::people();
                $crate::lab_checks::judge(&lab_cells::checks!("tp1_utkface", $cell), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

mod parse_labels {
    cases! { "parse_labels";
        reference: Full {
            lab_cells::exercise!("tp1_utkface", "parse_labels");
        }
        pattern: Full {
            fn parse_labels(name: &str) -> Option<(i32, u8, u8)> {
                let parts: Vec<&str> = name.split('_').collect();
                let [age, gender, race, _date] = parts[..] else { return None; };
                match (age.parse(), gender.parse(), race.parse()) {
                    (Ok(age), Ok(gender @ 0..=1), Ok(race @ 0..=4)) => Some((age, gender, race)),
                    _ => None,
                }
            }
        }
        by_way_of_the_library: Full {
            fn parse_labels(name: &str) -> Option<(i32, u8, u8)> {
                let read = utkface::UtkName::parse(name);
                Some((read.age?, read.gender?, read.race?))
            }
        }
        stub: Zero {
            fn parse_labels(_: &str) -> Option<(i32, u8, u8)> { todo!("À FAIRE"); }
        }
        unwrapped: Less {
            fn parse_labels(name: &str) -> Option<(i32, u8, u8)> {
                let mut fields = name.split('_');
                let age = fields.next().unwrap().parse().unwrap();
                let gender = fields.next().unwrap().parse().unwrap();
                let race = fields.next().unwrap().parse().unwrap();
                (gender < 2 && race < 5).then_some((age, gender, race))
            }
        }
        codes_not_checked: Less {
            fn parse_labels(name: &str) -> Option<(i32, u8, u8)> {
                let mut fields = name.split('_');
                Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
            }
        }
        what_lacks_is_zero: Less {
            fn parse_labels(name: &str) -> Option<(i32, u8, u8)> {
                let mut fields = name.split('_');
                let mut next = || fields.next().and_then(|field| field.parse::<u8>().ok()).unwrap_or(0);
                let (age, gender, race) = (i32::from(next()), next(), next());
                (gender < 2 && race < 5).then_some((age, gender, race))
            }
        }
        gender_and_code_swapped: Less {
            fn parse_labels(name: &str) -> Option<(i32, u8, u8)> {
                let mut fields = name.split('_');
                let age: i32 = fields.next()?.parse().ok()?;
                let race: u8 = fields.next()?.parse().ok()?;
                let gender: u8 = fields.next()?.parse().ok()?;
                (gender < 5 && race < 2).then_some((age, gender, race))
            }
        }
        dates_must_be_well_written: Less {
            fn parse_labels(name: &str) -> Option<(i32, u8, u8)> {
                let read = utkface::UtkName::parse(name);
                if !read.issues.is_empty() {
                    return None;
                }
                Some((read.age?, read.gender?, read.race?))
            }
        }
    }
}

mod suspicious {
    cases! { "suspicious";
        reference: Full {
            lab_cells::exercise!("tp1_utkface", "suspicious");
        }
        other_way: Full {
            fn suspicious(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.select(["file", "issue"])?.lazy().filter(col("issue").is_null().not()).collect()?)
            }
        }
        without_expressions: Full {
            fn suspicious(files: &DataFrame) -> Result<DataFrame, Error> {
                let told = files.column("issue")?.is_not_null();
                Ok(files.filter(&told)?.select(["issue", "file"])?)
            }
        }
        stub: Zero {
            fn suspicious(_: &DataFrame) -> Result<DataFrame, Error> { todo!("À FAIRE"); }
        }
        those_without_a_problem: Less {
            fn suspicious(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.clone().lazy().filter(col("issue").is_null()).select([col("file"), col("issue")]).collect()?)
            }
        }
        every_column: Less {
            fn suspicious(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.clone().lazy().filter(col("issue").is_not_null()).collect()?)
            }
        }
        every_file: Less {
            fn suspicious(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.clone().lazy().select([col("file"), col("issue")]).collect()?)
            }
        }
    }
}

mod duplicates {
    cases! { "duplicates";
        reference: Full {
            lab_cells::exercise!("tp1_utkface", "duplicates");
        }
        nulls_dropped_last: Full {
            fn duplicates(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.clone().lazy()
                    .group_by([col("content_hash")])
                    .agg([len().alias("n")])
                    .filter(col("n").gt_eq(lit(2)).and(col("content_hash").is_not_null()))
                    .collect()?)
            }
        }
        by_hand: Full {
            fn duplicates(files: &DataFrame) -> Result<DataFrame, Error> {
                let mut counts = std::collections::BTreeMap::<String, u32>::new();
                for hash in files.column("content_hash")?.str()?.iter().flatten() {
                    *counts.entry(hash.to_owned()).or_insert(0) += 1;
                }
                let (hashes, n): (Vec<String>, Vec<u32>) = counts.into_iter().filter(|(_, n)| *n > 1).unzip();
                Ok(df!("content_hash" => hashes, "n" => n)?)
            }
        }
        stub: Zero {
            fn duplicates(_: &DataFrame) -> Result<DataFrame, Error> { todo!("À FAIRE"); }
        }
        files_without_a_hash_are_alike: Less {
            fn duplicates(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.clone().lazy()
                    .group_by([col("content_hash")])
                    .agg([len().alias("n")])
                    .filter(col("n").gt(lit(1)))
                    .collect()?)
            }
        }
        single_files_too: Less {
            fn duplicates(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.clone().lazy()
                    .filter(col("content_hash").is_not_null())
                    .group_by([col("content_hash")])
                    .agg([len().alias("n")])
                    .collect()?)
            }
        }
        three_files_at_least: Less {
            fn duplicates(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.clone().lazy()
                    .filter(col("content_hash").is_not_null())
                    .group_by([col("content_hash")])
                    .agg([len().alias("n")])
                    .filter(col("n").gt(lit(2)))
                    .collect()?)
            }
        }
        number_of_copies_beyond_the_first: Less {
            fn duplicates(files: &DataFrame) -> Result<DataFrame, Error> {
                Ok(files.clone().lazy()
                    .filter(col("content_hash").is_not_null())
                    .group_by([col("content_hash")])
                    .agg([(len() - lit(1_u32)).alias("n")])
                    .filter(col("n").gt(lit(0)))
                    .collect()?)
            }
        }
    }
}

mod most_common_age {
    cases! { "most_common_age";
        reference: Full {
            lab_cells::exercise!("tp1_utkface", "most_common_age");
        }
        sorted_list: Full {
            fn most_common_age(ages: &[i32]) -> (i32, u32) {
                let mut sorted = ages.to_vec();
                sorted.sort();
                let runs = sorted.chunk_by(|one, other| one == other);
                // The last of equal maxima wins: the list is read from its end.
                let runs: Vec<&[i32]> = runs.collect();
                let best = runs.iter().rev().max_by_key(|run| run.len()).unwrap();
                (best[0], best.len() as u32)
            }
        }
        polars: Full {
            fn most_common_age(ages: &[i32]) -> (i32, u32) {
                let frame = df!("age" => ages).unwrap();
                let order = SortMultipleOptions::default().with_order_descending_multi([true, false]);
                let counts = frame.lazy().group_by([col("age")]).agg([len().alias("n")])
                    .sort(["n", "age"], order).collect().unwrap();
                let first = |name: &str| counts.column(name).unwrap().cast(&DataType::Int64).unwrap().i64().unwrap().get(0).unwrap();
                (first("age") as i32, first("n") as u32)
            }
        }
        stub: Zero {
            fn most_common_age(_: &[i32]) -> (i32, u32) { todo!("À FAIRE"); }
        }
        largest_of_equals: Less {
            fn most_common_age(ages: &[i32]) -> (i32, u32) {
                let mut counts = std::collections::BTreeMap::new();
                for &age in ages { *counts.entry(age).or_insert(0) += 1; }
                counts.into_iter().max_by_key(|(_, count)| *count).unwrap()
            }
        }
        first_of_the_list: Less {
            fn most_common_age(ages: &[i32]) -> (i32, u32) {
                (ages[0], ages.iter().filter(|age| **age == ages[0]).count() as u32)
            }
        }
        smallest_age: Less {
            fn most_common_age(ages: &[i32]) -> (i32, u32) {
                let age = *ages.iter().min().unwrap();
                (age, ages.iter().filter(|other| **other == age).count() as u32)
            }
        }
        count_of_all: Less {
            fn most_common_age(ages: &[i32]) -> (i32, u32) {
                let mut counts = std::collections::BTreeMap::new();
                for &age in ages { *counts.entry(age).or_insert(0) += 1; }
                let (age, _) = counts.into_iter().rev().max_by_key(|(_, count)| *count).unwrap();
                (age, ages.len() as u32)
            }
        }
    }
}

mod smallest_groups {
    cases! { "smallest_groups";
        reference: Full {
            lab_cells::exercise!("tp1_utkface", "smallest_groups");
        }
        by_n_only: Full {
            fn smallest_groups(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .group_by([col("race"), col("age_group"), col("gender")])
                    .agg([col("file").count().alias("n")])
                    .sort(["n"], Default::default())
                    .collect()?)
            }
        }
        by_way_of_the_library: Full {
            fn smallest_groups(people: &DataFrame) -> Result<DataFrame, Error> {
                let mut counts = utkface::joint_counts(people, &["age_group", "gender", "race"])?;
                counts.rename("count", "n".into())?;
                Ok(counts.sort(["n"], SortMultipleOptions::default())?)
            }
        }
        stub: Zero {
            fn smallest_groups(_: &DataFrame) -> Result<DataFrame, Error> { todo!("À FAIRE"); }
        }
        largest_first: Less {
            fn smallest_groups(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .group_by([col("age_group"), col("gender"), col("race")])
                    .agg([len().alias("n")])
                    .sort(["n"], SortMultipleOptions::default().with_order_descending(true))
                    .collect()?)
            }
        }
        in_the_order_of_the_groups: Less {
            fn smallest_groups(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .group_by([col("age_group"), col("gender"), col("race")])
                    .agg([len().alias("n")])
                    .sort(["age_group", "gender", "race"], Default::default())
                    .collect()?)
            }
        }
        two_columns: Less {
            fn smallest_groups(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .group_by([col("age_group"), col("gender")])
                    .agg([len().alias("n")])
                    .sort(["n"], Default::default())
                    .collect()?)
            }
        }
        ages_for_groups_of_ages: Less {
            fn smallest_groups(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .group_by([col("age"), col("gender"), col("race")])
                    .agg([len().alias("n")])
                    .sort(["n"], Default::default())
                    .collect()?)
            }
        }
    }
}

mod median_age {
    cases! { "median_age";
        reference: Full {
            lab_cells::exercise!("tp1_utkface", "median_age");
        }
        selection: Full {
            fn median_age(ages: &[i32]) -> i32 {
                let mut ages = ages.to_vec();
                let middle = ages.len() / 2;
                *ages.select_nth_unstable(middle).1
            }
        }
        counted: Full {
            fn median_age(ages: &[i32]) -> i32 {
                let below = |age: i32| ages.iter().filter(|other| **other < age).count();
                *ages.iter().filter(|age| below(**age) <= ages.len() / 2).max().unwrap()
            }
        }
        stub: Zero {
            fn median_age(_: &[i32]) -> i32 { todo!("À FAIRE"); }
        }
        not_sorted: Less {
            fn median_age(ages: &[i32]) -> i32 { ages[ages.len() / 2] }
        }
        smaller_of_the_two: Less {
            fn median_age(ages: &[i32]) -> i32 {
                let mut sorted = ages.to_vec();
                sorted.sort();
                sorted[(sorted.len() - 1) / 2]
            }
        }
        mean: Less {
            fn median_age(ages: &[i32]) -> i32 { ages.iter().sum::<i32>() / ages.len() as i32 }
        }
        middle_of_the_range: Less {
            fn median_age(ages: &[i32]) -> i32 { (ages.iter().min().unwrap() + ages.iter().max().unwrap()) / 2 }
        }
    }
}

mod constant_mae {
    cases! { "constant_mae";
        reference: Full {
            lab_cells::exercise!("tp1_utkface", "constant_mae");
        }
        numbers_first: Full {
            fn constant_mae(ages: &[i32], answer: i32) -> f64 {
                let errors: Vec<f64> = ages.iter().map(|&age| f64::from(age - answer).abs()).collect();
                errors.iter().sum::<f64>() / errors.len() as f64
            }
        }
        loop_of_distances: Full {
            fn constant_mae(ages: &[i32], answer: i32) -> f64 {
                let mut total = 0;
                for age in ages { total += age.abs_diff(answer); }
                total as f64 / ages.len() as f64
            }
        }
        stub: Zero {
            fn constant_mae(_: &[i32], _: i32) -> f64 { todo!("À FAIRE"); }
        }
        signed_error: Less {
            fn constant_mae(ages: &[i32], answer: i32) -> f64 {
                f64::from(ages.iter().map(|age| age - answer).sum::<i32>()) / ages.len() as f64
            }
        }
        root_of_squares: Less {
            fn constant_mae(ages: &[i32], answer: i32) -> f64 {
                let squares: i32 = ages.iter().map(|age| (age - answer).pow(2)).sum();
                (f64::from(squares) / ages.len() as f64).sqrt()
            }
        }
        division_of_integers: Less {
            fn constant_mae(ages: &[i32], answer: i32) -> f64 {
                f64::from(ages.iter().map(|age| (age - answer).abs()).sum::<i32>() / ages.len() as i32)
            }
        }
        sum_alone: Less {
            fn constant_mae(ages: &[i32], answer: i32) -> f64 {
                f64::from(ages.iter().map(|age| (age - answer).abs()).sum::<i32>())
            }
        }
        answer_ignored: Less {
            fn constant_mae(ages: &[i32], _answer: i32) -> f64 {
                let mean = ages.iter().sum::<i32>() / ages.len() as i32;
                f64::from(ages.iter().map(|age| (age - mean).abs()).sum::<i32>()) / ages.len() as f64
            }
        }
    }
}

/// The visible checks find what students do first: codes taken as they come.
mod visible_parse_labels {
    use crate::lab_checks::{Expected, judge};

    fn parse_labels(name: &str) -> Option<(i32, u8, u8)> {
        let mut fields = name.split('_');
        Some((
            fields.next()?.parse().ok()?,
            fields.next()?.parse().ok()?,
            fields.next()?.parse().ok()?,
        ))
    }

    #[test]
    fn impossible_codes_are_seen() {
        let note = lab_cells::visible_checks!("tp1_utkface", "parse_labels");
        judge(&note, Expected::Less);
        assert!(note.total() < lab_cells::checks!("tp1_utkface", "parse_labels").total());
    }
}
