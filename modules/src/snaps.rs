//! Snaps: waiting for those of the image.

use model::effects::Command;
use model::{Context, Frequency, ModuleError};

const SEMAPHORE: &str = "snap-seeded";

/// Waits until the image's snaps are installed, once.
pub(crate) fn wait(context: &Context<'_>) -> Result<(), ModuleError> {
    if context.semaphores.has_run(SEMAPHORE, Frequency::Once) {
        return Ok(());
    }
    if context.system.commands.which("snap").is_some() {
        context.system.commands.run(&Command::line(["snap", "wait", "system", "seed.loaded"]))?;
    }
    context.semaphores.mark(SEMAPHORE, Frequency::Once)?;
    Ok(())
}
