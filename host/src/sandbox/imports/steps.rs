//! `stepwell:plugin/steps`: the operations, passed on to the host that entered the plugin.

use wasmtime::Result;

use crate::model::{Failure, Json, Kind, OpKey};
use crate::sandbox::bindings::wit;
use crate::sandbox::fault::{self, Stop};
use crate::sandbox::instance::State;
use crate::sandbox::translate;
use crate::sandbox::{Control, Decision, Found};

impl wit::types::Host for State {}

impl wit::steps::Host for State {
    fn plan(&mut self, found: Vec<wit::Found>) -> Result<Vec<wit::Decision>> {
        self.meter.forgive();
        let usage = self.meter.usage();
        let found: Vec<Found> = found.into_iter().map(read_found).collect();
        let keys: Vec<OpKey> = found.iter().map(|found| found.key.clone()).collect();
        let decisions = self.link.ask(|host| host.plan(found, usage)).map_err(Stop::refused)?;
        let runs = |decision: &Decision| matches!(decision, Decision::Run { .. });
        if let Some(position) = decisions.iter().position(runs) {
            self.open_step(keys.into_iter().nth(position));
        }
        Ok(decisions.into_iter().map(write_decision).collect())
    }

    fn finish(&mut self, key: wit::OperationKey, value: Result<String, wit::Failure>) -> Result<wit::Control> {
        let key = translate::key(key);
        let value = match value {
            Ok(text) => Json::of_guest(&text).map_err(|error| {
                let message = format!("the result of step {key} is {error}");
                Failure::of_host(Kind::Application, translate::INVALID_JSON, message)
            }),
            Err(failure) => Err(fault::naming_limit(translate::failure(failure), &self.meter)),
        };
        self.meter.forgive();
        let control = self.link.ask(|host| host.finish(key, value)).map_err(Stop::refused)?;
        self.close_step();
        Ok(match control {
            Control::Proceed => wit::Control::Proceed,
            Control::Stop => wit::Control::Stop,
        })
    }

    fn next(&mut self) -> Result<Option<wit::Resolved>> {
        self.meter.forgive();
        let Some(resolved) = self.link.ask(|host| host.next()) else { return Ok(None) };
        self.moment.deliver(resolved.at, resolved.order);
        self.link.restart_deadline();
        Ok(Some(wit::Resolved {
            key: translate::to_key(&resolved.key),
            value: translate::to_value(resolved.value),
            at: resolved.at as f64,
        }))
    }

    fn suspend(&mut self) -> Result<()> {
        Err(Stop::Suspended.into())
    }

    fn step_input(&mut self, key: wit::OperationKey) -> Result<Option<String>> {
        let input = self.link.ask(|host| host.step_input(&translate::key(key)));
        Ok(input.map(|input| input.as_str().to_owned()))
    }

    async fn failed_step(&mut self, key: wit::OperationKey) -> Result<Option<Result<String, wit::Failure>>> {
        let value = self.link.failed_step(translate::key(key)).await;
        Ok(value.map(translate::to_value))
    }
}

fn read_found(found: wit::Found) -> Found {
    Found { key: translate::key(found.key), kind: found.kind, options: found.options }
}

fn write_decision(decision: Decision) -> wit::Decision {
    match decision {
        Decision::Run { attempt } => wit::Decision::Run(attempt),
        Decision::Noted => wit::Decision::Noted,
    }
}
