; Everything comes from C++.
