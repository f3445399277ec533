//! A depot of parcels.

mod parcel;
pub mod shelf;

pub use parcel::{Letter, Parcel, Priced};
use shelf::Shelf;

pub enum Order {
    Plan(Vec<f64>),
    Nothing,
}

fn announce(parcel: &Parcel) {
    println!("{}", parcel.price());
}

pub fn plan(order: Order) -> Option<Shelf> {
    let weights = match order {
        Order::Plan(weights) => weights,
        Order::Nothing => return None,
    };
    let mut shelf = shelf::of(&weights);
    let letter = Letter::new().seal();
    shelf.put(letter.into_parcel());
    shelf.each(announce);
    Some(shelf)
}

pub fn run() -> f64 {
    let order = Order::Plan(vec![1.0, 25.0]);
    let shelf = plan(order).unwrap();
    let first = Parcel::new(3.0);
    shelf.total() + total_of(&[first])
}

fn total_of(parcels: &[Parcel]) -> f64 {
    parcels.iter().map(|parcel| parcel.price()).sum()
}
