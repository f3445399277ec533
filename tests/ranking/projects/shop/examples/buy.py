from shop.cart import Cart
from shop.checkout import place_order

cart = Cart()
cart.add("apple")
place_order(cart, None)
