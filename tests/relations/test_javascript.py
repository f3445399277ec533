"""Edges of JavaScript and TypeScript, each marked where it begins."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[dict[str, str]], None]


def test_modules(check: Check) -> None:
    """ES modules, default exports, re-exports, index files and package names lead to definitions."""
    check(
        {
            "packages/core/package.json": '{"name": "@shop/core", "main": "dist/index.js"}',
            "packages/core/src/index.ts": """
                export * from "./cart";
                export { total as sumUp } from "./price.js";
            """,
            "packages/core/src/cart.ts": """
                export class Cart {
                    private lines: Line[] = [];
                    add(line: Line): this { return this; }
                    first(): Line { return this.lines[0]; }
                }
                export interface Line { count(): number }
            """,
            "packages/core/src/price.ts": """
                export function total(): number { return 1; }
                export default function price() { return total(); } // => total total
            """,
            "packages/app/src/main.ts": """
                import { Cart, sumUp } from "@shop/core";
                import price from "../../core/src/price";
                import * as all from "@shop/core";
                import fs from "fs";
                sumUp(); // => sumUp packages/core/src/price.ts:total
                price(); // => price packages/core/src/price.ts:price
                const cart = new Cart(); // => Cart packages/core/src/cart.ts:Cart
                cart.first().count(); // => count packages/core/src/cart.ts:Line.count
                all.sumUp(); // => sumUp packages/core/src/price.ts:total
                fs.readFileSync("x"); // => readFileSync nothing
                function f(c: Cart) {
                    c.add(null); // => add packages/core/src/cart.ts:Cart.add
                }
            """,
        }
    )


def test_commonjs(check: Check) -> None:
    """`require` and `module.exports` work like imports and exports, prototypes like classes."""
    check(
        {
            "lib/a.js": """
                function one() {}
                module.exports = { one, two() {} };
            """,
            "lib/b.js": """
                function Box() { this.value = 1; }
                Box.prototype.open = function () {};
                module.exports = Box;
            """,
            "lib/c.js": "exports.three = function () {};\n",
            "main.js": """
                const a = require("./lib/a");
                const { one } = require("./lib/a");
                const Box = require("./lib/b");
                const c = require("./lib/c");
                a.one(); // => one lib/a.js:one
                one(); // => one lib/a.js:one
                new Box().open(); // => open lib/b.js:Box.open
                c.three(); // => three lib/c.js:exports.three
            """,
        }
    )


def test_scopes(check: Check) -> None:
    """A parameter hides the function of its name."""
    check(
        {
            "a.js": """
                function go() {}
                const later = () => 1;
                class A { m() { this.m(); go(); } } // => go go
                function f(go) { return go; }
                later(); // => later later
            """
        }
    )


def test_fields_that_hold_functions(check: Check) -> None:
    """What a receiver nobody knows may mean: methods, and fields that are declared to hold a function."""
    check(
        {
            "a.ts": """
                export class Real {
                    stopAll(): void {}
                    count(): number { return 1; }
                }
            """,
            "b.ts": """
                export interface Like { stopAll: (now: boolean) => void; fireAway: () => Like; count: number }
            """,
            "c.ts": """
                function f(x) {
                    x.stopAll(); // => stopAll a.ts:Real.stopAll,b.ts:Like.stopAll possible
                    x.fireAway(); // => fireAway nothing
                    x.count(); // => count a.ts:Real.count likely
                }
            """,
        }
    )
