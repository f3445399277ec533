"""Edges of Go, each marked where it begins."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[dict[str, str]], None]

MODULE = "module example.org/shop\n\ngo 1.22\n"


def test_packages_and_modules(check: Check) -> None:
    """Files of a folder share their names; an import path leads to the folder below its module."""
    check(
        {
            "go.mod": MODULE,
            "a.go": "package shop\nfunc helper() int { return 1 }\n",
            "b.go": """
                package shop
                import (
                    "fmt"
                    p "example.org/shop/price"
                )
                func Run() {
                    helper() // => helper a.go:helper
                    p.Total() // => Total price/price.go:Total
                    fmt.Println() // => Println nothing
                    close(nil) // => close nothing
                }
                type T struct{}
                func (t T) close() {}
            """,
            "price/price.go": "package price\nfunc Total() int { return 2 }\n",
        }
    )


def test_receivers(check: Check) -> None:
    """Short declarations, tuple returns, ranges, fields, embedded types and literals say the type."""
    check(
        {
            "go.mod": MODULE,
            "a.go": """
                package shop
                type Engine struct{ next *Engine }
                func (e *Engine) Start() (*Engine, error) { return e.next, nil }
                type Car struct {
                    *Engine
                    parts []Engine
                }
                func NewCar() (*Car, error) { return &Car{}, nil }
                func run(c Car, all map[string]*Car) {
                    c.Start() // => Start Engine.Start
                    e, err := c.Start() // => Start Engine.Start
                    e.Start() // => Start Engine.Start
                    err.Start() // => Start nothing
                    car, _ := NewCar() // => NewCar NewCar
                    car.parts[0].Start() // => Start Engine.Start
                    for _, other := range all {
                        other.Engine.next.Start() // => Start Engine.Start
                    }
                    n := new(Engine)
                    n.Start() // => Start Engine.Start
                    func(inner *Car) {
                        inner.Start() // => Start Engine.Start
                    }(nil)
                    _ = Car{parts: nil} // => parts Car.parts
                }
            """,
        }
    )


def test_shadowing(check: Check) -> None:
    """A variable of an inner block hides the function of its name only there."""
    check(
        {
            "go.mod": MODULE,
            "a.go": """
                package shop
                type E struct{}
                func (E) Go() {}
                type F struct{}
                func (F) Go() {}
                func f() {
                    x := E{}
                    if true {
                        x := F{}
                        x.Go() // => Go F.Go
                    }
                    x.Go() // => Go E.Go
                }
            """,
        }
    )


def test_one_definition_for_each_platform(check: Check) -> None:
    """Files of a package that build constraints choose between are all meant, none of them for certain."""
    check(
        {
            "go.mod": "module a\n",
            "a.go": """
                package a
                func Go() { listen() } // => listen a_linux.go:listen,a_windows.go:listen likely
            """,
            "a_linux.go": "package a\nfunc listen() {}\n",
            "a_windows.go": "package a\nfunc listen() {}\n",
        }
    )
