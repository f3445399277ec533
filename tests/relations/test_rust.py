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


def test_variants_are_called(check: Check) -> None:
    """A variant is made by a call and matched as a pattern; both mean it."""
    check(
        {
            "Cargo.toml": '[package]\nname = "a"\n',
            "src/lib.rs": """
                enum Door { Open(u8), Shut }
                fn make() -> Door {
                    Door::Open(1) // => Open Door.Open
                }
                fn look(door: Door) -> u8 {
                    match door {
                        Door::Open(n) => n, // => Open Door.Open
                        Door::Shut => 0, // => Shut Door.Shut
                    }
                }
            """,
        }
    )


def test_modules_inside_a_file(check: Check) -> None:
    """`self` and `super` in a module inside a file begin at that module."""
    check(
        {
            "Cargo.toml": '[package]\nname = "a"\n',
            "src/lib.rs": """
                pub fn top() -> u8 { 1 }
                mod hidden {
                    use self::deep::Ready; // => Ready hidden.deep.Ready
                    use super::top;
                    use deep::far;
                    pub fn is(ready: impl Ready) -> bool {
                        top(); // => top top
                        far(); // => far hidden.deep.far
                        ready.check() // => check hidden.deep.Ready.check
                    }
                    mod deep {
                        use super::super::top; // => top top
                        pub trait Ready { fn check(&self) -> bool; }
                        pub fn far() {}
                    }
                }
            """,
        }
    )


def test_fields_that_hold_functions(check: Check) -> None:
    """What a function held by a field gives has the type that the field says."""
    check(
        {
            "Cargo.toml": '[package]\nname = "a"\n',
            "src/lib.rs": """
                struct Ref<T> { at: T }
                impl<T> Ref<T> { fn load(&self) -> u8 { 1 } }
                struct Table { find: unsafe fn(u8) -> Option<Ref<()>> }
                fn table() -> &'static Table { todo!() }
                fn use_it() {
                    let found = (table().find)(1).unwrap();
                    found.load(); // => load Ref.load
                }
            """,
        }
    )


def test_one_definition_for_each_platform(check: Check) -> None:
    """Modules that conditions choose between are all meant, none of them for certain."""
    check(
        {
            "Cargo.toml": '[package]\nname = "a"\n',
            "src/lib.rs": """
                mod simd;
                fn go() { simd::scan(); } // => scan src/simd/wide.rs:scan,src/simd/slow.rs:scan likely
            """,
            "src/simd/mod.rs": """
                #[cfg(wide)]
                mod wide;
                #[cfg(wide)]
                pub use self::wide::*;
                #[cfg(not(wide))]
                mod slow;
                #[cfg(not(wide))]
                pub use self::slow::*;
            """,
            "src/simd/wide.rs": "pub fn scan() {}\n",
            "src/simd/slow.rs": "pub fn scan() {}\n",
        }
    )
