pub trait Priced {
    fn base(&self) -> f64 {
        2.0
    }
    fn price(&self) -> f64;
}

pub struct Parcel {
    weight: f64,
}

impl Parcel {
    pub fn new(weight: f64) -> Self {
        Self { weight }
    }

    pub fn price(&self) -> f64 {
        self.base() * rounded(self.weight)
    }
}

impl Priced for Parcel {
    fn price(&self) -> f64 {
        Parcel::price(self)
    }
}

pub struct Letter {
    inner: Parcel,
    sealed: bool,
}

impl Letter {
    pub fn new() -> Letter {
        Letter { inner: Parcel::new(0.2), sealed: false }
    }

    pub fn seal(mut self) -> Self {
        self.sealed = !self.is_heavy();
        self
    }

    fn is_heavy(&self) -> bool {
        self.inner.price() > 10.0
    }

    pub fn into_parcel(self) -> Parcel {
        self.inner
    }
}

fn rounded(weight: f64) -> f64 {
    (weight * 10.0).floor() / 10.0
}
