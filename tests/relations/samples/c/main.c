#include <stdio.h>

#include "parcel.h"

static double total;

static void add(parcel *one)
{
    total += parcel_price(one);
}

static void announce(parcel *one)
{
    printf("%f\n", TWICE(parcel_price(one)));
}

static parcel *plan(void)
{
    parcel *first = parcel_new(1.0);
    first->next = parcel_new(25.0);
    first->on_sold = announce;
    return first;
}

int main(void)
{
    parcel *first = plan();
    parcel_each(first, add);
    parcel_each(first, announce);
    first->on_sold(first);
    return total > 0 ? 0 : 1;
}
