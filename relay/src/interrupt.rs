//! Ctrl-C while something long is written: said, with what to do next, instead of ending without a word.

use std::{
    future::ready,
    pin::pin,
    process,
    sync::{Arc, mpsc},
    thread,
};

use tokio::{runtime::Builder, select, signal};

use crate::{export::Show, output};

/// What shells report for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// From here on Ctrl-C ends the program at once, with these words. What is written survives that, as it does a power cut.
pub fn told(show: &Arc<Show>, next: &'static str) {
    let show = Arc::clone(show);
    let (tell, set_up) = mpsc::channel::<()>();
    let wait = move || {
        let Ok(runtime) = Builder::new_current_thread().enable_io().build() else { return };
        let pressed = runtime.block_on(async {
            let mut pressed = pin!(signal::ctrl_c());
            // It is heard from the first look on.
            select! {
                biased;
                pressed = &mut pressed => return pressed,
                () = ready(()) => drop(tell),
            }
            pressed.await
        });
        if pressed.is_ok() {
            show.clear();
            output::note("cellucid-wasm: interrupted");
            output::note(&format!("  {next}"));
            process::exit(INTERRUPTED);
        }
    };
    // Without the thread Ctrl-C still ends the program.
    if thread::Builder::new().name("interrupt".into()).spawn(wait).is_ok() {
        set_up.recv().ok();
    }
}
