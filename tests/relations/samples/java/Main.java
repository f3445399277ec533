import static depot.Shelf.of;

import depot.Letter;
import depot.Parcel;
import depot.Shelf;

public class Main {
    static void announce(Parcel parcel) {
        System.out.println(parcel.price());
    }

    static Shelf plan() {
        Shelf shelf = of(1.0, 25.0);
        Letter letter = new Letter().seal();
        shelf.put(letter).put(new Parcel(3.0).note("third"));
        shelf.each(Main::announce);
        return shelf;
    }

    public static void main(String[] arguments) {
        Shelf shelf = plan();
        var total = shelf.total();
        Runnable later = () -> announce(new Letter());
        later.run();
        System.out.println(total);
    }
}
