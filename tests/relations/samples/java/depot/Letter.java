package depot;

public class Letter extends Parcel {
    public Letter() {
        super(0.2);
    }

    @Override
    protected double base() {
        return super.base() / 4;
    }

    public Letter seal() {
        note(7);
        return this;
    }
}
