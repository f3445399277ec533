package depot;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

public class Shelf {
    private final Parcel first;
    private final List<Parcel> rest = new ArrayList<>();

    public Shelf(Parcel first) {
        this.first = first;
    }

    public Shelf put(Parcel parcel) {
        rest.add(parcel);
        return this;
    }

    public void each(Consumer<Parcel> act) {
        for (Parcel parcel : rest) {
            act.accept(parcel);
        }
    }

    public double total() {
        double sum = first.price();
        for (Parcel parcel : rest) {
            sum += parcel.price();
        }
        return sum;
    }

    public static Shelf of(double... weights) {
        Shelf shelf = new Shelf(new Parcel());
        for (double weight : weights) {
            shelf.put(new Parcel(weight));
        }
        return shelf;
    }
}
