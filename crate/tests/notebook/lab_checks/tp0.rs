//! The checks of the first lab, `tp0_prise_en_main`.

use visages::prelude::*;

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
                let device = Device::flex();
                #[allow(unused_variables)]
                let people = $crate::lab_checks::tp0::people();
                $crate::lab_checks::judge(&lab_cells::checks!("tp0_prise_en_main", $cell), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

/// The table of part 8.
fn people() -> DataFrame {
    df!(
        "age" => [26_u32, 1, 35, 78, 41, 26],
        "gender" => [0_u8, 1, 1, 0, 0, 1],
        "found" => [true, false, true, true, true, false],
    )
    .unwrap()
}

mod celsius {
    cases! { "celsius";
        reference: Full {
            lab_cells::exercise!("tp0_prise_en_main", "celsius");
        }
        other_way: Full {
            fn celsius(fahrenheit: f64) -> f64 { (fahrenheit - 32.0) * 5.0 / 9.0 }
        }
        stub: Zero {
            #[allow(unreachable_code, unused_variables, clippy::diverging_sub_expression)]
            fn celsius(_: f64) -> f64 {
                let above_freezing: f64 = { todo!("À FAIRE"); };
                above_freezing / 1.8
            }
        }
        nothing_subtracted: Less {
            fn celsius(fahrenheit: f64) -> f64 { fahrenheit / 1.8 }
        }
        upside_down: Less {
            fn celsius(fahrenheit: f64) -> f64 { (32.0 - fahrenheit) / 1.8 }
        }
        the_other_way_round: Less {
            fn celsius(fahrenheit: f64) -> f64 { fahrenheit * 1.8 + 32.0 }
        }
    }
}

mod mean_age {
    cases! { "mean_age";
        reference: Full {
            lab_cells::exercise!("tp0_prise_en_main", "mean_age");
        }
        loop_of_integers: Full {
            fn mean_age(ages: &[u32]) -> f64 {
                let mut sum = 0;
                for age in ages { sum += age; }
                sum as f64 / ages.len() as f64
            }
        }
        fold: Full {
            fn mean_age(ages: &[u32]) -> f64 {
                let n = ages.len() as f64;
                ages.iter().fold(0.0, |so_far, &age| so_far + f64::from(age) / n)
            }
        }
        stub: Zero {
            fn mean_age(_: &[u32]) -> f64 { todo!("À FAIRE"); }
        }
        division_of_integers: Less {
            fn mean_age(ages: &[u32]) -> f64 { f64::from(ages.iter().sum::<u32>() / ages.len() as u32) }
        }
        sum_alone: Less {
            fn mean_age(ages: &[u32]) -> f64 { f64::from(ages.iter().sum::<u32>()) }
        }
        one_person_less: Less {
            fn mean_age(ages: &[u32]) -> f64 { f64::from(ages.iter().sum::<u32>()) / (ages.len() - 1) as f64 }
        }
        four_people_always: Less {
            fn mean_age(ages: &[u32]) -> f64 { f64::from(ages.iter().sum::<u32>()) / 4.0 }
        }
    }
}

mod standardize {
    cases! { "standardize";
        reference: Full {
            lab_cells::exercise!("tp0_prise_en_main", "standardize");
        }
        other_way: Full {
            fn standardize(x: Tensor<1>) -> Tensor<1> {
                let mean = x.clone().mean();
                // E[x²] − (E[x])²
                let variance = x.clone().powi_scalar(2).mean() - mean.clone().powi_scalar(2);
                x.sub(mean).div(variance.sqrt())
            }
        }
        through_numbers: Full {
            fn standardize(x: Tensor<1>) -> Tensor<1> {
                let device = x.device();
                let values: Vec<f32> = x.try_into_vec_as().unwrap();
                let n = values.len() as f32;
                let mean = values.iter().sum::<f32>() / n;
                let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt();
                let standard: Vec<f32> = values.iter().map(|v| (v - mean) / deviation).collect();
                Tensor::from_data(TensorData::new(standard.clone(), [standard.len()]), &device)
            }
        }
        stub: Zero {
            fn standardize(_: Tensor<1>) -> Tensor<1> { todo!("À FAIRE"); }
        }
        nothing_done: Zero {
            fn standardize(x: Tensor<1>) -> Tensor<1> { x }
        }
        centred_only: Less {
            fn standardize(x: Tensor<1>) -> Tensor<1> { x.clone() - x.mean() }
        }
        no_root: Less {
            fn standardize(x: Tensor<1>) -> Tensor<1> {
                let centred = x.clone() - x.mean();
                centred.clone() / centred.square().mean()
            }
        }
        one_less_than_n: Less {
            fn standardize(x: Tensor<1>) -> Tensor<1> {
                let n = x.dims()[0] as f64;
                let centred = x.clone() - x.mean();
                let variance = centred.clone().square().sum() / (n - 1.0);
                centred / variance.sqrt()
            }
        }
        reduced_only: Less {
            fn standardize(x: Tensor<1>) -> Tensor<1> {
                let centred = x.clone() - x.clone().mean();
                x / centred.square().mean().sqrt()
            }
        }
    }
}

mod grey {
    cases! { "grey";
        reference: Full {
            lab_cells::exercise!("tp0_prise_en_main", "grey");
        }
        weights_in_a_tensor: Full {
            fn grey(images: Tensor<4>) -> Tensor<4> {
                let weights = Tensor::<1>::from_floats([0.299, 0.587, 0.114], &images.device());
                (images * weights.reshape([1, 3, 1, 1])).sum_dim(1)
            }
        }
        narrowed: Full {
            fn grey(images: Tensor<4>) -> Tensor<4> {
                let colour = |at| images.clone().narrow(1, at, 1);
                colour(0).mul_scalar(0.299) + colour(1).mul_scalar(0.587) + colour(2).mul_scalar(0.114)
            }
        }
        stub: Zero {
            fn grey(_: Tensor<4>) -> Tensor<4> { todo!("À FAIRE"); }
        }
        mean_of_the_colours: Less {
            fn grey(images: Tensor<4>) -> Tensor<4> { images.mean_dim(1) }
        }
        sum_of_the_colours: Less {
            fn grey(images: Tensor<4>) -> Tensor<4> { images.sum_dim(1) }
        }
        colours_in_the_other_order: Less {
            fn grey(images: Tensor<4>) -> Tensor<4> {
                let weights = Tensor::<1>::from_floats([0.114, 0.587, 0.299], &images.device());
                (images * weights.reshape([1, 3, 1, 1])).sum_dim(1)
            }
        }
        three_colours_kept: Less {
            fn grey(images: Tensor<4>) -> Tensor<4> {
                let weights = Tensor::<1>::from_floats([0.299, 0.587, 0.114], &images.device());
                images * weights.reshape([1, 3, 1, 1])
            }
        }
        one_colour_alone: Less {
            fn grey(images: Tensor<4>) -> Tensor<4> { images.slice(s![.., 1..2]) }
        }
    }
}

mod rate_by_gender {
    cases! { "rate_by_gender";
        reference: Full {
            lab_cells::exercise!("tp0_prise_en_main", "rate_by_gender");
        }
        other_expressions: Full {
            fn rate_by_gender(people: &DataFrame) -> Result<DataFrame, Error> {
                let found = col("found").sum().cast(DataType::Float64) / len().cast(DataType::Float64);
                Ok(people.clone().lazy()
                    .sort(["gender"], Default::default())
                    .group_by_stable([col("gender")])
                    .agg([col("found").count().alias("n"), found.alias("recall")])
                    .collect()?)
            }
        }
        by_hand: Full {
            fn rate_by_gender(people: &DataFrame) -> Result<DataFrame, Error> {
                let (mut n, mut found) = ([0_u32; 2], [0_u32; 2]);
                let genders = people.column("gender")?.u8()?.into_no_null_iter();
                for (gender, is_found) in genders.zip(people.column("found")?.bool()?.iter().flatten()) {
                    n[usize::from(gender)] += 1;
                    found[usize::from(gender)] += u32::from(is_found);
                }
                let recall = [0, 1].map(|gender| f64::from(found[gender]) / f64::from(n[gender]));
                Ok(df!("gender" => [0_u8, 1], "n" => n, "recall" => recall)?)
            }
        }
        stub: Zero {
            fn rate_by_gender(_: &DataFrame) -> Result<DataFrame, Error> { todo!("À FAIRE"); }
        }
        largest_gender_first: Less {
            fn rate_by_gender(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .group_by([col("gender")])
                    .agg([len().alias("n"), col("found").mean().alias("recall")])
                    .sort(["gender"], SortMultipleOptions::default().with_order_descending(true))
                    .collect()?)
            }
        }
        sum_for_mean: Less {
            fn rate_by_gender(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .group_by([col("gender")])
                    .agg([len().alias("n"), col("found").sum().alias("recall")])
                    .sort(["gender"], Default::default())
                    .collect()?)
            }
        }
        no_names: Less {
            fn rate_by_gender(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .group_by([col("gender")])
                    .agg([len(), col("found").mean()])
                    .sort(["gender"], Default::default())
                    .collect()?)
            }
        }
        everybody_together: Less {
            fn rate_by_gender(people: &DataFrame) -> Result<DataFrame, Error> {
                Ok(people.clone().lazy()
                    .select([col("gender").first(), len().alias("n"), col("found").mean().alias("recall")])
                    .collect()?)
            }
        }
    }
}
