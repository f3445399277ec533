#include "parcel.hpp"

namespace depot {

double rounded(double weight) { return static_cast<int>(weight * 10) / 10.0; }

double Parcel::price() const { return base() * rounded(weight_); }

Parcel& Parcel::note(const std::string& text) {
    notes_.push_back(text);
    return *this;
}

Letter& Letter::seal() {
    note("sealed");
    return *this;
}

void Shelf::put(std::unique_ptr<Parcel> parcel) { rest_.push_back(std::move(parcel)); }

double Shelf::total() const {
    double sum = 0;
    for (const auto& parcel : rest_) {
        sum += parcel->price();
    }
    return sum;
}

}  // namespace depot
