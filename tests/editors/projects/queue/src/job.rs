//! What a queue runs.

/// Something to do.
pub trait Job {
    /// Do it.
    fn run(&self);
}

/// Prints a text.
pub struct Print {
    text: String,
}

impl Print {
    /// A job that prints a text.
    pub fn new(text: &str) -> Print {
        Print { text: text.to_string() }
    }
}

impl Job for Print {
    fn run(&self) {
        println!("{}", self.text);
    }
}
