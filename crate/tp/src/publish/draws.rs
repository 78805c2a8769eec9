//! Checks that draw numbers without seeding the device first. The same notebook would get another verdict when it is graded.
//!
//! A reading of lines, not a parser: it has to know what builds a layer, draws a tensor or trains.

/// What draws from the device's generator: tensors, new layers and networks, and the functions of students that do either.
const DRAWS: [&str; 8] = [
    "::random(",
    ".init(&device)",
    "::new(&device)",
    "dense(",
    "sampling(",
    ".reparameterize(",
    ".call(",
    "train_",
];

/// The lines, from 0, of the first draw of each check of a cell that no `device.seed(…)` of this check precedes.
pub fn unseeded(source: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut seeded = false;
    for (number, line) in source.lines().enumerate() {
        let line = match line.split_once("check(\"") {
            // The name of the check may say « train_step » and draws nothing.
            Some((_, rest)) => {
                seeded = false;
                rest.split_once("\",").map_or("", |(_, code)| code)
            }
            None => line,
        };
        seeded |= line.contains("device.seed(");
        let said = line.trim_start().starts_with("//") || line.contains(".hint(");
        if !seeded && !said && DRAWS.iter().any(|draw| calls(line, draw)) {
            lines.push(number);
            // One problem a check is enough.
            seeded = true;
        }
    }
    lines
}

/// Whether a line calls `draw`. A name with `train_` in it is any function whose name has it, but no method
/// (`.train_size()`).
fn calls(line: &str, draw: &str) -> bool {
    line.match_indices(draw).any(|(start, _)| {
        let before = line[..start].trim_end_matches(part_of_name);
        let after = line[start + draw.len()..].trim_start_matches(part_of_name);
        match draw {
            "train_" => !before.ends_with('.') && after.starts_with('('),
            _ if draw.starts_with(['.', ':']) => true,
            _ => before.len() == start,
        }
    })
}

fn part_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_without_a_seed_is_found_once_a_check() {
        let cell = "grade(2.0, &[\n\
            check(\"train_vae(…) apprend\", || -> Verdict {\n\
            let x = Tensor::<4>::random([1], law, &device);\n\
            let net: Net = NetConfig::new().init(&device)?;\n\
            Ok(())\n\
            }),\n\
            check(\"deux\", || -> Verdict {\n\
            device.seed(1);\n\
            let z = sampling(mean, logvar);\n\
            Ok(())\n\
            }).hint(\"train_vae(net)\"),\n\
            check(\"trois\", || -> Verdict {\n\
            let run = train_vae(net);\n\
            Ok(())\n\
            }),\n\
            ])";
        assert_eq!(unseeded(cell), [2, 12]);
    }

    #[test]
    fn a_check_of_one_line_is_read() {
        let cell = "check(\"sampling(z)\", || close(mean(sampling(&mu)), 0.0, 0.1)),";
        assert_eq!(unseeded(cell), [0]);
        assert_eq!(
            unseeded("check(\"sampling(z)\", || close(mu, 0.0, 0.1)),"),
            Vec::<usize>::new()
        );
    }

    #[test]
    fn what_draws_nothing_is_left_alone() {
        for line in [
            "let p = resampling(&mu);",
            "let n = small.train_size() + train_count;",
            "let x = Tensor::zeros([2], &device);",
            "let optimizer = AdamConfig::new().init();",
            "let condense = condense(&x);",
            "// sampling(mean, logvar)",
        ] {
            let cell = format!("check(\"un\", || -> Verdict {{\n{line}\n");
            assert_eq!(unseeded(&cell), Vec::<usize>::new(), "{line}");
        }
        assert_eq!(
            unseeded("check(\"un\", || {\nlet (after, _) = debiasing_train_step(model)?;\n"),
            [1]
        );
    }
}
