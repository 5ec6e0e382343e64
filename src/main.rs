//! flussd: a guest opens a gate, once in and once out.
//!
//! Where everything meets: arguments, settings, keys, the clock, the dice. No rule lives here.

mod args;
mod audit;
mod backup;
mod ca;
mod clerk;
mod config;
mod country;
mod data;
mod demo;
mod device;
mod explain;
mod files;
mod housekeeping;
mod log;
mod lookout;
mod machine;
mod operator;
mod person;
mod privacy;
mod start;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Audit, Command, Country, Device, Person};
use config::{Config, InvalidConfig};

/// A wrong argument or setting: `EX_USAGE` of sysexits.h.
const WRONG_USE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(answer) => {
            let _ = answer.print();
            // --help and --version are answers too, and no fault.
            return ExitCode::from(if answer.use_stderr() { WRONG_USE } else { 0 });
        }
    };
    // Libraries that leave the choice to the process find this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flussd: {error:#}");
            ExitCode::from(if error.is::<InvalidConfig>() { WRONG_USE } else { 1 })
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let mut config = Config::load(args.config.as_deref(), args.data, &args.set)?;
    let command = args.command.unwrap_or(Command::Serve);
    if matches!(command, Command::Demo { .. }) && config.log == Config::default().log {
        // The demo tells its story itself.
        "warn,rumqttd=off".clone_into(&mut config.log);
    }
    log::start(&config.log, config.log_format)?;
    match command {
        Command::Serve => start::serve(config).await,
        Command::Demo { exit } => demo::run(config, exit).await,
        Command::PrintConfig => Ok(io::stdout().write_all(config::MANUAL.as_bytes())?),
        Command::Migrate => start::migrate(config).await,
        Command::Ca { step, force } => ca::run(config, step, force).await,
        Command::Explain { subject, json } => explain::run(config, subject, json).await,
        Command::Audit(Audit::Verify { intercom }) => audit::verify(config, intercom).await,
        Command::Audit(Audit::Export { intercom, guests }) => {
            audit::export(config, intercom, guests).await
        }
        Command::Backup { file } => backup::back_up(config, &file).await,
        Command::Restore { file, revoke } => backup::restore(config, &file, revoke.before()).await,
        Command::Unlock { phone, second_factor } => {
            start::unlock(config, phone, second_factor).await
        }
        Command::SignOut { whose } => start::sign_out(config, whose.phone()).await,
        Command::Country(Country::Allow { phone, until, why, by }) => {
            country::allow(config, phone, until, why, by).await
        }
        Command::Country(Country::List) => country::list(config).await,
        Command::Country(Country::Revoke { phone }) => country::revoke(config, phone).await,
        Command::Person(Person::Export { phone }) => person::export(config, phone).await,
        Command::Person(Person::Erase { phone, revoke }) => {
            person::erase(config, phone, revoke).await
        }
        Command::Device(Device::Make(what)) => device::make(config, what).await,
        Command::Device(Device::Revoke { gate }) => device::revoke(config, gate).await,
        Command::Device(Device::Replace { gate, json }) => {
            device::replace(config, gate, json).await
        }
        Command::Device(Device::Release { gate }) => device::release(config, gate).await,
        Command::Device(Device::PulseGap { gate, gap }) => {
            device::set_pulse_gap(config, gate, gap).await
        }
    }
}
