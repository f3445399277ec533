"""Edges of Rust, each marked where it begins."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[dict[str, str]], None]


def test_modules(check: Check) -> None:
    """Paths begin at the crate, here, above or at another crate of the workspace; `pub use` is followed."""
    check(
        {
            "core/Cargo.toml": '[package]\nname = "shop-core"\n',
            "core/src/lib.rs": """
                mod cart;
                pub mod price;
                pub use cart::Cart;
                pub use self::price::total as sum_up;
                fn local() { crate::price::total(); } // => total core/src/price.rs:total
            """,
            "core/src/cart.rs": """
                use super::price::total; // => total core/src/price.rs:total
                pub struct Cart { engine: Option<Box<Engine>> }
                struct Engine;
                impl Engine { fn start(&self) -> u8 { 1 } }
                impl Cart {
                    pub fn new() -> Self { Self { engine: None } }
                    pub fn go(&self) {
                        total(); // => total core/src/price.rs:total
                        self.engine.as_ref().unwrap().start(); // => start Engine.start
                        if let Some(e) = &self.engine { e.start(); } // => start Engine.start
                    }
                }
            """,
            "core/src/price.rs": "pub fn total() -> u8 { 1 }\n",
            "app/Cargo.toml": '[package]\nname = "app"\n',
            "app/src/main.rs": """
                use shop_core::{Cart, sum_up};
                use std::collections::HashMap;
                fn main() {
                    sum_up(); // => sum_up core/src/price.rs:total
                    let cart = Cart::new(); // => new core/src/cart.rs:Cart.new
                    cart.go(); // => go core/src/cart.rs:Cart.go
                    let map: HashMap<u8, u8> = HashMap::new(); // => new nothing
                }
            """,
        }
    )


def test_traits_and_fields(check: Check) -> None:
    """A field and a method of one name are apart; a trait's method is found through the bound."""
    check(
        {
            "Cargo.toml": '[package]\nname = "a"\n',
            "src/lib.rs": """
                trait Walk { fn step(&self); }
                struct Dog { name: u8 }
                impl Dog { fn name(&self) -> u8 { self.name } } // => name Dog.name
                impl Walk for Dog { fn step(&self) {} }
                fn far<T: Walk>(walker: &T, dog: Dog) {
                    walker.step(); // => step Walk.step
                    dog.step(); // => step Dog.step
                    dog.name(); // => name Dog.name
                }
            """,
        }
    )


def test_self_of_a_type_outside(check: Check) -> None:
    """`Self` in an `impl` for a type of a library is that type, of which nothing is known here."""
    check(
        {
            "Cargo.toml": '[package]\nname = "a"\n',
            "src/lib.rs": """
                trait Listener { fn address(&self); }
                impl Listener for tokio::net::TcpListener {
                    fn address(&self) {
                        Self::address(self) // => address nothing
                    }
                }
            """,
        }
    )
