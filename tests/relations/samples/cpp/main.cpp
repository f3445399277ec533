#include "parcel.hpp"

static depot::Shelf plan() {
    depot::Shelf shelf;
    shelf.put(std::make_unique<depot::Parcel>(1.0));
    depot::Letter letter;
    letter.seal().note("first");
    return shelf;
}

int main() {
    depot::Shelf shelf = plan();
    return depot::rounded(shelf.total()) > 0 ? 0 : 1;
}
