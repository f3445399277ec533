import depot
from depot import make_plan
from depot.parcels import Parcel as Box
from depot.routes import Route


def cheapest(routes: list[Route]) -> Route:
    return min(routes, key=lambda route: route.total())


def main() -> None:
    route = make_plan([1.0, 25.0])
    other = depot.make_plan([3.0])
    best = cheapest([route, other])
    for parcel in best.light():
        parcel.price()
    Box(1.5).price()
    open("log").read()


if __name__ == "__main__":
    main()
