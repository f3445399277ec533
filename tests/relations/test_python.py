"""Edges of Python, each marked where it begins."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[dict[str, str]], None]


def test_imports_and_reexports(check: Check) -> None:
    """A name is followed through packages, aliases, relative and star imports to where it is defined."""
    check(
        {
            "src/shop/__init__.py": """
                from .cart import *
                from .price import total as sum_up
            """,
            "src/shop/cart.py": """
                class Cart:
                    def add(self, item): ...
                def empty(): ...
            """,
            "src/shop/price.py": "def total(cart): ...\n",
            "src/app.py": """
                import shop
                import shop.price as p
                from shop import empty, sum_up
                from shop import price
                import json
                empty()  # => empty src/shop/cart.py:empty
                sum_up(1)  # => sum_up src/shop/price.py:total
                p.total(1)  # => total src/shop/price.py:total
                price.total(1)  # => price src/shop/price.py
                shop.Cart().add(1)  # => add src/shop/cart.py:Cart.add
                shop.price.total(2)  # => total src/shop/price.py:total
                json.loads("1")  # => loads nothing
            """,
            "src/renamed.py": """
                from shop.cart import empty as nothing_in  # => empty src/shop/cart.py:empty
                from shop import (
                    sum_up as add_up,  # => sum_up src/shop/price.py:total
                )
            """,
        }
    )


def test_receivers(check: Check) -> None:
    """What stands before the dot is typed by constructors, annotations, returns and attributes."""
    check(
        {
            "m.py": """
                from __future__ import annotations
                class Engine:
                    def start(self) -> Engine: ...
                    @property
                    def twin(self) -> Engine: ...
                class Car:
                    spare: Engine | None = None
                    def __init__(self, engine: Engine, others: list[Engine]):
                        self.engine = engine
                        self.others = others
                        self.name = str(1)
                    def go(self):
                        self.engine.start().start()  # => start Engine.start
                        self.spare.start()  # => start Engine.start
                        self.engine.twin.start()  # => start Engine.start
                        for other in self.others:
                            other.start()  # => start Engine.start
                        self.name.start()  # => start nothing
                        self.go()  # => go Car.go
                def make() -> tuple[Engine, int]: ...
                def pair(): return Engine()
                engine, number = make()
                engine.start()  # => start Engine.start
                pair().start()  # => start Engine.start
                with pair() as held:
                    held.start()  # => start Engine.start
            """
        }
    )


def test_scopes_shadow(check: Check) -> None:
    """A local name hides a global one, a class body is not seen from its methods, a builtin is no method."""
    check(
        {
            "m.py": """
                def run(): ...
                def close(): ...
                class A:
                    def run(self):
                        run()  # => run run
                        len([])  # => len nothing
                    def close(self): ...
                def f(run):
                    def close(): ...
                    close()  # => close f.close
                    return run
                close()  # => close close
            """
        }
    )


def test_inheritance(check: Check) -> None:
    """A member is looked for in the class, then in its parents, `super()` begins with the parents."""
    check(
        {
            "base.py": """
                class Base:
                    def one(self): ...
                    def two(self): ...
            """,
            "m.py": """
                import base
                class Child(base.Base):  # => Base base.py:Base
                    def one(self):
                        super().one()  # => one base.py:Base.one
                        self.two()  # => two base.py:Base.two
                Child().one()  # => one Child.one
            """,
        }
    )


def test_unknown_receivers(check: Check) -> None:
    """Without a type the only method of a name is likely, one of several possible, a common one no edge."""
    check(
        {
            "m.py": """
                class A:
                    def unusual_one(self): ...
                    def shared_one(self): ...
                    def get(self): ...
                    def _replace(self): ...
                class B:
                    def shared_one(self): ...
                def f(x):
                    x.unusual_one()  # => unusual_one A.unusual_one likely
                    x.shared_one()  # => shared_one A.shared_one,B.shared_one possible
                    x.get()  # => get nothing
                    x._replace()  # => _replace nothing
            """
        }
    )


def test_decorators_and_values(check: Check) -> None:
    """A decorator and a function passed on are uses of it."""
    check(
        {
            "m.py": """
                def mark(f): return f
                @mark  # => mark mark
                def g(): ...
                map(g, [])  # => g g
            """
        }
    )
