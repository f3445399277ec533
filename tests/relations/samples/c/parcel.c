#include "parcel.h"

#include <stdlib.h>

LOCAL double rounded(double weight)
{
    return (int)(weight * 10) / 10.0;
}

LOCAL double base(const parcel *one)
{
#ifdef HEAVY
    if (one->weight > 30) {
#else
    if (one->weight > 20) {
#endif
        return TWICE(2.0);
    }
    return 2.0;
}

parcel *parcel_new(double weight)
{
    parcel *made = malloc(sizeof *made);
    made->weight = rounded(weight);
    made->next = NULL;
    return made;
}

double parcel_price(const parcel *one)
{
    return base(one) * rounded(one->weight);
}

void parcel_each(parcel *first, act call)
{
    for (parcel *one = first; one; one = one->next)
        call(one);
}
