#pragma once

#include <memory>
#include <string>
#include <vector>

#define API

namespace depot {

double rounded(double weight);

class API Parcel {
public:
    explicit Parcel(double weight) : weight_(weight) {}
    virtual ~Parcel() = default;
    double price() const;
    Parcel& note(const std::string& text);

protected:
    virtual double base() const { return 2.0; }

private:
    double weight_;
    std::vector<std::string> notes_;
};

class Letter : public Parcel {
public:
    Letter() : Parcel(0.2) {}
    Letter& seal();

protected:
    double base() const override { return 0.5; }
};

class Shelf {
public:
    void put(std::unique_ptr<Parcel> parcel);
    double total() const;

private:
    std::vector<std::unique_ptr<Parcel>> rest_;
};

}  // namespace depot
