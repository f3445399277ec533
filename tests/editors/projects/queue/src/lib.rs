//! A queue of jobs.
pub mod job;

use job::{Job, Print};

/// Jobs that wait.
pub struct Queue {
    waiting: Vec<Box<dyn Job>>,
}

impl Queue {
    /// A queue without jobs.
    pub fn new() -> Queue {
        Queue { waiting: Vec::new() }
    }

    /// Let a job wait.
    pub fn push(&mut self, job: Box<dyn Job>) {
        self.waiting.push(job);
    }

    /// Run every job.
    pub fn drain(&mut self) -> usize {
        let mut count = 0;
        for job in self.waiting.drain(..) {
            job.run();
            count += 1;
        }
        count
    }
}

/// Run one job that prints.
pub fn print_once(text: &str) -> usize {
    let mut queue = Queue::new();
    queue.push(Box::new(Print::new(text)));
    queue.drain()
}

/// Run two jobs that print.
pub fn print_twice(text: &str) -> usize {
    print_once(text) + print_once(text)
}
