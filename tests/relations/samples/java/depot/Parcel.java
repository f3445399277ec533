package depot;

import java.util.ArrayList;
import java.util.List;

public class Parcel {
    protected final double weight;
    private final List<String> notes = new ArrayList<>();

    public Parcel(double weight) {
        this.weight = weight;
    }

    public Parcel() {
        this(0.0);
    }

    public double price() {
        return base() * rounded(weight);
    }

    protected double base() {
        return 2.0;
    }

    public Parcel note(String text) {
        notes.add(text.trim());
        return this;
    }

    public Parcel note(int code) {
        return note("code " + code);
    }

    static double rounded(double weight) {
        return Math.round(weight * 10) / 10.0;
    }
}
