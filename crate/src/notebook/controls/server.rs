//! The thread of a set: it owns the function, and calls it with the latest values.

use std::sync::mpsc::{Receiver, TryRecvError};

use tp_protocol::controls::View as Shown;

use super::{
    Work,
    link::{self, Opened, Told},
    values::Values,
    view::View,
};
use crate::{
    error::{Error, Result},
    host::hushed,
    notebook::panic::{Stopped, catch},
};

/// Has a thread of its own serve an opened set until it is closed.
///
/// It is the only thread of its own pool: what the function computes in parallel stays on it. It could not use the common
/// threads, which a training keeps busy, and of which the cell's own thread is one, asleep between two cells.
///
/// # Errors
/// [`Error::Argument`] when the system gives no thread.
pub(super) fn spawn(opened: Opened, mut values: Values, mut work: Work) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .thread_name(|_| "curseurs".to_owned())
        .build()
        .map_err(|error| Error::argument("controls", error, "un fil d'exécution de plus"))?;
    let Opened { number, told, .. } = opened;
    pool.spawn(move || {
        serve(&told, &mut values, &mut work, &|serial, outcome| {
            let (view, bytes) = match outcome {
                Ok(view) => view.message(),
                Err(message) => (
                    Shown::Failure {
                        message: message.clone(),
                    },
                    &[][..],
                ),
            };
            link::output(number, serial, view, bytes);
        });
        link::forget(number);
        // What a function owns may panic when it is dropped.
        let _ = catch(move || drop(work));
    });
    Ok(())
}

type Outcome = std::result::Result<View, String>;

/// Answers until nobody asks any more.
fn serve(
    told: &Receiver<Told>,
    values: &mut Values,
    work: &mut Work,
    answer: &dyn Fn(u64, &Outcome),
) {
    while let Ok(first) = told.recv() {
        let mut latest = None;
        let mut next = Ok(first);
        // What came meanwhile is one step; a file in it is kept.
        while let Ok(message) = next {
            if let Told::Values {
                serial,
                values: now,
                file,
            } = message
            {
                values.renew(now, file);
                latest = Some(serial);
            }
            next = told.try_recv();
        }
        if let Some(serial) = latest {
            answer(serial, &compute(values, work));
        }
        if matches!(next, Err(TryRecvError::Disconnected)) {
            return;
        }
    }
}

/// One call of the function.
fn compute(values: &Values, work: &mut Work) -> Outcome {
    let outcome = catch(|| hushed(|| work(values)));
    if let Some(mistake) = values.mistake() {
        return Err(mistake.to_string());
    }
    match outcome {
        Ok(Ok(view)) => Ok(view),
        Ok(Err(Error::Stopped { .. })) => {
            Err("Calcul interrompu. Bougez un curseur pour le refaire.".to_owned())
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(Stopped::Todo) => Err(
            "Cette fonction a besoin d'un exercice qui n'est pas encore complété. Complétez-le, puis réexécutez la cellule."
                .to_owned(),
        ),
        Err(Stopped::Panicked(message)) => Err(format!("La fonction s'est arrêtée (panique) : {message}")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use tp_protocol::controls::Value;

    use super::{
        super::{Controls, IntoView},
        *,
    };

    fn play(work: Work, messages: Vec<Told>) -> Vec<(u64, std::result::Result<String, String>)> {
        let controls = Controls::new().slider("Seuil", 0.0..=1.0, 0.5);
        let mut values = Values::first(controls.build().unwrap());
        let (sender, receiver) = mpsc::channel();
        let ends = messages.len();
        messages
            .into_iter()
            .for_each(|message| sender.send(message).unwrap());
        let sender = Mutex::new(Some(sender));
        let answers = Mutex::new(Vec::new());
        let mut work = work;
        let answer = |serial: u64, outcome: &Outcome| {
            let told = match outcome {
                Ok(view) => Ok(view.media()["text/plain"].clone()),
                Err(message) => Err(message.clone()),
            };
            answers.lock().unwrap().push((serial, told));
            sender.lock().unwrap().take();
        };
        assert!(ends > 0);
        serve(&receiver, &mut values, &mut work, &answer);
        answers.into_inner().unwrap()
    }

    fn moved(serial: u64, value: f64) -> Told {
        Told::Values {
            serial,
            values: vec![Value::Number(value)],
            file: None,
        }
    }

    fn text(work: impl Fn(&Values) -> String + Send + 'static) -> Work {
        Box::new(move |values| work(values).into_view())
    }

    #[test]
    fn only_the_latest_values_are_worked_on() {
        let work = text(|values| values.number("Seuil").to_string());
        let answers = play(work, vec![moved(1, 0.1), moved(2, 0.2), moved(3, 0.3)]);
        assert_eq!(answers, [(3, Ok("0.3".to_owned()))]);
    }

    #[test]
    fn what_goes_wrong_is_told_in_the_place_of_the_output() {
        let zero = std::hint::black_box(0_usize);
        let cases: [(Work, &str); 4] = [
            (
                text(move |_| (1 / zero).to_string()),
                "division d'un entier par zéro",
            ),
            (text(|_| todo!("À FAIRE")), "pas encore complété"),
            (
                text(|values| values.number("Seui").to_string()),
                "« Seuil »",
            ),
            (Box::new(|_| Err(Error::NotTraining)), "entraînement"),
        ];
        for (work, words) in cases {
            let answers = play(work, vec![moved(1, 0.1)]);
            let [(1, Err(message))] = &answers[..] else {
                panic!("{answers:?}")
            };
            assert!(message.contains(words), "{message}");
        }
    }
}
