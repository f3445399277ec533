#ifndef PARCEL_H
#define PARCEL_H

#define LOCAL static
#define TWICE(x) ((x) * 2)

typedef struct parcel parcel;
typedef void (*act)(parcel *each);

struct parcel {
    double weight;
    parcel *next;
    act on_sold;
};

parcel *parcel_new(double weight);
double parcel_price(const parcel *one);
void parcel_each(parcel *first, act call);

#endif
