//! The law of coming back over Socket.IO: whatever becomes of connections, rooms and the server, a client that is found again has
//! been told everything once and in order, and knows what a fresh one reads.

mod client;
mod dialect;
mod fixture;
mod knowledge;
mod law;
mod link;
mod run;
mod script;
mod user_room;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::cell::{Cell, RefCell};

use crate::deals::Flows;
use crate::test_app::TestApp;
use run::run_script;
use script::scripts;

/// Cases and steps of a script where no number is asked for.
const CASES: u32 = 12;
const STEPS: usize = 30;

/// A number that an environment variable asks for.
fn asked<T: std::str::FromStr>(name: &str, usual: T) -> T {
    let asked = std::env::var(name).ok();
    let read = |text: String| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number"))
    };
    asked.map_or(usual, read)
}

/// What the scripts are drawn from: `STOA_RECOVERY_SEED`, or chance.
fn seed() -> u64 {
    let chance = uuid::Uuid::new_v4().as_u64_pair().0;
    asked("STOA_RECOVERY_SEED", chance)
}

#[test]
fn who_is_found_again_knows_what_a_fresh_client_reads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let flows = Flows::with(include_str!("flow.toml"));
    let folder = flows.folder();
    let options = [
        "--rate-limits",
        "off",
        "--flows",
        &folder,
        "--outbox-limit",
        "65536",
        "--lock-timeout-ms",
        "300",
    ];
    let app = RefCell::new(runtime.block_on(TestApp::with(&options)));
    let (cases, seed) = (Cell::new(0), seed());
    let config = Config {
        cases: asked("STOA_RECOVERY_CASES", CASES),
        max_shrink_iters: asked("STOA_RECOVERY_SHRINKING", 60),
        failure_persistence: None,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let drawn = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let steps = asked("STOA_RECOVERY_STEPS", STEPS);
    let mut runner = TestRunner::new_with_rng(config, drawn);
    let outcome = runner.run(&scripts(steps), |script| {
        cases.set(cases.get() + 1);
        let mut app = app.borrow_mut();
        runtime.block_on(run_script(&mut app, cases.get(), &script.0));
        Ok::<(), TestCaseError>(())
    });
    if let Err(failure) = outcome {
        panic!("STOA_RECOVERY_SEED={seed}: {failure}");
    }
}
