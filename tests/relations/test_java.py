"""Edges of Java, each marked where it begins."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[dict[str, str]], None]


def test_packages_and_nested_types(check: Check) -> None:
    """Classes are found by package and name, whatever the source root; static imports bring members."""
    check(
        {
            "main/org/shop/Cart.java": """
                package org.shop;
                public class Cart {
                    public static class Line { public int count() { return 1; } }
                    public static int limit() { return 3; }
                    public Line first() { return null; }
                }
            """,
            "test/org/shop/CartTest.java": """
                package org.shop;
                class CartTest {
                    void test() {
                        new Cart().first().count(); // => count main/org/shop/Cart.java:Cart.Line.count
                    }
                }
            """,
            "main/org/other/Main.java": """
                package org.other;
                import org.shop.Cart;
                import java.util.List;
                import static org.shop.Cart.limit;
                class Main {
                    void run(List<Cart> carts, Cart.Line line) {
                        limit(); // => limit main/org/shop/Cart.java:Cart.limit
                        line.count(); // => count main/org/shop/Cart.java:Cart.Line.count
                        carts.get(0).first(); // => first main/org/shop/Cart.java:Cart.first
                        carts.size(); // => size nothing
                        for (Cart c : carts) { c.first(); } // => first main/org/shop/Cart.java:Cart.first
                        run(null, null); // => run Main.run
                    }
                }
            """,
        }
    )


def test_overloads(check: Check) -> None:
    """Of several methods of one name the number of arguments and their types choose."""
    check(
        {
            "A.java": """
                class A {
                    void one(String text) { }
                    void two(int a) { }
                    void two(int a, int b) { }
                    void three(String a) { }
                    void three(int a) { }
                    void run(String s) {
                        one(s); // => one A.one
                        two(1); // => two A.two
                        three(7); // => three A.three
                    }
                }
            """
        }
    )


def test_inheritance(check: Check) -> None:
    """An inherited method is used by its bare name; a field and a method of one name are apart."""
    check(
        {
            "Base.java": "class Base { int size; int size() { return size; } void up() { } }",
            "Child.java": """
                class Child extends Base { // => Base Base.java:Base
                    void run() {
                        up(); // => up Base.java:Base.up
                        size(); // => size Base.java:Base.size
                        super.up(); // => up Base.java:Base.up
                        this.missing(); // => missing nothing
                    }
                }
            """,
        }
    )


def test_a_builder_of_a_library_gives_its_heir(check: Check) -> None:
    """What a member of an outside base gives may be the type itself, if the base takes it as an argument."""
    check(
        {
            "p/Parser.java": """
                package p;
                class Parser {
                    static class Builder extends AbstractBuilder<Parser, Builder> {
                        Builder setFormat(String format) { return this; }
                    }
                    static class Plain extends Outer<String> {}
                    static Builder builder() { return new Builder(); }
                    static Plain plain() { return new Plain(); }
                    void run() {
                        builder().setReader().setFormat("x"); // => setFormat Parser.Builder.setFormat likely
                        plain().outside().setFormat("x"); // => setFormat nothing
                    }
                }
            """
        }
    )
