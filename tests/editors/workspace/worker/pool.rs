//! A pool of worker threads that survives panics of its jobs.

use std::thread::JoinHandle;

pub struct Pool {
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Replace a worker that crashed by a fresh one, so that the pool keeps its size.
    pub fn revive(&mut self, spawn: impl Fn() -> JoinHandle<()>) {
        for worker in &mut self.workers {
            if worker.is_finished() {
                *worker = spawn();
            }
        }
    }

    /// Wait until every queued job is done.
    pub fn drain(self) {
        for worker in self.workers {
            let _ = worker.join();
        }
    }
}
