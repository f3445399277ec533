use super::Parcel;

#[derive(Default)]
pub struct Shelf {
    rest: Vec<Parcel>,
}

impl Shelf {
    pub fn put(&mut self, parcel: Parcel) {
        self.rest.push(parcel);
    }

    pub fn each(&self, act: fn(&Parcel)) {
        for parcel in &self.rest {
            act(parcel);
        }
    }

    pub fn total(&self) -> f64 {
        let mut sum = 0.0;
        for parcel in self.rest.iter() {
            sum += parcel.price();
        }
        sum
    }
}

pub fn of(weights: &[f64]) -> Shelf {
    let mut shelf = Shelf::default();
    for weight in weights {
        shelf.put(Parcel::new(*weight));
    }
    shelf
}
