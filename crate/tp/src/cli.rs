//! The command line: commands and their French help, exit codes 0 (fine), 1 (the thing asked failed), 2 (could not be done).

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands;
use crate::error::Result;

pub(crate) const TEMPLATE: &str = "{about-with-newline}\nUsage : {usage}\n\n{all-args}{after-help}";

/// Outcome of a command that could be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything asked is fine.
    Fine,
    /// The thing asked failed: a cell, a check, a component.
    Failed,
}

#[derive(Debug, Parser)]
#[command(
    name = "cargo tp",
    bin_name = "cargo tp",
    about = "TP visages : installe le noyau Rust, ouvre, exécute et vérifie les notebooks.",
    after_help = "Codes de sortie : 0 tout va bien, 1 ce qui était demandé a échoué, 2 impossible à faire.",
    help_template = TEMPLATE,
    subcommand_help_heading = "Commandes ",
    subcommand_value_name = "COMMANDE",
    disable_help_flag = true,
    disable_help_subcommand = true
)]
struct Arguments {
    /// Affiche cette aide
    #[arg(short = 'h', long = "help", alias = "aide", action = ArgAction::Help, global = true)]
    help: Option<bool>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Installe ce qui manque : outils Python, noyau Rust, bibliothèque précompilée
    #[command(help_template = TEMPLATE)]
    Setup(commands::setup::SetupArgs),
    /// Ouvre JupyterLab sur les notebooks
    #[command(help_template = TEMPLATE)]
    Lab(commands::lab::LabArgs),
    /// Exécute des notebooks avec le vrai noyau et donne un verdict
    #[command(help_template = TEMPLATE)]
    Run(commands::run::RunArgs),
    /// Produit les notebooks des étudiants et les corrigés à partir des sources
    #[command(help_template = TEMPLATE)]
    Publish(commands::publish::PublishArgs),
    /// Dessine, importe et vérifie des jeux de données
    #[command(help_template = TEMPLATE)]
    Data(commands::data::DataArgs),
    /// Dit ce qui est là, ce qui manque et quoi faire
    #[command(help_template = TEMPLATE)]
    Doctor(commands::doctor::DoctorArgs),
    /// Vérifie le projet (ce que fait l'intégration continue)
    #[command(help_template = TEMPLATE)]
    Test(commands::test::TestArgs),
    /// Mesure les performances
    #[command(help_template = TEMPLATE)]
    Bench(commands::bench::BenchArgs),
    /// Réunit les lignes « classe ; … » qu'ont affichées des binômes de graines différentes
    #[command(help_template = TEMPLATE)]
    Classe(commands::classe::ClassArgs),
    /// Fait d'un notebook le compte-rendu à rendre : réponses, figures choisies, ce qui est vide
    #[command(help_template = TEMPLATE)]
    Rapport(commands::rapport::ReportArgs),
    /// Démarre le noyau (appelé par Jupyter)
    #[command(help_template = TEMPLATE, hide = true)]
    Kernel(commands::kernel::KernelArgs),
}

/// Parses the arguments of this process, runs the command, prints an error in one place.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let parsed = in_french(Arguments::command())
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return explain(&error),
    };
    let outcome = match parsed.command {
        Command::Setup(args) => commands::setup::execute(&args),
        Command::Lab(args) => commands::lab::execute(&args),
        Command::Run(args) => commands::run::execute(&args),
        Command::Publish(args) => commands::publish::execute(&args),
        Command::Data(args) => commands::data::execute(&args),
        Command::Doctor(args) => commands::doctor::execute(&args),
        Command::Test(args) => commands::test::execute(&args),
        Command::Bench(args) => commands::bench::execute(&args),
        Command::Classe(args) => commands::classe::execute(&args),
        Command::Rapport(args) => commands::rapport::execute(&args),
        Command::Kernel(args) => commands::kernel::execute(&args),
    };
    exit_code(outcome)
}

/// Headings of the help as French writes them, with a space before the colon that clap adds, one for all the options.
fn in_french(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.is_positional() {
        true => arg.help_heading("Arguments "),
        false => arg.help_heading("Options "),
    });
    command.mut_subcommands(in_french)
}

fn exit_code(outcome: Result<Verdict>) -> ExitCode {
    match outcome {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::from(1),
        Err(error) => {
            tell!("✘ {error}");
            ExitCode::from(2)
        }
    }
}

/// clap explains usage errors in English: the few kinds that a user meets are said in French here.
fn explain(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        // A closed pipe is the reader's choice, not a failure of ours.
        let _ = error.print();
        let shown = error.kind() == ErrorKind::DisplayHelp;
        return if shown {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(2)
        };
    }
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let message = match error.kind() {
        ErrorKind::InvalidSubcommand => format!(
            "La commande « {} » n'existe pas.",
            context(ContextKind::InvalidSubcommand)
        ),
        ErrorKind::MissingSubcommand => "Il manque une commande.".to_owned(),
        ErrorKind::UnknownArgument => {
            format!("L'option ou l'argument « {argument} » n'existe pas.")
        }
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_empty() => {
            format!("Il manque une valeur à « {argument} ».")
        }
        ErrorKind::InvalidValue => {
            let allowed = context(ContextKind::ValidValue);
            let value = context(ContextKind::InvalidValue);
            format!(
                "« {value} » n'est pas une valeur de « {argument} » (valeurs possibles : {allowed})."
            )
        }
        ErrorKind::ValueValidation => {
            format!(
                "« {} » n'est pas une valeur de « {argument} ».",
                context(ContextKind::InvalidValue)
            )
        }
        ErrorKind::MissingRequiredArgument => format!("Il manque : {argument}."),
        ErrorKind::ArgumentConflict => {
            format!(
                "« {argument} » ne va pas avec « {} ».",
                context(ContextKind::PriorArg)
            )
        }
        _ => error.to_string(),
    };
    tell!("✘ {message} Aide : cargo tp --help");
    ExitCode::from(2)
}
