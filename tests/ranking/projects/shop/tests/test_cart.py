from shop.cart import Cart


def test_add_to_cart():
    """Adding a product to the cart raises the total of the cart."""
    cart = Cart()
    cart.add("apple")


def test_total_of_empty_cart():
    """The total of an empty cart is zero."""
    assert Cart().total() == 0
